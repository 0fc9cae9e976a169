"""Whatever a link says, there is a page: what it names, or what is wrong with it in words. Never a traceback."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from dashboard import (
    data,
    family_links,
    links,
    list_links,
    lookup,
    map_links,
    neighbour_links,
    pair_links,
    previews,
    score_links,
)
from dashboard.data import Reader
from dashboard.links import LinkError
from dashboard.lookup import Known
from store.errors import StoreError
from store.read import Store
from store.records import GROUPS, REASONS, SORTS, Thresholds
from store.visitors import Visitors
from tests import hostile
from tests.dashboard.test_hostile import shown
from tests.dashboard.test_pages import APP

PAGES = {
    "overview": ("value", "store"),
    "pairs": ("comparison", "r", "context", "fires", "fa", "fb", "show", "only", "sort", "page", "region", "t_rare", "t_chance"),
    "unmatched": ("comparison", "side", "below", "fires", "show", "sort", "page", "t_dense", "t_rare"),
    "scores": ("comparison", "metric", "parameters", "level", "subset", "table", "page"),
    "maps": ("comparison", "method", "colour", "concept", "r", "region", "page"),
    "pair": ("a", "b", "group", "n", "r", "show", "sort", "t_thin", "only"),
    "feature": ("f", "stratum"),
    "neighbourhood": ("comparison", "a"),
    "families": ("family", "spaces", "r", "show", "page", "t_hub"),
    "concepts": ("q", "concept", "share", "n"),
    "sql": ("q",),
    "glossary": ("q",),
    "reading_list": ("pairs", "title"),
}  # fmt: skip
"""The parameters of each page."""
NAMES = sorted({name for names in PAGES.values() for name in names} | {f"t_{item.name}" for item in fields(Thresholds)})
LINE = 1200
"""Characters of a message, at most: names of a store may stand in it."""

refs = st.builds("{}:{}".format, st.sampled_from([*hostile.SPACES, "nowhere", "", "A"]), st.integers(-1, hostile.N + 1))
numbers = st.one_of(
    st.floats().map(str),
    st.integers().map(str),
    st.sampled_from(
        ["1e400", "-0", "+1", "1_0", "0x1", "٣", "²", " 1", "1 ", "NaN", "2147483648", "9" * 5000, "1.", ".5"]
    ),
)
words = st.one_of(
    st.sampled_from([
        f"{hostile.A}~{hostile.B}", f"{hostile.A}~{hostile.C}", f"{hostile.B}~{hostile.A}", "hostile", "rsa", "umap", "pca",
        "concept", "cluster_b", "rate", "a", "b", "decoder", "all", "q1", "top", "random", "metric", "a:0,0,9,9",
        "b:-1e3,0,1,1", "0,1,.2,.9", "a:1,1,1,1", "~", ":", ",", *SORTS, *REASONS, *GROUPS,
    ]),
    refs,
    st.lists(st.one_of(refs, st.sampled_from(list(REASONS))), max_size=4).map(",".join),
    st.lists(refs, min_size=2, max_size=2).map("~".join),
)  # fmt: skip
nasty = st.one_of(
    st.text(max_size=30),
    st.sampled_from([text for text in hostile.ALL if len(text) < 200]),
    st.sampled_from(["", " ", "\n", "x" * 5000, "%", "%00", "../..", "a" * 90 + ":" + "1" * 90]),
)
values = st.one_of(numbers, words, nasty)
sendable = values.map(lambda text: text.encode("utf-8", "replace").decode())
"""What a browser can send: halves of surrogate pairs cannot be written in UTF-8."""
strangers = st.one_of(st.sampled_from([*NAMES, "store", "embed", "embed_options", "q", "__proto__"]), nasty)
queries = st.dictionaries(strangers, values, max_size=6)


def parsers(store: Store) -> Iterator[Callable[[Mapping[str, str]], object]]:
    """Everything that reads a link, each with what the store has."""
    variants = store.score_variants()
    yield links.parse_pair
    yield links.parse_one
    yield links.parse_pairs
    yield links.parse_unmatched
    yield lambda query: links.parse_stratum(query, ("top", "q1"))
    yield lambda query: links.parse_overview(query, ("n_homologues", "median_pearson"))
    yield pair_links.parse_look
    yield family_links.parse_families
    yield family_links.parse_search
    yield list_links.parse_list
    yield lambda query: score_links.settled(score_links.parse_scores(query)[0], variants)
    yield lambda query: map_links.settled(map_links.parse_maps(query)[0], ["umap", "pca"], ["hostile"])
    yield score_links.parse_scores
    yield map_links.parse_maps
    yield neighbour_links.parse_neighbours


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hostile.write(tmp_path_factory.mktemp("fuzzed") / "store")


@pytest.fixture(scope="module")
def store(folder: Path) -> Iterator[Store]:
    with Store(folder) as opened:
        yield opened


def answer(ask: Callable[..., Any], *asked: object) -> tuple[Any, list[str]]:
    """What is found, or None; and the lines that say what is wrong."""
    try:
        found = ask(*asked)
    except (LinkError, StoreError) as error:
        return None, [str(error)]
    return found, found[-1] if isinstance(found, tuple) and isinstance(found[-1], list) else []


def fit(lines: Sequence[str]) -> bool:
    return all(len(line) <= LINE and "\n" not in line for line in lines)


@settings(max_examples=300, deadline=None)
@given(queries)
def test_a_link_is_read_or_answered_in_a_line(store: Store, query: dict[str, str]) -> None:
    for parse in parsers(store):
        assert fit(answer(parse, query)[1])


@settings(max_examples=200, deadline=None)
@given(st.one_of(values, st.lists(refs, max_size=6).map(" ".join)))
def test_whatever_is_searched_leads_to_a_page(store: Store, text: str) -> None:
    known = Known(store.fingerprint, store.spaces(), store.comparisons(), ["hostile"])
    found, lines = answer(lookup.meaning, text, known)
    assert fit(lines)
    if found is None:
        return
    page, query = found
    assert page in PAGES
    written = links.href(page, {name: value.encode("utf-8", "replace").decode() for name, value in query.items()})
    assert dict(parse_qsl(urlsplit(written).query, keep_blank_values=True)).keys() == query.keys()


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(links.PAGES), queries)
def test_whatever_is_linked_has_a_preview(store: Store, page: str, query: dict[str, str]) -> None:
    visitors = Visitors()
    found, lines = answer(previews.preview, Reader(store, None, visitors), page, query)
    visitors.close()
    assert fit(lines)
    assert found is None or previews.tags(found).count("<") == 6


@pytest.fixture(scope="module")
def visit(folder: Path) -> Iterator[Callable[[str, Mapping[str, object]], AppTest]]:
    """Opens a page by a link; a visitor stays on a page from link to link, as with back and forward."""
    opened: dict[str, AppTest] = {}

    def see(name: str, query: Mapping[str, object]) -> AppTest:
        app = opened.get(name)
        if app is None:
            app = opened[name] = AppTest.from_file(str(APP), default_timeout=60).run()
            if name != "overview":
                app.switch_page(f"app_pages/{name}.py")
        app.query_params.clear()
        for key, value in query.items():
            app.query_params[key] = value
        return app.run()

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(data.ENVIRONMENT, str(folder))
        yield see


@pytest.mark.parametrize("name", PAGES)
def test_every_page_answers_every_link(visit: Callable[[str, Mapping[str, object]], AppTest], name: str) -> None:
    own = st.dictionaries(st.sampled_from([*PAGES[name], "store"]), sendable, max_size=4)
    several = st.dictionaries(st.sampled_from(PAGES[name]), st.lists(sendable, min_size=1, max_size=3), max_size=1)
    other = st.dictionaries(strangers.map(lambda text: text.encode("utf-8", "replace").decode()), sendable, max_size=1)

    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @given(own, several, other)
    def answers(known: dict[str, str], repeated: dict[str, list[str]], unknown: dict[str, str]) -> None:
        app = visit(name, unknown | known | repeated)
        text = shown(app)
        titles = [title.value for title in app.title]
        assert titles in ([], ["This link names something that is not here"])
        assert titles or len(text) > 60

    answers()
