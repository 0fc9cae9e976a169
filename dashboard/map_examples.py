"""SQL behind the Maps page: the matches of a region as a query."""

from dashboard.examples import literal
from dashboard.map_links import MapsView
from store.records import Comparison


def region(comparison: Comparison, view: MapsView, rows: int = 1000) -> str:
    """The table as a query: the same region, limit and order."""
    assert view.region is not None
    area = view.region
    own, other = ("a", "b") if area.side == "a" else ("b", "a")
    space = comparison.space_a if area.side == "a" else comparison.space_b
    return (
        "SELECT m.comparison, m.feature_a, m.feature_b, p.x, p.y, m.pearson, m.pearson_context, m.mutual_best,\n"
        "       m.neighbour_overlap\n"
        f"FROM maps AS p\nJOIN matches AS m\n  ON m.comparison = {literal(comparison.comparison)}"
        f" AND m.feature_{own} = p.feature AND m.rank_{own}{other} = 1\n"
        f"WHERE p.space = {literal(space)} AND p.method = {literal(str(view.method))}\n"
        f"  AND p.x::DOUBLE BETWEEN {area.x0!r} AND {area.x1!r} AND p.y::DOUBLE BETWEEN {area.y0!r} AND {area.y1!r}\n"
        f"  AND m.pearson >= {view.least!r}\n"
        f"ORDER BY m.pearson DESC, m.feature_{own}\nLIMIT {rows}"
    )
