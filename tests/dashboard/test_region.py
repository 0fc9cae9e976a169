"""A rectangle on the Pairs scatter is a filter: in the list, the funnel, the link and the query behind the table."""

from pathlib import Path

import pytest

from dashboard import charts, links
from dashboard.queries import pairs as queries
from store import console
from store.read import Store
from store.records import PairFilter, Region
from tests.dashboard.draw import spec_of
from tests.dashboard.test_charts import COMPARISON, POINTS
from tests.dashboard.test_pages import page, said

EVERY = PairFilter(hide=(), min_pearson=-1.0)


def test_a_region_keeps_exactly_the_matches_in_it(tiny_store: Path) -> None:
    with Store(tiny_store) as store:
        name = store.comparisons()[0].comparison
        sizes = []
        every = [row.match for row in store.pairs(name, EVERY, "pearson", 1000)]
        for region in (Region(-1, 0.8, 1, 1), Region(-1, -1, 1, 0.8), Region(0.9, 0.9, 1, 1)):
            ends = 1 + 1e-9
            inside = {
                (m.feature_a, m.feature_b)
                for m in every
                if region.token_low <= m.pearson_token <= region.token_high * ends
                and region.r_low <= m.pearson <= region.r_high * ends
            }
            chosen = PairFilter(hide=(), min_pearson=-1.0, region=region)
            found = {(row.match.feature_a, row.match.feature_b) for row in store.pairs(name, chosen, "pearson", 1000)}
            assert found == inside
            sizes.append(len(found))
            assert store.funnel(name, chosen)[0].n_left == len(inside)
        assert sizes == [3, 1, 2]


def test_the_query_behind_the_table_has_the_region(tiny_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = "rare,dense,special,position,token,single_token,stop_token,not_mutual,hub,chance,thin"
    app = page(tiny_store, monkeypatch, "pairs", r="-1", show=shown, region="-1,0.5,1,1")
    text = said(app)
    assert "Only matches with r from .50 to 1.00" in text
    n = text.count(">Compare<")
    view, unread = links.parse_pairs({"r": "-1", "show": shown, "region": "-1,0.5,1,1"})
    assert unread == []
    with Store(tiny_store) as store:
        table = console.run(store, queries.pairs(store.comparisons()[0], view))
    assert len(table.rows) == n > 0


@pytest.mark.parametrize(
    ("edges", "region"),
    [
        ({"explained by the token": [0.2, 0.1], "r": [0.5, 0.25]}, Region(0.1, 0.25, 0.2, 0.5)),
        ({"explained by the token": [-3, 0.12345], "r": [0, 9]}, Region(-1, 0, 0.123, 1)),
        ({"explained by the token": [0.1, 0.1], "r": [0, 1]}, None),
        ({"explained by the token": [0.1, 0.2]}, None),
        ({}, None),
    ],
)
def test_what_is_dragged_is_a_region(edges: dict[str, list[float]], region: Region | None) -> None:
    assert charts.dragged(edges) == region


def test_the_picture_begins_with_the_region_of_the_link() -> None:
    drawn = spec_of(charts.pairs_scatter(POINTS, COMPARISON, Region(0.1, 0.2, 0.3, 0.4)))
    (selection,) = drawn["params"]
    assert selection["value"] == {"x": [0.1, 0.3], "y": [0.2, 0.4]}
    assert "value" not in spec_of(charts.pairs_scatter(POINTS, COMPARISON))["params"][0]
