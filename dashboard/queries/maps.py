"""The tables of Maps: the matches of a region, and whether the maps agree."""

from dashboard.map_links import MapsView
from dashboard.queries.text import judged, literal, top_tokens
from store.records import Comparison, Thresholds


def region(comparison: Comparison, view: MapsView) -> str:
    """The best matches of the features in a region: the same limit and order."""
    assert view.region is not None
    area = view.region
    own, other = ("a", "b") if area.side == "a" else ("b", "a")
    a, b = literal(comparison.space_a), literal(comparison.space_b)
    return (
        "SELECT m.comparison, m.feature_a, m.feature_b, p.x, p.y, m.pearson, m.pearson_token, m.pearson_context,\n"
        f"       m.rank_ab, m.rank_ba, m.neighbour_overlap, m.reasons,\n"
        f"       {top_tokens(a, 'm.feature_a')} AS tokens_a,\n       {top_tokens(b, 'm.feature_b')} AS tokens_b\n"
        f"FROM maps AS p\nJOIN {judged(Thresholds())} AS m\n  ON m.comparison = {literal(comparison.comparison)}"
        f" AND m.feature_{own} = p.feature AND m.rank_{own}{other} = 1\n"
        f"WHERE p.space = {a if own == 'a' else b} AND p.method = {literal(str(view.method))}\n"
        f"  AND p.x::DOUBLE BETWEEN {area.x0!r} AND {area.x1!r} AND p.y::DOUBLE BETWEEN {area.y0!r} AND {area.y1!r}\n"
        f"  AND m.pearson >= {view.least!r}\n"
        f"ORDER BY m.pearson DESC, m.feature_{own}"
    )


def agreement(comparison: Comparison, method: str) -> str:
    """Every measure of a comparison, those of the maps that are shown first."""
    return (
        "SELECT comparison, method, measure, value, null_mean, null_q95, p_value, n_rows, higher_is_similar\n"
        f"FROM map_agreement\nWHERE comparison = {literal(comparison.comparison)}\n"
        f"ORDER BY method <> {literal(method)}, method = 'neighbours', method, measure"
    )
