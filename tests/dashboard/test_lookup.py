"""The search box: the most exact reading of a text goes first, and a word is what is left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import links, lookup
from dashboard.lookup import Known
from store.records import Comparison, Space


def space(name: str) -> Space:
    return Space(name, "one", "sae", None, 4, 8, None, 8, 1.0, None, None)


def comparison(a: str, b: str) -> Comparison:
    return Comparison(f"{a}~{b}", a, b, "identical", 10, 1)


KNOWN = Known(
    "3fa9c2d1" + "0" * 56,
    [space("left"), space("right"), space("alone")],
    [comparison("left", "right")],
    ["arrays", "time"],
)
STORE = {"store": "3fa9c2d1"}


@pytest.mark.parametrize(
    ("text", "page", "query"),
    [
        ("left:3", "feature", {"f": "left:3"}),
        ("  left:3 ", "feature", {"f": "left:3"}),
        ("left:3 right:4", "pair", {"a": "left:3", "b": "right:4"}),
        ("right:4 ↔ left:3", "pair", {"a": "left:3", "b": "right:4"}),
        ("right:4~left:3", "pair", {"a": "left:3", "b": "right:4"}),
        ("left:1~right:2,left:3~right:4", "reading_list", {"pairs": "left:1~right:2,left:3~right:4"}),
        ("left~right", "pairs", {"comparison": "left~right"}),
        ("Left~Right", "pairs", {"comparison": "left~right"}),
        ("right", "pairs", {"comparison": "left~right"}),
        ("left:", "pairs", {"comparison": "left~right"}),
        ("alone", "feature", {"f": "alone:0"}),
        ("Arrays", "concepts", {"concept": "arrays"}),
        ("array", "concepts", {"q": "array"}),
        ("left:3 and more", "concepts", {"q": "left:3 and more"}),
        ("<script>", "concepts", {"q": "<script>"}),
    ],
)
def test_what_a_text_means(text: str, page: str, query: dict[str, str]) -> None:
    assert lookup.meaning(text, KNOWN) == (page, STORE | query)


def test_a_feature_of_a_space_that_is_not_here_is_left_to_its_page_to_refuse() -> None:
    assert lookup.meaning("nowhere:3", KNOWN) == ("feature", STORE | {"f": "nowhere:3"})


def test_suggestions_name_concepts_spaces_and_comparisons() -> None:
    assert KNOWN.names() == ["arrays", "time", "left:", "right:", "alone:", "left~right"]


@given(st.text())
def test_any_text_leads_to_a_page(text: str) -> None:
    page, query = lookup.meaning(text, KNOWN)
    assert page in {"feature", "pair", "reading_list", "pairs", "concepts"}
    assert query["store"] == "3fa9c2d1"
    assert links.href(page, query).startswith(page)
