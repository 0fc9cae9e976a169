"""The tables of Neighbourhood: one feature's company, and the pairs that keep most and least of theirs."""

from dashboard.queries.text import judged, literal, passing, where
from store.geometry import NEAR
from store.records import Comparison, PairFilter


def carried(c: Comparison, feature: int) -> str:
    """A's neighbours by activation, the best match of each, and its place among the neighbours of the feature's own."""
    here = literal(c.comparison)
    return (
        "WITH own AS (\n"
        f"  SELECT feature_b FROM matches WHERE comparison = {here} AND feature_a = {feature} AND rank_ab = 1\n"
        ")\n"
        "SELECT n.rank, n.space, n.neighbour AS feature, n.value, m.comparison, m.feature_a, m.feature_b, m.pearson,\n"
        "       theirs.rank AS rank_of_match\n"
        "FROM neighbours AS n\n"
        f"LEFT JOIN matches AS m\n  ON m.comparison = {here} AND m.feature_a = n.neighbour AND m.rank_ab = 1\n"
        f"LEFT JOIN neighbours AS theirs\n  ON theirs.space = {literal(c.space_b)} AND theirs.feature = (FROM own)\n"
        f"  AND theirs.by = 'activation' AND theirs.rank <= {NEAR} AND theirs.neighbour = m.feature_b\n"
        f"WHERE n.space = {literal(c.space_a)} AND n.feature = {feature} AND n.by = 'activation' AND n.rank <= {NEAR}\n"
        "ORDER BY n.rank"
    )


def near(space: str, feature: int, by: str) -> str:
    """The neighbours of a feature in its own space, nearest first."""
    return (
        "SELECT n.rank, n.space, n.neighbour AS feature, n.value, f.top_token, f.n_active\n"
        "FROM neighbours AS n JOIN features AS f ON f.space = n.space AND f.feature = n.neighbour\n"
        f"WHERE n.space = {literal(space)} AND n.feature = {feature} AND n.by = {literal(by)}\n"
        "ORDER BY n.rank"
    )


def kept(c: Comparison, chosen: PairFilter, end: str) -> str:
    """Mutual best matches that pass, those first that keep most (`best`) or least (`worst`) of their neighbours."""
    order = "DESC" if end == "best" else "ASC"
    tests = [f"comparison = {literal(c.comparison)}", *passing(chosen), "neighbour_overlap IS NOT NULL"]
    return (
        "SELECT comparison, feature_a, feature_b, top_token_a, top_token_b, neighbour_overlap, neighbour_rbo,\n"
        f"       pearson, pearson_context\nFROM {judged(chosen.thresholds)}\n{where(tests)}\n"
        f"ORDER BY neighbour_overlap {order}, coalesce(neighbour_rbo, 0) {order}, pearson DESC, feature_a, feature_b"
    )
