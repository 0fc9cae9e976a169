"""Families and the search for a word: their links, their words, and their pages on a small store of three spaces."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import concept_words, family_links, kin, links
from dashboard.family_links import FamiliesView, SearchView
from dashboard.links import FeatureRef, LinkError
from store import records as r
from tests.dashboard.test_links import filters, refs
from tests.dashboard.test_pages import headings, labels, page, said
from tests.store import build

FINGERPRINT = "f" * 64
EVERY = ",".join(name for name in r.REASONS if name != "not_mutual")

always_mutual = filters.map(
    lambda one: replace(
        one, only=None, region=None, feature_a=None, feature_b=None,
        hide=tuple(name for name in r.REASONS if name in (*one.hide, "not_mutual")),
    )
)  # fmt: skip
views = st.builds(
    FamiliesView, st.none() | refs, always_mutual, st.integers(family_links.SMALLEST, 9999), st.integers(1, 999)
)
searches = st.builds(
    SearchView, st.text(max_size=family_links.LONGEST), st.integers(1, family_links.MOST), st.none() | st.text(),
    st.floats(0.01, 1),
)  # fmt: skip


@given(views)
def test_a_view_of_families_is_read_back(view: FamiliesView) -> None:
    assert family_links.parse_families(family_links.families_query(FINGERPRINT, view)) == (view, [])


@given(searches)
def test_a_search_is_read_back(view: SearchView) -> None:
    assert family_links.parse_search(family_links.search_query(FINGERPRINT, view)) == (view, [])


def test_a_link_holds_only_what_differs_from_the_defaults() -> None:
    assert family_links.families_query(FINGERPRINT, FamiliesView()) == {"store": "f" * 8}
    assert family_links.search_query(FINGERPRINT, SearchView()) == {"store": "f" * 8}


def test_what_a_link_gets_wrong_is_said_and_left_out() -> None:
    query = {"spaces": "2", "r": "x", "show": "not_mutual,luck", "only": "rare", "t_rare": "-1", "page": "0"}
    view, problems = family_links.parse_families(query)
    assert view == FamiliesView()
    assert problems == [
        "r=x is ignored; write a number between -1 and 1, such as 0.5",
        f"show=luck is ignored; choose from {', '.join(r.REASONS)}",
        "t_rare=-1 is ignored; write a whole number from 0",
        "page=0 is ignored; write a whole number from 1",
        "show=not_mutual is ignored; families are made of mutual best matches only",
        "spaces=2 is ignored; write a whole number from 3",
        "only=rare is no filter and is ignored",
    ]
    view, problems = family_links.parse_search({"q": "x" * 101, "n": "201", "r": "1", "share": "nan"})
    assert view == SearchView()
    assert problems == [
        "q is ignored; a word has at most 100 characters, and this has 101",
        "r=1 is no filter and is ignored",
        "share=nan is ignored; write a number from 0.01 to 1, such as 0.3",
        "n=201 is ignored; write a whole number from 1 to 200",
    ]
    with pytest.raises(LinkError, match="family=banana is not a feature"):
        family_links.parse_families({"family": "banana"})


def space(name: str, model: str, hook: str | None) -> r.Space:
    return r.Space(name, model, "sae", hook, 8, 10, "here", 10, 1.0, None, None)


def test_seeds_are_told_from_models() -> None:
    spaces = [space("x.0", "x", "h0"), space("y.0", "y", "h0"), space("y.1", "y", "h1"), space("y.1-seed", "y", "h1")]
    assert kin.siblings(spaces) == [("y.1", "y.1-seed")]
    assert kin.caution(spaces).startswith("y.1 and y.1-seed are dictionaries of one hook of one model")
    assert "Spaces of one model (y)" in kin.caution(spaces)
    assert kin.siblings([space("i", "x", None), space("j", "x", None)]) == []
    assert kin.caution([space("x.0", "x", "h0"), space("y.0", "y", "h0")]) == ""


def test_a_headline_counts_only_what_is_listed() -> None:
    counts = r.FamilyCounts(20, ((5, 1), (4, 2), (3, 4), (2, 9)), 3, 5)
    assert kin.headline(counts, 3, 2) == (
        "7 families: 1 spans 5 spaces, 2 span 4 spaces, 4 span 3 spaces. 3 have a member in every model."
    )
    assert kin.headline(counts, 5, 2) == "1 family: 1 spans 5 spaces."


def test_an_empty_list_says_why() -> None:
    default = r.PairFilter()
    few = r.FamilyCounts(7, ((2, 7),), 0, 2)
    assert "needs 3 spaces that comparisons connect; here they connect 2 spaces." in kin.empty(few, 3, default)
    assert "No mutual best match passes these filters. Relax one (rare, dense" in kin.empty(
        r.FamilyCounts(0, (), 0, 4), 3, default
    )
    unchained = r.FamilyCounts(1, ((2, 1),), 0, 4)
    assert kin.empty(unchained, 3, default).startswith("1 mutual best match passes, and none chain over 3 spaces")
    assert kin.empty(unchained, 4, default).endswith("Relax a filter, or ask for fewer spaces.")


def test_tokens_of_models_that_cut_alike_are_shown_once() -> None:
    found = [r.TokenText(model, text, n) for model in ("x", "y", "z") for text, n in ((" ab", 3), ("ab", 2))]
    found[-1] = r.TokenText("z", "ab", 9)
    assert [models for models, _ in concept_words.by_models(found)] == [("x", "y"), ("z",)]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """a:0 is matched with b:0 and with c:0; b reads the model of a at another hook."""
    rows = build.tables()
    next(one for one in rows["features"] if one["space"] == "b" and one["feature"] == 0)["label"] = "<b>named</b>"
    return build.write(tmp_path_factory.mktemp("three"), rows)


def test_the_list_shows_a_family_and_links_it_its_members_and_its_weakest_pair(
    three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page(three, monkeypatch, "families", show=EVERY)
    text = said(app)
    assert "1 family: 1 spans 3 spaces. 1 has a member in every model." in text
    assert "family=a:0" in text
    for target in ("f=a:0", "f=b:0", "f=c:0", "a=a:0&amp;b=b:0"):
        assert target in text
    assert "Spaces of one model (m1)" in text
    assert app.button_group(key="families_hide").value == []


def test_a_filter_that_leaves_no_family_says_so_and_offers_a_way_back(
    three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page(three, monkeypatch, "families", show=EVERY)
    app.number_input(key="families_min_pearson").set_value(0.55).run()
    text = said(app)
    assert "No mutual best match passes these filters. Relax one (r, context or firing)." in text
    assert "Reset the filters" in text
    assert app.query_params["r"] == "0.55"
    app.number_input(key="families_min_pearson").set_value(0.0).run()
    app.button_group(key="families_hide").set_value(["thin"]).run()
    assert "Relax one (thin)." in said(app)
    assert app.query_params["show"] == EVERY.removesuffix(",thin")
    app.button_group(key="families_hide").set_value([]).run()
    app.number_input(key="families_min_spaces").set_value(4).run()
    assert "needs 4 spaces that comparisons connect; here they connect 3 spaces." in said(app)
    app.number_input(key="families_t_rare").set_value(1).run()
    assert app.query_params["t_rare"] == "1"
    assert "Thresholds · 1 changed" in labels(app)


def test_one_comparison_has_no_family_and_says_what_to_do(tiny_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(page(tiny_store, monkeypatch, "families"))
    assert "here they connect 2 spaces. Add a [[spaces]] and the [[comparisons]] that reach it to the run file" in text


def test_one_family_is_a_strip_of_cards_and_its_pairs(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(page(three, monkeypatch, "families", show=EVERY, family="c:0"))
    assert "Family of</span> <span" in text
    assert "3 features in 3 of 3 spaces and 2 of 2 models (m1 and m2)." in text
    assert text.count("flex:1 0 19rem") == 3
    for target in ("f=a:0", "f=b:0", "f=c:0", "a=a:0&amp;b=b:0", "a=a:0&amp;b=c:0"):
        assert target in text
    assert "Not compared in this store: b with c." in text
    assert "&lt;b&gt;named&lt;/b&gt;" in text
    assert "<b>named</b>" not in text


def test_a_feature_without_a_family_says_so(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(page(three, monkeypatch, "families", show=EVERY, family="a:1"))
    assert "No mutual best match of a:1 passes these filters" in text
    assert "f=a:1" in text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"family": "banana"}, "family=banana is not a feature; write it as space:number"),
        ({"family": "nowhere:1"}, "no space `nowhere`; there are a, b, c"),
        ({"family": "a:9"}, "a has features 0 to 2; got 9"),
    ],
)
def test_a_family_that_is_not_there_is_said(
    three: Path, monkeypatch: pytest.MonkeyPatch, query: dict[str, str], expected: str
) -> None:
    assert expected in said(page(three, monkeypatch, "families", **query))


def test_a_page_past_the_end_leads_back(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Page 9 is past the end." in said(page(three, monkeypatch, "families", show=EVERY, page="9"))


def test_a_word_finds_features_and_their_matches(tiny_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(tiny_store, monkeypatch, "concepts")
    said(app)
    app.text_input(key="concepts_q").set_value("Cat").run()
    text = said(app)
    assert app.query_params["q"] == "Cat"
    assert headings(app) == ["left (one): 1 feature", "right (two): 1 feature"]
    for target in ("f=left:0", "f=right:1", "a=left:0&amp;b=right:1"):
        assert target in text
    assert "Matched (one, two)" in text
    assert ">single token<" in text


def test_what_no_token_spells_is_said_in_words(tiny_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(page(tiny_store, monkeypatch, "concepts", q="zebra"))
    assert "No token of one or two spells or holds this" in text
    text = said(page(tiny_store, monkeypatch, "concepts", q="ca"))
    assert "No token of one or two spells this by itself; these tokens hold it." in text
    assert "q=+cat" in text
    assert "The text has this token 240 times, and no feature has it" in said(
        page(tiny_store, monkeypatch, "concepts", q="today")
    )
    assert "White space alone spells no token" in said(page(tiny_store, monkeypatch, "concepts", q=" "))
    text = said(page(tiny_store, monkeypatch, "concepts", q="<script>alert(1)</script>", n="0"))
    assert "<script>" not in text
    assert "n=0 is ignored" in text


def test_more_features_are_a_link_away(tiny_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(tiny_store, monkeypatch, "concepts", q="sat", n="1")
    assert "Up to 200 features of each space" in said(app)
    assert headings(app)[1] == "right (two): 2 features, the 1 with the largest share"
    assert "n=200" in said(app)
    text = said(page(tiny_store, monkeypatch, "concepts", q="sat"))
    assert f"f={FeatureRef('right', 0)}" in text
    assert "Up to" not in text


def test_the_pages_are_among_those_that_a_link_may_name() -> None:
    assert {"families", "concepts"} < set(links.PAGES)


def test_concepts_are_counted_in_every_space(tiny_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(tiny_store, monkeypatch, "concepts")
    text = said(app)
    assert "concept=nature" in text
    # left:0 and right:1 are " cat" alone: a match, but one that the token explains.
    assert text.count("1, 0 % matched") == 2
    assert "No passage holds any of its" in text
    assert "The text holds its keywords 120 times, and no feature has 30 % of its activation on them" in text
    app.number_input(key="concepts_share").set_value(0.5).run()
    assert app.query_params["share"] == "0.5"
    assert "share=0.5" in said(app)


def test_one_concept_shows_its_words_its_features_and_that_none_has_a_match(
    tiny_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said(page(tiny_store, monkeypatch, "concepts", concept="nature"))
    assert "2 features in 2 spaces with at least 30 % of the activation on these words; 0 of them have a match." in text
    assert "None of these features has a mutual best match that passes the default filter." in text
    for target in ("f=left:0", "f=right:1", "q=cat"):
        assert target in text
    assert "Not in the text: animal, animals" in text
    text = said(page(tiny_store, monkeypatch, "concepts", concept="emotions"))
    assert "No passage holds any of its" in text


def test_a_concept_lists_its_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = build.tables()
    for one in rows["features"]:
        one |= {"n_active": 100, "firing_rate": 0.01, "special_share": 0.0, "top_token_share": 0.1}
    for one in rows["matches"]:
        one["n_both"] = 50
    rows["concepts"] = [{"concept": "letters", "keyword": "ab", "n_found": 3}]
    own = {"concept": "letters", "space": "a", "feature": 0, "mass_share": 0.75, "n_active": 2}
    rows["concept_features"] = [own]
    text = said(page(build.write(tmp_path, rows), monkeypatch, "concepts", concept="letters"))
    assert "1 feature in 1 space with at least 30 % of the activation on these words; 1 of them has a match." in text
    assert "a=a:0&amp;b=b:0" in text
    assert "75 %" in text
    assert "&lt; 1 %" in text or "< 1 %" in text


def test_a_concept_that_is_not_there_is_said(tiny_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(page(tiny_store, monkeypatch, "concepts", concept="<b>luck</b>"))
    assert "no concept `&lt;b&gt;luck&lt;/b&gt;`; there are biology, calendar, countries" in text
