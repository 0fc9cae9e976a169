"""SQL behind the Neighbourhood page: one feature's company, and what every pair keeps of it."""

from dashboard.examples import literal
from store.records import Comparison


def neighbourhood(c: Comparison, feature: int) -> str:
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
        "  AND theirs.by = 'activation' AND theirs.rank <= 10 AND theirs.neighbour = m.feature_b\n"
        f"WHERE n.space = {literal(c.space_a)} AND n.feature = {feature} AND n.by = 'activation' AND n.rank <= 10\n"
        "ORDER BY n.rank"
    )


def kept(comparison: str, rows: int = 1000) -> str:
    """The mutual best matches that the tables draw on, those that keep most of their neighbours first."""
    return (
        "SELECT comparison, feature_a, feature_b, top_token_a, top_token_b,\n"
        "       neighbour_overlap, neighbour_rbo, pearson, pearson_context\n"
        f"FROM judged_matches()\nWHERE comparison = {literal(comparison)}\n"
        "  AND len(reasons) = 0 AND pearson >= 0 AND neighbour_overlap IS NOT NULL\n"
        "ORDER BY neighbour_overlap DESC, neighbour_rbo DESC NULLS LAST, pearson DESC, feature_a, feature_b\n"
        f"LIMIT {rows}"
    )
