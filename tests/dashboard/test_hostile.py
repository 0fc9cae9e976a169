"""Every page on a store whose every text is hostile: all of it is shown, as text, and nothing of it acts."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from google.protobuf.json_format import MessageToDict
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Element

from dashboard import list_links, marks, previews, tables
from dashboard.data import Reader
from store import cells
from store.read import Store
from store.visitors import Visitors
from tests import hostile
from tests.dashboard.test_components import Elements
from tests.dashboard.test_pages import page

ELEMENTS = {
    *("a", "b", "bdi", "br", "code", "div", "h1", "h2", "h3", "small", "span", "table", "tbody", "td", "th", "thead"),
    *("tr", "wbr", "details", "summary", "dl", "dt", "dd"),
}
ATTRIBUTES = {"href", "title", "style", "scope", "role", "tabindex", "aria-label"}
ATTRIBUTES |= {"rel", "data-pairs", "data-on", "data-off", "data-main"}
PLAIN = {"arrow_data_frame", "code", "text_area", "text_input", "selectbox", "bidi_component"}
"""Elements whose text Streamlit shows as it is; of the other ones all text is markdown."""
SHORT = 12
"""Characters by which a text is known."""
ACTS = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u2067\ufeff\x00-\x08\x0b-\x1f\x7f-\x9f\ue000\u3164\ud800-\udfff]")
SHOW = "rare,dense,special,position,token,single_token,stop_token,not_mutual,hub,chance,thin"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hostile.write(tmp_path_factory.mktemp("hostile") / "store")


class Html(Elements):
    """The same, and comments."""

    def handle_comment(self, data: str) -> None:
        self.elements.append(("comment", {}))


def elements(block: Block) -> Iterator[Element]:
    for child in block.children.values():
        if isinstance(child, Block):
            yield from elements(child)
        yield child  # type: ignore[misc]


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)


def held(text: str) -> bool:
    """Whether a text holds something of the store: of a hostile text, or a name that markdown would read."""
    known = [marks.plain(one)[:SHORT] for one in hostile.ALL] + [one[:SHORT] for one in hostile.ALL]
    return any(one in text for one in known if len(one) == SHORT) or hostile.ELSEWHERE in text or "._x_" in text


def shown(app: AppTest) -> str:
    """All text of a page's HTML; fails where any of it acts."""
    assert [one.message for one in app.exception] == []
    text = ""
    for one in elements(app.main):
        proto = getattr(one, "proto", None)
        if proto is None or isinstance(one, Block):
            continue
        if one.type == "html":
            text += harmless(proto.body)
        elif one.type in ("arrow_vega_lite_chart", "vega_lite_chart"):
            for string in strings(json.loads(proto.spec)):
                assert not ACTS.search(string), string
                assert len(string) < 200, string
        elif one.type not in PLAIN:
            for string in strings(MessageToDict(proto)):
                known = string.startswith("$$ID-") or one.type in ("page_link", "download_button")
                assert known or not held(string), (one.type, string)
    return text


def harmless(html: str) -> str:
    """The text of HTML that has only what the pages themselves write."""
    read = Html(html)
    assert {tag for tag, _ in read.elements} <= ELEMENTS
    for _, attributes in read.elements:
        assert attributes.keys() <= ATTRIBUTES
        assert "fixed" not in (attributes.get("style") or "")
        target = urlsplit(attributes.get("href") or "")
        assert (target.scheme, target.netloc) in {("", ""), ("https", "neuronpedia.org")}
        assert not ACTS.search(" ".join(value or "" for value in attributes.values()))
    assert not ACTS.search(read.text)
    assert len(html) < 400_000
    return read.text


def expected(text: str, limit: int) -> str:
    return marks.plain(text, limit).replace("characters)", "chars").replace("… (", "… ").strip("\u2068\u2069")


def visits(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, queries: Iterable[dict[str, str]]
) -> Iterator[AppTest]:
    """A page under one query after the other, as one visitor sees it."""
    app: AppTest | None = None
    for query in queries:
        if app is None:
            app = page(folder, monkeypatch, name, **query)
        else:
            app.query_params.clear()
            for key, value in query.items():
                app.query_params[key] = value
            app.run()
        yield app


@pytest.mark.parametrize("space_b", [hostile.B, hostile.C])
def test_pairs_shows_every_text(folder: Path, monkeypatch: pytest.MonkeyPatch, space_b: str) -> None:
    name = f"{hostile.A}~{space_b}"
    queries = [{"comparison": name, "show": SHOW, "page": number, "r": "-1"} for number in ("1", "2")]
    text = "".join(map(shown, visits(folder, monkeypatch, "pairs", queries)))
    for one in hostile.ALL:
        assert expected(one, 22) in text, one[:60]


