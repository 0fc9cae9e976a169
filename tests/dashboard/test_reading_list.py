"""The reading list: what is written is read back, and what a store does not have is said beside what it has."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import links, list_links, pair_links
from dashboard.links import FeatureRef
from dashboard.list_links import LONGEST, MOST, ListView
from dashboard.pair_links import Look
from dashboard.queries import pairs as queries
from store import console
from store.read import Store
from store.records import GROUPS
from tests.dashboard.test_links import FINGERPRINT, refs
from tests.dashboard.test_pages import page, said

pairs = st.lists(st.tuples(refs, refs), max_size=MOST, unique=True).map(tuple)
titles = st.text(max_size=LONGEST).map(str.strip)


@given(st.builds(ListView, pairs, titles))
def test_a_list_is_read_back(view: ListView) -> None:
    assert list_links.parse_list(list_links.list_query(FINGERPRINT, view)) == (view, [])


def test_a_list_is_one_readable_address() -> None:
    one, two = FeatureRef("tiny-1l.0", 1), FeatureRef("tiny-2l.1", 2)
    view = ListView(((one, two), (one, one)), "cats & dogs")
    assert links.href("list", list_links.list_query(FINGERPRINT, view)) == (
        "list?store=3fa9c2d1&pairs=tiny-1l.0:1~tiny-2l.1:2,tiny-1l.0:1~tiny-1l.0:1&title=cats+%26+dogs"
    )


def test_what_cannot_be_read_is_said_and_the_rest_is_kept() -> None:
    view, problems = list_links.parse_list({"pairs": "left:1~right:2,left:1,<b>~x,left:1~right:2", "colour": "red"})
    assert view.pairs == ((FeatureRef("left", 1), FeatureRef("right", 2)),)
    assert problems == [
        "colour=red is no filter and is ignored",
        "left:1 is no pair; write space:number~space:number",
        "<b>~x is no pair; write space:number~space:number",
    ]


def test_a_list_and_its_title_have_an_end() -> None:
    view, problems = list_links.parse_list(
        {"pairs": ",".join(f"left:{n}~right:{n}" for n in range(MOST + 2)), "title": "x" * (LONGEST + 1)}
    )
    assert (len(view.pairs), len(view.title)) == (MOST, LONGEST)
    assert problems == [
        f"the list is cut to its first {MOST} pairs of {MOST + 2}",
        f"the title is cut to {LONGEST} characters",
    ]


def test_the_browser_knows_the_same_number_of_pairs() -> None:
    code = (Path(list_links.__file__).parent / "browser" / "tray.js").read_text()
    assert f"MOST_PAIRS = {MOST};" in code


@given(st.sampled_from(GROUPS), st.integers(1, pair_links.MOST))
def test_a_look_at_a_pair_is_read_back(group: str, shown: int) -> None:
    look = Look(group, shown)
    assert pair_links.parse_look(pair_links.look_query(look) | {"r": "0.5"}) == (look, {"r": "0.5"}, [])


def test_a_look_that_cannot_be_read_is_said() -> None:
    look, rest, problems = pair_links.parse_look({"group": "all", "n": "0"})
    assert (look, rest) == (Look(), {})
    assert problems == [
        "group=all is ignored; choose from both, only_a, only_b", "n=0 is ignored; write a whole number from 1 to 65",
    ]  # fmt: skip


def test_a_list_shows_what_there_is_and_says_what_is_not(tiny_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = "left:0~right:1,left:0~right:99,nowhere:1~right:1,right:1~left:0"
    text = said(page(tiny_store, monkeypatch, "reading_list", pairs=names, title="<b>cats</b>", store="00000000"))
    assert "&lt;b&gt;cats&lt;/b&gt;" in text
    assert "This link was made from store `00000000`" in text
    assert "r 1.00" in text
    assert "right has features 0 to" in text
    assert "no space `nowhere`; there are left, right" in text
    assert "These two are not compared in this store, in this order." in text


def test_the_query_of_a_list_keeps_its_order_and_leaves_out_strangers(tiny_store: Path) -> None:
    named = [("left", "right", 3, 2), ("left", "right", 0, 1), ("right", "left", 1, 0), ("left", "right", 0, 4)]
    with Store(tiny_store) as store:
        table = console.run(store, queries.listed(named))
    assert [row[:3] for row in table.rows] == [("left~right", 3, 2), ("left~right", 0, 1)]


def test_an_empty_list_says_how_to_fill_it(tiny_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "This list is empty. Put pairs into it" in said(page(tiny_store, monkeypatch, "reading_list"))


def test_what_the_pages_show_comes_from_the_link(tiny_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(tiny_store, monkeypatch, "pair", a="left:0", b="right:2", group="only_b")
    said(app)
    assert app.button_group(key="pair_group").value == "only_b"
    app.button_group(key="pair_group").set_value("only_a").run()
    assert app.query_params["group"] == "only_a"
    app = page(tiny_store, monkeypatch, "feature", f="left:0", stratum="q5")
    assert app.button_group(key="feature_stratum").value == "q5"
    app = page(tiny_store, monkeypatch, "overview", show="median_pearson")
    assert app.button_group(key="overview_value").value == "median_pearson"
    app.button_group(key="overview_value").set_value("n_homologues").run()
    assert "show" not in app.query_params
    app = page(tiny_store, monkeypatch, "glossary", q="pearson_token")
    assert app.text_input(key="glossary_search").value == "pearson_token"
    text = said(page(tiny_store, monkeypatch, "feature", f="left:0", stratum="strong"))
    assert "stratum=strong is ignored; choose from top" in text
