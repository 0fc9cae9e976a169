"""Token strips and chips: whatever a token holds, the page around it stays whole and readable."""

import re
from html.parser import HTMLParser

import pytest

from dashboard import marks, markup
from store import records as r

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "attribute": '" onmouseover="alert(1)',
    "right-to-left override": "\u202eabc\u202c",
    "isolate": "\u2067abc",
    "zero width": "a\u200bb\u200dc\ufeff",
    "null": "\x00\x1b[31m",
    "line separator": "a\u2028b",
    "lone surrogate": "\ud83d",
    "replacement": "\N{REPLACEMENT CHARACTER}",
    "long": "x" * 10_000,
    "arabic": "\u0634\u0644\u0648\u0645",
    "accents": "a" + "\u0301" * 100,
    "unseen letters": "\u3164\u115f\ufe0f\u034f",
    "empty": "",
}


class Elements(HTMLParser):
    """Names and attributes of the elements, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def token(text: str, activation: float | None = None, *, focus: bool = False, special: bool = False) -> r.StripToken:
    return r.StripToken(0, text, activation, special, focus)


def strip(*tokens: r.StripToken, left: bool = False, right: bool = False) -> r.Strip:
    return r.Strip(7, "numpy.linalg:svd", tokens, left, right, "top", 1)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_makes_no_element_no_attribute_and_no_direction(text: str) -> None:
    plain = strip(token("a", 1.0, focus=True), token(text, 0.5))
    htmls = [
        markup.strip(plain, 1.0),
        markup.pair_strip(r.PairStrip(plain, plain, 1.0, 1.0), 1.0, 1.0),
        markup.token(text),
        markup.chip(text, text),
    ]
    for html in htmls:
        assert {tag for tag, _ in Elements(html).elements} <= {"div", "span", "wbr", "bdi"}
        assert {name for _, attributes in Elements(html).elements for name in attributes} <= {"style", "title"}
    for html in htmls[:3]:
        html = re.sub("\u2068([^\u2066-\u2069]*)\u2069", r"\1", html)
        assert not re.search("[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\x00-\x09\x0b-\x1f\ud800-\udfff]", html)
        assert len(html) < 6_000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (" the", "·the"),
        ("the ", "the·"),
        ("a b", "a b"),
        ("\n", "⏎"),
        ("\n\n    ", "⏎⏎   ·"),
        ("\t", "⇥"),
        ("\r\n", "⇤⏎"),
        ("\x00", "[U+0000]"),
        ("\u202eabc", "[U+202E]abc"),
        ("\u200b", "[U+200B]"),
        ("\u00a0", "[U+00A0]"),
        ("\ud83d", "[U+D83D]"),
        ("\U0001f600", "\U0001f600"),
        ("\u0301a", "◌\u0301a"),
        ("a\u0301\u0302", "a\u0301\u0302"),
        ("a" + "\u0301" * 30, "a" + "\u0301" * 4 + "[accent ×26]"),
        ("\x00\x00\x01", "[U+0000 ×2][U+0001]"),
        ("\u3164", "[U+3164]"),
        ("\u05d0:", "\u2068\u05d0:\u2069"),
        ("", "∅"),
        ("x" * 43, "x" * 43),
        ("x" * 10_000, "x" * 40 + "… (10,000 characters)"),
    ],
)
def test_what_cannot_be_seen_is_marked(text: str, shown: str) -> None:
    assert marks.plain(text) == shown


def test_a_long_token_is_cut_with_its_length() -> None:
    assert Elements(marks.html("x" * 10_000)).text == "x" * 40 + "… 10,000 chars"


def test_shades_grow_with_strength_and_stay_below_the_strongest() -> None:
    assert markup.shade("a", 0.0) == "rgba(47,120,235,0.000)"
    assert markup.shade("a", 0.5) == "rgba(47,120,235,0.335)"
    assert markup.shade("b", 1.0) == markup.shade("b", 7.0) == "rgba(232,116,12,0.550)"


def test_a_strip_shades_by_share_of_the_maximum_and_underlines_its_focus() -> None:
    html = markup.strip(strip(token(" a", 4.0, focus=True), token("b", 1.0), token("c")), 4.0)
    spans = [
        attributes["style"] or ""
        for tag, attributes in Elements(html).elements
        if tag == "span" and "title" in attributes
    ]
    assert [markup.shade("a", part) in style for part, style in zip((1.0, 0.25, 0.0), spans, strict=True)] == [True] * 3
    assert ["border-bottom" in style for style in spans] == [True, False, False]


def test_a_cut_strip_shows_that_the_passage_goes_on() -> None:
    assert Elements(markup.strip(strip(token("a"), left=True, right=True), 1.0)).text.count("…") == 2
    assert Elements(markup.strip(strip(token("a")), 1.0)).text.count("…") == 0


def test_a_pair_strip_of_same_tokens_shows_each_once_with_both_values() -> None:
    a, b = strip(token("x", 2.0, focus=True), token("y")), strip(token("x", 3.0, focus=True), token("y", 1.0))
    html = markup.pair_strip(r.PairStrip(a, b, 2.0, 3.0), 2.0, 3.0)
    titles = [attributes["title"] for tag, attributes in Elements(html).elements if tag == "span"]
    assert titles == ["x\nA: 2\nB: 3", "y\nA: does not fire\nB: 1"]
    assert (
        f"linear-gradient({markup.shade('a', 1.0)} 0 30%,transparent 30% 70%,{markup.shade('b', 1.0)} 70% 100%)" in html
    )


def test_different_tokens_are_cut_where_both_have_a_boundary() -> None:
    a, b = strip(token("un"), token("known"), token(" x")), strip(token("unkn"), token("own"), token(" x"))
    cells = markup.aligned(a, b)
    assert cells is not None
    assert [("".join(t.text for t in x), len(x), len(y)) for x, y in cells] == [("unknown", 2, 2), (" x", 1, 1)]


def test_strips_that_spell_different_text_are_shown_one_below_the_other() -> None:
    a, b = strip(token("ab"), token("c")), strip(token("a"), token("x"))
    assert markup.aligned(a, b) is None
    html = markup.pair_strip(r.PairStrip(a, b, 1.0, 0.0), 1.0, None)
    assert "ab" in Elements(html).text
    assert "ax" in Elements(html).text
