"""A pair as one file: whole, closed, and safe whatever the tokens hold."""

import re
from dataclasses import replace
from datetime import date, datetime
from html.parser import HTMLParser

import pytest

from dashboard import pair_page, standalone
from dashboard.links import PairsView
from dashboard.pair_page import Pair, Side
from store import records as r
from tests.dashboard.test_words import MATCH

HOSTILE = "</style></main><script>alert(1)</script><img src=https://x.example/y onerror='a'>\"\u202e\ud83d"
TODAY = date(2026, 11, 28)
BASE = "https://lab.example/homolog/pair?a=x"
BUILD = r.Build("abcdef01" + "0" * 56, 4, datetime(2026, 11, 27), "0.1.0", "", "{}")


def side(space: str, feature: int, token: str = " cat") -> Side:
    return Side(
        r.Feature(space, feature, 40, 0.01, 4.0, 2.0, token, 0.5, 1.25, 0.0, 1.0, token),
        r.Space(space, "m", "sae", f"blocks.0.{token}", 8, 10, "here", 10, 1.0, 0.9, None),
        r.Model("m", token, 2, 8, 100, 1000, "float32", "cpu", "0"),
        [r.FeatureToken(1, token, 0.5, 20)],
        [r.HistogramBin(0.0, 2.0, 30), r.HistogramBin(2.0, 4.0, 10)],
        [r.Logit("promoted", 1, token, 1.5), r.Logit("suppressed", 1, token, -0.5)],
    )


def strip(token: str, n: int) -> r.PairStrip:
    def tokens(activation: float | None) -> tuple[r.StripToken, ...]:
        return (
            r.StripToken(0, "<bos>", None, True, False),
            r.StripToken(1, token, activation, False, True),
            r.StripToken(2, f" word{n}", None, False, False),
        )

    a, b = (r.Strip(n, token, tokens(value), False, True) for value in (2.0, 3.0))
    return r.PairStrip(a, b, 2.0, 3.0)


def pair(token: str = " cat", **changes: object) -> Pair:
    found = Pair(
        BUILD, r.Comparison("left~right", "left", "right", "identical", 100, 10),
        (side("left", 1, token), side("right", 2, token)), replace(MATCH, reasons=("token",), top_token_a=token),
        PairsView(), {"both": 1040, "only_a": 478, "only_b": 0},
        {"both": [strip(token, n) for n in range(12)], "only_a": [strip(token, 20)], "only_b": []},
    )  # fmt: skip
    return replace(found, **changes)  # type: ignore[arg-type]


class Tags(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def test_a_page_says_what_the_pair_page_says() -> None:
    text = pair_page.page(pair(), BASE, TODAY).decode()
    plain = re.sub("<[^>]*>", "", text)
    for said in (
        "left:1 ↔ right:2", "r .782 = token .072 + context .710", "Both fire on 1,040 units", "Why it may be trivial",
        "A: m ( cat, float32 on cpu) at blocks.0. cat", "1,040 units, the 10 strongest passages",
        "478 units, the strongest passage", "0 units", "How to read this",
        f"Store {BUILD.fingerprint}, published 27 Nov 2026 · saved 28 Nov 2026",
    ):  # fmt: skip
        assert said in plain
    assert len(re.findall(r"word\d+", plain)) == 11
    assert "linear-gradient(" in text
    assert text.count("<svg") == 2
    assert 'href="https://lab.example/homolog/pair?store=abcdef01&amp;a=left:1&amp;b=right:2"' in text
    assert 'href="https://lab.example/homolog/feature?store=abcdef01&amp;f=left:1"' in text
    assert "<title>left:1 ↔ right:2 · r .78 · Homolog</title>" in text


@pytest.mark.parametrize("base", [BASE, None])
def test_whatever_the_tokens_hold_the_page_only_says_it(base: str | None) -> None:
    text = pair_page.page(pair(HOSTILE), base, TODAY).decode()
    found = Tags(text)
    assert {"script", "img", "iframe", "object", "link", "form", "base"} & set(found.tags) == set()
    assert found.tags.count("style") == found.tags.count("main") == 1
    names = {name for name, _ in found.attributes}
    assert [name for name in names if name.startswith("on")] == []
    assert {"src", "srcset"} & names == set()
    links = [value for name, value in found.attributes if name == "href"]
    assert all(value is not None and value.startswith("https://lab.example/homolog/") for value in links)
    assert (links == []) is (base is None)
    styles = [value or "" for name, value in found.attributes if name == "style"]
    assert [one for one in styles if "url(" in one] == []
    assert "\u202e" not in text


def test_the_policy_forbids_scripts_and_any_other_address() -> None:
    text = pair_page.page(pair(), BASE, TODAY).decode()
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in text
    assert text.index("http-equiv") < text.index("<style>")
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_what_is_unknown_is_left_out() -> None:
    silent = replace(side("right", 2), feature=replace(side("right", 2).feature, n_active=0, label=None))
    bare = replace(side("left", 1), logits=[], histogram=[])
    text = pair_page.page(pair(match=None, sides=(bare, silent)), BASE, TODAY).decode()
    assert "These two were never candidates of each other" in text
    assert "It never fires on this text." in text
    assert "Output tokens" not in text
    assert "<svg" not in text


def test_links_are_made_absolute_or_taken_out() -> None:
    body = '<a href="pair?a=b:1&amp;b=c:2" title="x">p</a><a href="https://neuronpedia.org/x">n</a>'
    assert standalone.absolute(body, "http://h:1/m/feature?f=q") == body.replace('"pair?', '"http://h:1/m/pair?')
    assert standalone.absolute(body, None) == '<a title="x">p</a><a href="https://neuronpedia.org/x">n</a>'
