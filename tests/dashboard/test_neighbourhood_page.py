"""The Neighbourhood page: its links, its words, its picture, and the whole of it through AppTest."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import (
    charts,
    neighbour_charts,
    neighbour_links,
    neighbour_picture,
    neighbour_words,
)
from dashboard.links import LARGEST, FeatureRef, LinkError
from dashboard.neighbour_links import NeighbourView
from store import records as r
from tests.dashboard.draw import spec_of
from tests.dashboard.test_pages import headings, page, said
from tests.store import build

FINGERPRINT = "3fa9c2d1" + "0" * 56
HOSTILE = "<img src=x onerror=alert(1)>\u202e"
slugs = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,8}", fullmatch=True)
views = st.builds(
    NeighbourView, st.none() | slugs, st.none() | st.builds(FeatureRef, slugs, st.integers(0, LARGEST))
)  # fmt: skip
COMPARISONS = [r.Comparison(f"{a}~{b}", a, b, "identical", 10, 2) for a, b in (("a", "b"), ("c", "b"), ("a", "c"))]
CHANCE = r.MapAgreement("a~b", "neighbours", "overlap", 0.13, 0.0041, 0.001, 0.006, 0.001, 835, True)


def near(rank: int, feature: int, token: str | None = "x") -> r.Neighbour:
    return r.Neighbour(rank, feature, 0.5 / rank, token, 10 * rank)


def carried(rank: int, feature: int, partner: int | None, partner_rank: int | None = None) -> r.CarriedNeighbour:
    known = (None, None) if partner is None else ("y", 0.4)
    return r.CarriedNeighbour(rank, feature, 0.5 / rank, "x", 10 * rank, partner, *known, partner_rank)


def company(of_a: list[r.CarriedNeighbour], n_b: int = 3, **changes: Any) -> r.Neighbourhood:
    """a:7 is matched with b:70, whose neighbours are b:1, b:2 and so on."""
    of_b = tuple(near(i, i) for i in range(1, n_b + 1))
    return replace(r.Neighbourhood("a~b", 7, 70, 0.6, 0.25, 0.2, tuple(of_a), of_b), **changes)


MIXED = company([carried(1, 11, 2, 2), carried(2, 12, 70), carried(3, 13, None), carried(4, 14, 2, 2)])


# Links -----------------------------------------------------------------------------------------------------------
@given(views)
def test_a_view_is_read_back(view: NeighbourView) -> None:
    assert neighbour_links.parse_neighbours(neighbour_links.neighbours_query(FINGERPRINT, view)) == (view, [])


def test_the_comparison_is_the_first_whose_a_holds_the_feature() -> None:
    def meant(comparison: str | None, feature: str | None) -> str:
        ref = None if feature is None else FeatureRef(feature, 3)
        return neighbour_links.settled(NeighbourView(comparison, ref), COMPARISONS).comparison

    assert [meant(None, None), meant(None, "c"), meant("a~c", None), meant("a~c", "a")] == ["a~b", "c~b", "a~c", "a~c"]
    with pytest.raises(LinkError, match="a=b:3 cannot be asked: b is A in no comparison; choose a feature of a, c"):
        meant(None, "b")
    with pytest.raises(LinkError, match="a=c:3 is no feature of A; in a~c write a=a:number"):
        meant("a~c", "c")


# Words -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("found", "text"),
    [
        (MIXED, "Of the 4 nearest features of a:7, 2 lead to one and the same neighbour of its match b:70: overlap .25."),
        (
            company([carried(i, i, i, i) for i in range(1, 11)]),
            "Of the ten nearest features of a:7, 10 lead to a neighbour of its match b:70: overlap .25.",
        ),
        (
            company([carried(1, 1, 1, 1), carried(2, 2, 2, 2), carried(3, 3, 2, 2), carried(4, 4, 9)]),
            "Of the 4 nearest features of a:7, 3 lead to 2 neighbours of its match b:70: overlap .25.",
        ),
        (
            company([carried(1, 1, 9), carried(2, 2, 3, 3)]),
            "Of the 2 nearest features of a:7, 1 leads to a neighbour of its match b:70: overlap .25.",
        ),
        (
            company([carried(i, i, 9) for i in range(1, 11)], overlap=0.0),
            "None of the ten nearest features of a:7 leads to a neighbour of its match b:70: overlap .00.",
        ),
        (
            company([carried(1, 1, 9)], overlap=0.0),
            "The one near feature of a:7 does not lead to a neighbour of its match b:70: overlap .00.",
        ),
        (company([]), "a:7 has no neighbour: no other feature of its space correlates with it above 0."),
        (company([carried(1, 1, 9)], n_b=0), "b:70, its match, has no neighbour in its own space, so none can be kept."),
        (
            company([carried(1, 1, 9)], n_b=0, partner=None),
            "a:7 has no match in b, so there is nothing that its neighbours could lead to.",
        ),
    ],
)  # fmt: skip
def test_what_a_feature_keeps_in_words(found: r.Neighbourhood, text: str) -> None:
    assert neighbour_words.headline(found, "a:7", "b:70", "b") == text


@given(st.lists(st.none() | st.integers(1, 14), max_size=10), st.integers(0, 10))
def test_the_parts_add_up(partners: list[int | None], n_b: int) -> None:
    """Kept, lost and unmatched neighbours are all of A's; reached and unreached ones all of B's."""
    of_a = [carried(i, 20 + i, p, p if p is not None and p <= n_b else None) for i, p in enumerate(partners, 1)]
    found = company(of_a, n_b)
    text = neighbour_words.unkept(found)
    if not partners or not n_b:
        assert text == ""
        return
    lost, alone = (re.search(rf"(\d+) {what}", text) for what in ("leads? elsewhere", "ha(?:s|ve) no match"))
    counts = [int(one[1]) if one else 0 for one in (lost, alone)]
    assert sum(counts) + sum(p is not None and p <= n_b for p in partners) == len(partners)
    assert f"{n_b - len({p for p in partners if p is not None and p <= n_b})} of B's {n_b} are reached" in text


def test_chance_in_words() -> None:
    assert neighbour_words.chance(CHANCE) == (
        "On average the mutual best matches of this comparison overlap by .13; the same features paired at random by "
        ".0041 (p = .001)."
    )
    assert neighbour_words.chance(CHANCE, ("rand", 0.073)).endswith(" Matched with random weights (rand): .073.")
    unknown = replace(CHANCE, value=None, null_mean=None, p_value=None, n_rows=1)
    assert neighbour_words.chance(unknown).endswith("it takes 20 matched features with neighbours, and there is 1.")
    assert neighbour_words.chance(None).endswith("and it was not measured.")


def test_a_pair_and_a_family_in_words() -> None:
    assert neighbour_words.pair(4, 10, 0.25, CHANCE) == (
        "4 of A's ten neighbours lead to neighbours of B: overlap .25, by chance .0041"
    )
    assert neighbour_words.pair(1, 3, 0.2, None) == "1 of A's 3 neighbours leads to neighbours of B: overlap .20"
    assert neighbour_words.pair(0, 1, 0.0, None) == "A's one neighbour does not lead to a neighbour of B: overlap .00"
    assert neighbour_words.pair(0, 0, None, CHANCE) == "Neighbours kept: not known, for one of the two has none."
    assert neighbour_words.only_b("b", COMPARISONS).startswith("Against a, c it is B, and the question is asked from A")
    assert neighbour_words.only_b("z", COMPARISONS) == ""


# Pictures --------------------------------------------------------------------------------------------------------
def test_lines_are_solid_where_kept_and_dashed_where_lost() -> None:
    html = neighbour_picture.picture(FINGERPRINT, COMPARISONS[0], MIXED, feature_rows())
    assert html.count("repeating-linear-gradient") == 1
    # Two kept, and the match of the two features themselves.
    assert len(re.findall(r"(?<!repeating-)linear-gradient", html)) == 3
    assert [one.partner for one in neighbour_picture.beyond(MIXED)] == [70]
    for text in (
        "the match itself",
        ">no match<",
        "a=a:11&amp;b=b:2",
        "a=a:12&amp;b=b:70",
        "comparison=a~b&amp;a=a:13",
    ):
        assert text in html
    assert html.count(">nobody<") == 2
    # The first of A's rows to the second of B's; the second to the first row after B's three and the line between.
    for start, end, half in ((0, 1, 1.0), (1, 4, 0.8)):
        ends = (neighbour_picture.HEAD + neighbour_picture.ROW * (row + 0.5) for row in (start, end))
        assert neighbour_picture._outline(*ends, neighbour_picture.HALF * half) in html
    assert "lost: no neighbour of B" in html


def feature_rows() -> tuple[r.Feature, r.Feature]:
    blank = dict.fromkeys(r.Feature.__dataclass_fields__) | {"space": "a", "feature": 7, "n_active": 3}
    return r.Feature(**blank), r.Feature(**blank | {"space": "b", "feature": 70})  # type: ignore[arg-type]


def test_a_line_ends_at_its_rows() -> None:
    points = neighbour_picture._outline(5.0, 9.0, 0.1).removeprefix("polygon(").removesuffix(")").split(",")
    n = len(points) // 2
    assert (points[0], points[-1]) == ("0% 4.90rem", "0% 5.10rem")
    assert (points[n - 1], points[n]) == ("100% 8.90rem", "100% 9.10rem")


def test_tokens_cannot_act_on_the_page() -> None:
    hostile = replace(carried(1, 11, 1, 1), top_token=HOSTILE, partner_token=HOSTILE)
    lost = replace(carried(2, 12, 9), top_token=HOSTILE, partner_token=HOSTILE)
    found = replace(MIXED, of_a=(hostile, lost), of_b=(near(1, 1, HOSTILE),))
    html = neighbour_picture.picture(FINGERPRINT, COMPARISONS[0], found, feature_rows())
    assert "<img" not in html
    assert "\u202e" not in html


def bins(*counts: tuple[int, int]) -> r.OverlapDistribution:
    return r.OverlapDistribution(
        tuple(r.OverlapBin(i / len(counts), (i + 1) / len(counts), *n) for i, n in enumerate(counts)), 2
    )


def test_each_kind_of_match_is_shared_out_over_the_bins() -> None:
    rows = neighbour_charts.shares(bins((5, 1), (4, 3), (0, 0)))
    assert [(row["kind"], row["from"], row["n"], row["share"]) for row in rows] == [
        (neighbour_charts.MUTUAL, 0.0, 1, 0.25), (neighbour_charts.MUTUAL, 1 / 3, 3, 0.75),
        (neighbour_charts.OTHER, 0.0, 4, 0.8), (neighbour_charts.OTHER, 1 / 3, 1, 0.2),
    ]  # fmt: skip
    assert all(row["from"] <= row["lower"] < row["upper"] <= row["to"] for row in rows)


def test_chance_is_grey_and_the_feature_blue() -> None:
    spec = spec_of(neighbour_charts.overlap(bins((5, 1), (4, 3)), CHANCE, ("a:7", 0.25)))
    _, chance, named, own, label = spec["layer"]
    assert (chance["mark"]["color"], named["mark"]["color"]) == (charts.GREY, charts.INK)
    assert chance["data"]["values"][0]["lower"] == 0.0041
    assert own["mark"]["color"] == charts.A
    assert label["data"]["values"][0]["label"] == "a:7: .25"
    assert len(neighbour_charts.overlap(bins((5, 1)), None, None).to_dict()["layer"]) == 1


# The page --------------------------------------------------------------------------------------------------------
def rows() -> dict[str, build.Rows]:
    """The small store, where a:1 is matched with b:1, and so the one neighbour of a:0 is kept."""
    found = build.tables()
    found["matches"][1]["rank_ab"], found["matches"][2]["rank_ab"] = 2, 2
    overlap = {"neighbour_overlap": 1.0, "neighbour_rbo": 1.0, "n_both": 1}
    found["matches"].insert(3, build.match("a~b", 1, 1, **overlap))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build.write(tmp_path_factory.mktemp("near") / "store", rows())


def test_a_link_opens_its_neighbourhood(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(folder, monkeypatch, "neighbourhood", comparison="a~b", a="a:0")
    text = said(app)
    assert "The one near feature of a:0 leads to a neighbour of its match b:0: overlap 1.00." in text
    assert "neighbourhood?store=ffffffff&amp;comparison=a~b&amp;a=a:1" in text
    assert "pair?store=ffffffff&amp;a=a:1&amp;b=b:1" in text
    assert "a:0 1 of 1 is among its neighbours by activation, too." in re.sub("<[^>]*>", "", text)
    assert app.selectbox(key="neighbourhood_comparison").value == "a~b"
    assert app.number_input(key="neighbourhood_feature").value == 0
    assert len(app.get("vega_lite_chart")) == 1


def test_widgets_write_the_link(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(folder, monkeypatch, "neighbourhood")
    said(app)
    assert app.number_input(key="neighbourhood_feature").value is None
    app.number_input(key="neighbourhood_feature").set_value(1).run()
    assert "The one near feature of a:1 leads" in said(app)
    assert {name: app.query_params[name] for name in app.query_params} == {
        "store": "ffffffff", "comparison": "a~b", "a": "a:1",
    }  # fmt: skip
    app.selectbox(key="neighbourhood_comparison").set_value("a~c").run()
    assert "a:1 has no match in c" in said(app)
    assert app.query_params["comparison"] == "a~c"


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"a": "a:2"}, "a:2 never fires on this text: it has no neighbour and no match."),
        ({"comparison": "a~c", "a": "a:0"}, "c:0, its match, has no neighbour in its own space, so none can be kept."),
        ({"comparison": "a~c", "a": "a:0"}, "1 feature has a match in c, but on one side or the other no neighbours"),
        ({"comparison": "a~c", "a": "a:1"}, "a:1 has no match in c, so there is nothing"),
        ({"a": "a:0", "banana": "<b>"}, "banana=&lt;b&gt; is no filter and is ignored"),
        ({"a": "a:9"}, "a has features 0 to 2; got 9"),
        ({"a": "<b>"}, "a=&lt;b&gt; is not a feature; write it as space:number"),
        ({"a": "b:0"}, "b is A in no comparison"),
        ({"a": "z:0"}, "no space `z`; there are a, b, c"),
        ({"comparison": "x~y"}, "no comparison `x~y`; there are a~b, a~c"),
        ({}, "None of the 2 mutual best matches passes the default filter."),
    ],
)
def test_what_is_missing_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, query: dict[str, str], text: str
) -> None:
    assert text in said(page(folder, monkeypatch, "neighbourhood", **query))


def test_a_space_without_decoder_rows_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(page(folder, monkeypatch, "neighbourhood", a="a:0"))
    assert "b has no decoder rows, so nothing is near by direction." in text


def test_a_store_without_comparisons_and_one_that_shares_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = build.tables()
    found["matches"] = []
    text = said(page(build.write(tmp_path / "none", found), monkeypatch, "neighbourhood", a="a:0"))
    assert "No feature of a has a match in b: the two never fire together." in text
    for name in ("comparisons", "scores", "score_nulls", "map_agreement", "match_nulls"):
        found[name] = []
    text = said(page(build.write(tmp_path / "alone", found), monkeypatch, "neighbourhood"))
    assert "This store holds no comparison" in text


def test_best_and_worst_lead_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = rows()
    for row in found["features"]:
        row |= {
            "n_active": 100 * bool(row["n_active"]),
            "firing_rate": 0.05,
            "top_token": HOSTILE,
            "top_token_share": 0.1,
        }
    for row in found["matches"]:
        row |= {"n_both": 50, "pearson_position": 0.0}
    store = build.write(tmp_path / "store", found)
    app = page(store, monkeypatch, "neighbourhood")
    text = said(app)
    assert headings(app) == ["All features of a", "Best kept", "Worst kept"]
    assert text.count("open a:1 ↔ b:1") == 2
    assert "<img" not in text
    assert "<img" not in said(page(store, monkeypatch, "neighbourhood", a="a:0"))


# Other pages -----------------------------------------------------------------------------------------------------
def test_a_pair_says_what_it_keeps(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(page(folder, monkeypatch, "pair", a="a:0", b="b:0"))
    assert "A&#x27;s one neighbour leads to a neighbour of B: overlap 1.00" in text
    assert "neighbourhood?store=ffffffff&amp;comparison=a~b&amp;a=a:0" in text
    assert "Neighbours kept: not known" in said(page(folder, monkeypatch, "pair", a="a:0", b="c:0"))


def test_a_feature_leads_to_its_neighbourhoods(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(page(folder, monkeypatch, "feature", f="a:0"))
    assert [f"comparison={name}&amp;a=a:0" in text for name in ("a~b", "a~c")] == [True, True]
    assert "Against a it is B, and the question is asked from A" in said(page(folder, monkeypatch, "feature", f="b:0"))
