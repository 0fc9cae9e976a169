"""What pages ask of the store: questions about what is on the screen, and none for what is closed."""

import functools
from collections import Counter
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard import data
from store.read import Store
from store.schema import BY_NAME
from tests.bench import questions
from tests.dashboard.test_pages import page, said

KNOWN = {"build", "models", "spaces", "space", "comparisons", "comparison", "comparison_of", "concept_names"}
"""Questions that an open store answers from what it has read already."""
CARD = {"feature", "feature_tokens", "histogram", "logits"}
ASKED = {
    "overview": ({}, {"counts", "summaries", "pairs", "pair_strips", "feature"}),
    "pairs": ({}, {"funnel", "pairs", "points", "null_floor"}),
    "unmatched": ({}, {"unmatched_counts", "unmatched", "null_floor"}),
    "scores": ({}, {"score_variants", "score_grid", "scores", "sweep"}),
    "maps": ({}, {"map_methods"}),
    "pair": (
        {"a": "left:1", "b": "right:0"},
        CARD
        | {"match", "around", "neighbourhood", "neighbours", "map_agreement", "group_counts", "pair_strips"}
        | {"unit_scatter", "token_rows", "runners_up"},
    ),
    "feature": ({"f": "left:1"}, CARD | {"elsewhere", "family", "strips"}),
    "neighbourhood": (
        {"a": "left:1"},
        {"feature", "map_agreement", "neighbourhood", "neighbours", "overlap_distribution"},
    ),
    "families": ({}, {"family_counts", "families"}),
    "concepts": ({"q": "cat"}, {"token_search"}),
    "sql": ({"q": "SELECT 1"}, set()),
    "glossary": ({}, set()),
    "reading_list": ({"pairs": "left:1~right:0"}, {"match", "feature", "pair_strips"}),
}
"""Page -> its link, and the questions that it asks of the tiny store; each is about something that it shows."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each question was put to the store, those that the store answers by asking others included."""
    counter: Counter[str] = Counter()

    def counted(name: str):  # type: ignore[no-untyped-def]
        question = getattr(Store, name)

        @functools.wraps(question)
        def ask(self: Store, *arguments: object, **named: object) -> object:
            counter[name] += 1
            return question(self, *arguments, **named)

        return ask

    for name in questions.names():
        if name not in KNOWN:
            monkeypatch.setattr(Store, name, counted(name))
    st.cache_data.clear()
    return counter


def opened(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, asked: Counter[str]) -> AppTest:
    """A page alone: what the way to it asked is neither counted nor in a cache."""
    query = ASKED[name][0]
    app = page(folder, monkeypatch, name, **query)
    asked.clear()
    st.cache_data.clear()
    app = app.run()
    said(app)
    return app


def test_every_page_is_named(tiny_store: Path) -> None:
    pages = {path.stem for path in (Path(data.__file__).parent / "app_pages").glob("*.py")}
    assert pages == set(ASKED)


@pytest.mark.parametrize("name", ASKED)
def test_a_page_asks_for_what_it_shows(
    tiny_store: Path, monkeypatch: pytest.MonkeyPatch, asked: Counter[str], name: str
) -> None:
    opened(tiny_store, monkeypatch, name, asked)
    assert set(asked) == ASKED[name][1]


@pytest.mark.parametrize(
    ("key", "questions"), [("pairs_map", {"points"}), ("pairs_floor", {"null_floor", "best_points"})]
)
def test_a_closed_expander_asks_nothing(
    tiny_store: Path, monkeypatch: pytest.MonkeyPatch, asked: Counter[str], key: str, questions: set[str]
) -> None:
    app = opened(tiny_store, monkeypatch, "pairs", asked)
    whole = set(asked)
    assert whole & questions
    asked.clear()
    st.cache_data.clear()
    app.session_state[key] = False
    said(app.run())
    assert set(asked) == whole - questions


def test_what_is_closed_at_first_is_written_when_opened(
    tiny_store: Path, monkeypatch: pytest.MonkeyPatch, asked: Counter[str]
) -> None:
    app = opened(tiny_store, monkeypatch, "overview", asked)
    closed = len(app.main)
    inside = len(app.get("expander")[0].children)
    app.session_state["overview_how"] = True
    app.run()
    assert inside == 0
    assert len(app.get("expander")[0].children) > 0
    assert len(app.main) == closed


@pytest.mark.parametrize(("table", "columns"), [("all", 0), ("matches", len(BY_NAME["matches"].columns))])
def test_the_schema_browser_is_written_when_a_link_opens_it(
    tiny_store: Path, monkeypatch: pytest.MonkeyPatch, table: str, columns: int
) -> None:
    closed = page(tiny_store, monkeypatch, "sql").get("expander")[0]
    opened = page(tiny_store, monkeypatch, "sql", table=table).get("expander")[0]
    assert len(closed.children) == 0
    html = "".join(one.proto.body for one in opened.get("html"))
    assert "picked_matches" in html or columns
    assert html.count("<tr") == (columns + 1 if columns else 0)


def test_a_link_to_a_table_that_there_is_not_says_which_there_are(
    tiny_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said(page(tiny_store, monkeypatch, "sql", table="match"))
    assert "match" in text
    assert "picked_matches" in text