def test_a_pair_shows_its_text(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The others stand in the tables of their neighbours' pages, and in every list below.
    places = range(0, hostile.N, 2)
    queries = ({"a": f"{hostile.A}:{k}", "b": f"{hostile.B}:{k}"} for k in places)
    for app, text in zip(visits(folder, monkeypatch, "pair", queries), hostile.ALL[::2], strict=True):
        assert expected(text, marks.LONGEST) in shown(app), text[:60]


def test_a_feature_shows_its_text(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queries = ({"f": f"{hostile.A}:{k}"} for k in range(1, hostile.N, 2))
    for app, text in zip(visits(folder, monkeypatch, "feature", queries), hostile.ALL[1::2], strict=True):
        assert expected(text, marks.LONGEST) in shown(app), text[:60]


@pytest.mark.parametrize("side", ["a", "b"])
def test_unmatched_shows_every_text_and_label(folder: Path, monkeypatch: pytest.MonkeyPatch, side: str) -> None:
    query = {"comparison": f"{hostile.A}~{hostile.C}", "side": side, "below": "1", "show": "rare,dense,special"}
    text = "".join(map(shown, visits(folder, monkeypatch, "unmatched", [query, query | {"page": "2"}])))
    for one in hostile.ALL:
        assert expected(hostile.seen("m1" if side == "a" else "m2", one), 22) in text, one[:60]
        assert marks.plain(one, 60).strip("\u2068\u2069") in text, one[:60]


@pytest.mark.parametrize("group", ["only_a", "only_b"])
@pytest.mark.parametrize("name", ["script", "override", "long", "accents", "lines"])
def test_every_group_of_a_pair_shows_its_passage(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, group: str
) -> None:
    k = hostile.place(name)
    app = page(folder, monkeypatch, "pair", a=f"{hostile.A}:{k}", b=f"{hostile.B}:{k}")
    app.button_group(key="pair_group").set_value(group).run()
    assert expected(hostile.TEXTS[name], marks.LONGEST) in shown(app)


@pytest.mark.parametrize("name", ["script", "markdown image", "split bytes", "accents", "emoji", "long words"])
def test_a_pair_of_other_tokens_shows_both_cuts(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    k = hostile.place(name)
    found = shown(page(folder, monkeypatch, "pair", a=f"{hostile.A}:{k}", b=f"{hostile.C}:{k}"))
    for half in hostile.halves(hostile.TEXTS[name]):
        assert expected(half, marks.LONGEST) in found


@pytest.mark.parametrize("stratum", ["q5", "q3", "q1", "random"])
def test_every_stratum_shows_its_passages(folder: Path, monkeypatch: pytest.MonkeyPatch, stratum: str) -> None:
    k = hostile.place("image")
    app = page(folder, monkeypatch, "feature", f=f"{hostile.A}:{k}")
    app.button_group(key="feature_stratum").set_value(stratum).run()
    assert expected(hostile.TEXTS["image"], marks.LONGEST) in shown(app)


def test_a_search_for_a_text_finds_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    searched = [text for text in hostile.ALL if len(text) <= 100]
    apps = visits(folder, monkeypatch, "concepts", ({"q": text} for text in searched))
    for app, text in zip(apps, searched, strict=True):
        assert (expected(text, 22) if text.strip() else "White space alone spells no token") in shown(app), text


def test_concepts_show_every_keyword(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown(page(folder, monkeypatch, "concepts"))
    text = shown(page(folder, monkeypatch, "concepts", concept="hostile", n="200"))
    for k, one in enumerate(hostile.ALL):
        assert (expected(one, 22) if k % 3 else marks.plain(one).strip("\u2068\u2069")) in text, one[:60]


def test_families_show_every_text(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    every = {"show": SHOW.replace("not_mutual,", "")}
    one_family = every | {"family": f"{hostile.C}:{hostile.place('override')}"}
    queries = [every, every | {"page": "2"}, one_family]
    *lists, family = map(shown, visits(folder, monkeypatch, "families", queries))
    for one in hostile.ALL:
        assert expected(one, 22) in "".join(lists), one[:60]
    assert expected(hostile.TEXTS["override"], marks.LONGEST) in family


def test_neighbours_show_their_texts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"{hostile.A}~{hostile.B}"
    places = range(0, hostile.N, 3)
    apps = visits(folder, monkeypatch, "neighbourhood", ({"comparison": name, "a": f"{hostile.A}:{k}"} for k in places))
    for k, app in zip(places, apps, strict=True):
        text = shown(app)
        for one in (hostile.ALL[(k + step) % hostile.N] for step in range(3)):
            assert expected(one, 22) in text, one[:60]


@pytest.mark.parametrize("colour", ["cluster", "concept"])
def test_a_region_of_a_map_shows_its_texts(folder: Path, monkeypatch: pytest.MonkeyPatch, colour: str) -> None:
    query = {"comparison": f"{hostile.A}~{hostile.B}", "region": "a:-1,-1,9,9", "colour": colour}
    text = "".join(map(shown, visits(folder, monkeypatch, "maps", [query, query | {"page": "2"}])))
    for one in hostile.ALL:
        assert expected(one, 22) in text, one[:60]


def test_the_overview_shows_where_things_came_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(folder, monkeypatch, "overview")
    text = shown(app)
    assert f"![x](http://{hostile.ELSEWHERE}/run.png)" in text
    assert expected(hostile.TEXTS["attribute"], 60) in text
    app.session_state["overview_how"] = True
    text = shown(app.run())
    assert "<b>x</b>" in text
    assert "[U+202E]1" in text
    (code,) = app.code
    assert "\u202e" not in code.value
    assert hostile.TEXTS["script"] in code.value


def test_scores_say_why_there_is_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ((hostile.B, "rsa"), (hostile.B, "procrustes"), (hostile.C, "rsa"))
    queries = [{"comparison": f"{hostile.A}~{space}", "metric": metric} for space, metric in asked]
    *_, text = map(shown, visits(folder, monkeypatch, "scores", queries))
    assert f"There is no value: {hostile.TEXTS['image']}." in text


def test_an_answer_of_sql_shows_every_text_and_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    title = hostile.TEXTS["markdown image"].replace('"', '""')
    query = f'SELECT label AS "{title}", space, feature FROM features ORDER BY space, feature'
    app = page(folder, monkeypatch, "sql", q=query)
    shown(app)
    frame = app.dataframe[0].value
    assert list(frame.columns) == ["feature ↗", hostile.TEXTS["markdown image"], "space", "feature"]
    known = {cells.cut(text, tables.LONGEST)[0] for text in hostile.ALL}
    assert set(frame.iloc[:, 1]) == known


def test_a_column_of_a_visitor_is_never_opened_as_a_link(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    query = "SELECT 'javascript:alert(1)' AS \"feature ↗\", space, feature, 'data:text/html,x' AS \"feature ↗ (2)\" FROM features LIMIT 1"
    app = page(folder, monkeypatch, "sql", q=query)
    shown(app)
    (frame,) = app.dataframe
    assert list(frame.value.columns) == ["feature ↗", "feature ↗ (2)", "space", "feature", "feature ↗ (2) (2)"]
    config = json.loads(frame.proto.columns)
    assert [name for name, one in config.items() if one.get("type_config", {}).get("type") == "link"] == ["feature ↗"]
    assert parse_qs(urlsplit(frame.value.iloc[0, 0]).query)["f"] == [f"{hostile.B}:0"]


def test_what_a_chat_shows_of_a_link_is_text(folder: Path) -> None:
    with Store(folder) as store:
        visitors = Visitors()
        reader = Reader(store, None, visitors)
        for k, text in enumerate(hostile.ALL):
            pairs = {"pairs": f"{hostile.A}:{k}~{hostile.B}:{k}", "title": text}
            asked = [("feature", {"f": f"{hostile.A}:{k}"}), ("concepts", {"q": text}), ("list", pairs)]
            for name, query in asked:
                found = previews.preview(reader, name, query)
                read = Html(previews.tags(found))
                assert [tag for tag, _ in read.elements] == ["title", "meta", "meta", "meta", "meta"]
                assert {name for _, attributes in read.elements for name in attributes} <= {
                    "property",
                    "content",
                    "name",
                }
                said = read.text + " ".join(attributes.get("content") or "" for _, attributes in read.elements)
                assert not ACTS.search(said)
                assert len(said) < 1200
        visitors.close()


def test_a_reading_list_shows_its_title_and_its_texts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["script", "override", "accents", "long", "blank"]
    pairs = ",".join(f"{hostile.A}:{k}~{hostile.B}:{k}" for k in map(hostile.place, names))
    queries = [{"pairs": pairs, "title": text} for text in hostile.ALL]
    for app, title in zip(visits(folder, monkeypatch, "reading_list", queries), hostile.ALL, strict=True):
        text = shown(app)
        assert expected(title.strip()[: list_links.LONGEST] or "Reading list", list_links.LONGEST) in text, title[:60]
        for name in names:
            assert expected(hostile.TEXTS[name], marks.LONGEST) in text, name
