"""The query behind a table gives the rows of the table: the same ids in the same order, whatever the filter."""

import re
from collections.abc import Iterator, Sequence
from html import escape, unescape
from itertools import product
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from dashboard import tables
from dashboard.links import PairsView, UnmatchedView
from dashboard.queries import concepts, examples, families, feature, maps, neighbours, overview, pair, pairs, scores
from dashboard.queries import schema as schema_queries
from dashboard.score_links import ScoresView
from store import console, schema
from store import records as r
from store.read import STRATA, Store
from tests import mapped
from tests.dashboard.test_pages import page, said
from tests.store import build

Rows = list[tuple[object, ...]]


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of two maps, with features that pass every filter, ties in r, and words of two concepts."""
    rows = mapped.tables(60)
    for one in rows["features"]:
        number = one["feature"]
        one |= {"n_active": 40 + number, "firing_rate": 0.01, "special_share": 0.0, "mean_activation": 0.5}
        one |= {"token_entropy_bits": float(number % 7), "top_token": f" t{number % 5}"}
    for one in rows["matches"]:
        place = one["feature_a"]
        one |= {"n_both": 20 + place % 3, "n_a_only": 3, "hub_size": 1 + place % 4, "pearson_position": 0.0}
        one |= {"margin": None if place % 6 == 0 else place % 4 / 8, "neighbour_overlap": place % 5 / 8}
        one |= {"neighbour_rbo": None if place % 9 == 0 else place % 3 / 4, "z_context": float(place % 8)}
    template = dict(rows["feature_tokens"][0])
    rows["feature_tokens"] = [
        {**template, "space": space, "feature": number, "rank": rank, "token": token, "mass_share": 0.5 / rank}
        for space in "ab"
        for number in range(60)
        for rank, token in enumerate((f" t{number % 5}", f"T{number % 5}\t", "it's"), 1)
    ]
    for one in rows["concept_features"]:
        one["mass_share"] = 0.25 + one["feature"] % 3 / 4
    return build.write(tmp_path_factory.mktemp("rich"), rows)


@pytest.fixture(scope="module", params=["tiny", "small", "rich"])
def folder(request: pytest.FixtureRequest, tiny_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One tokenizer; one and two tokenizers, nearly empty; many rows with ties."""
    if request.param == "tiny":
        return tiny_store
    if request.param == "small":
        return build.write(tmp_path_factory.mktemp("small"), build.tables())
    return request.getfixturevalue("rich")


@pytest.fixture(scope="module")
def store(folder: Path) -> Iterator[Store]:
    with Store(folder) as opened:
        yield opened


def rows_of(store: Store, sql: str, *names: str) -> Rows:
    """Those columns of a query's answer, lists as tuples."""
    table = console.run(store, sql, max_rows=5000)
    places = [table.columns.index(name) for name in names]
    cells = ((row[at] for at in places) for row in table.rows)
    return [tuple(tuple(cell) if isinstance(cell, list) else cell for cell in row) for row in cells]


def matches(found: Sequence[r.Match]) -> Rows:
    return [(one.comparison, one.feature_a, one.feature_b) for one in found]


IDS = ("comparison", "feature_a", "feature_b")
LOOSE = r.Thresholds(rare=1, dense=1.0, special=1.0, token=1.0, single_token=1.0, stop_token=1.0, hub=9, chance=1.0)
FILTERS = [
    r.PairFilter(),
    r.PairFilter(hide=()),
    r.PairFilter(hide=(), min_pearson=-1.0),
    r.PairFilter(min_pearson=0.2, min_context=0.1, min_active=2, hide=("token", "thin")),
    r.PairFilter(hide=("not_mutual",), thresholds=LOOSE),
    r.PairFilter(only="not_mutual", hide=("rare",)),
    r.PairFilter(only="min_pearson", min_pearson=0.9),
    r.PairFilter(only="hub", hide=("rare",), thresholds=r.Thresholds(hub=2)),
    r.PairFilter(hide=(), feature_a=0),
]


@pytest.mark.parametrize(
    ("chosen", "sort"),
    [*((one, "pearson") for one in FILTERS), *((FILTERS[1], sort) for sort in ("margin", "n_both", "feature_b"))],
)
def test_pairs(store: Store, chosen: r.PairFilter, sort: str) -> None:
    for c in store.comparisons():
        shown = store.pairs(c.comparison, chosen, sort, 1000)
        sql = pairs.pairs(c, PairsView(c.comparison, chosen, sort))
        wanted = [(*ids, one.match.reasons) for ids, one in zip(matches([p.match for p in shown]), shown, strict=True)]
        assert rows_of(store, sql, *IDS, "reasons") == wanted
        assert [a or () for (a,) in rows_of(store, sql, "tokens_a")] == [one.tokens_a for one in shown]


@pytest.mark.parametrize("side", ["a", "b"])
@pytest.mark.parametrize("sort", r.UNMATCHED_SORTS)
@pytest.mark.parametrize(
    "chosen",
    [
        r.UnmatchedFilter(),
        r.UnmatchedFilter(below=1.0, hide=()),
        r.UnmatchedFilter(below=0.6, min_active=45, thresholds=r.Thresholds(rare=1, dense=0.5, token=0.5)),
    ],
)
def test_unmatched(store: Store, chosen: r.UnmatchedFilter, side: str, sort: str) -> None:
    for c in store.comparisons():
        shown = store.unmatched(c.comparison, side, chosen, sort, 1000)
        sql = pairs.unmatched(c, UnmatchedView(None, side, chosen, sort))
        partner = "feature_b" if side == "a" else "feature_a"
        names = ("space", "feature", "reasons", partner, "pearson", "mass")
        wanted = [(one.space, one.feature, one.reasons, one.partner, one.pearson, one.mass) for one in shown]
        assert rows_of(store, sql, *names) == wanted
        if side == "a":
            assert rows_of(store, sql, "chance_q95") == [(one.chance_q95,) for one in shown]


def candidates(store: Store) -> Iterator[tuple[r.Comparison, r.Match]]:
    """A few pairs of every comparison, and one that fires little."""
    for c in store.comparisons():
        found = store.pairs(c.comparison, r.PairFilter(hide=(), min_pearson=-1.0), "pearson", 1000)
        yield from ((c, row.match) for row in found[:3])
        yield from ((c, row.match) for row in found[-1:])


def test_a_pair_and_its_candidates(store: Store) -> None:
    for (c, m), limits in product(candidates(store), (r.Thresholds(), LOOSE)):
        own = store.match(c.comparison, m.feature_a, m.feature_b, limits)
        assert own is not None
        sql = pairs.match(c, m.feature_a, m.feature_b, limits)
        assert rows_of(store, sql, *IDS, "reasons") == [(*matches([own])[0], own.reasons)]
        for side in ("a", "b"):
            number = getattr(m, f"feature_{side}")
            shown = store.runners_up(c.comparison, **{f"feature_{side}": number}, limit=1000, thresholds=limits)
            sql = pairs.candidates(c, side, number, limits)
            assert rows_of(store, sql, *IDS, "reasons") == [(*matches([one])[0], one.reasons) for one in shown]


def test_where_two_features_fire(store: Store) -> None:
    for c, m in candidates(store):
        model = store.space(c.space_a).model
        asked = c.comparison, m.feature_a, m.feature_b
        for group in r.GROUPS:
            shown = store.pair_strips(*asked, group, 1000)
            sql = pair.passages(c, model, m.feature_a, m.feature_b, group)
            names = ("passage_id", "activation_a", "activation_b", "source")
            wanted = [(one.a.passage_id, one.activation_a, one.activation_b, one.a.source) for one in shown]
            assert rows_of(store, sql, *names) == wanted
            focus = ["".join(token.text for token in one.a.tokens if token.is_focus) for one in shown]
            assert [token for (token,) in rows_of(store, sql, "token")] == focus
        counts = store.group_counts(*asked)
        both = pair.passages(c, model, m.feature_a, m.feature_b, "both")
        assert sum(n for (n,) in rows_of(store, both, "n_units")) == counts["both"]
        found = store.token_rows(*asked, 1000)
        sql = pair.tokens(c, model, m.feature_a, m.feature_b)
        wanted = [(one.token, one.n_units, one.n_a, one.n_b, one.n_both) for one in found]
        assert rows_of(store, sql, "token", "n_units", "n_a", "n_b", "n_both") == wanted
        for side in ("a", "b"):
            shares = [share for (share,) in rows_of(store, sql, f"mass_share_{side}")]
            assert shares == pytest.approx([getattr(one, f"mass_share_{side}") for one in found], nan_ok=True)


def test_one_feature(store: Store) -> None:
    for space in store.spaces():
        for number in range(min(space.n_features, 4)):
            for limits in (r.Thresholds(), LOOSE):
                shown = store.elsewhere(space.space, number, limits)
                sql = feature.elsewhere(space.space, number, limits)
                wanted = [(*matches([one.match])[0], one.other_space, one.match.reasons) for one in shown]
                assert rows_of(store, sql, *IDS, "other_space", "reasons") == wanted
            for stratum in STRATA:
                strips = store.strips(space.space, number, stratum, 1000)
                focus = [next(t for t in one.tokens if t.is_focus) for one in strips]
                wanted = [
                    (space.space, number, one.rank, one.passage_id, token.text, token.activation)
                    for one, token in zip(strips, focus, strict=True)
                ]
                names = ("space", "feature", "rank", "passage_id", "token", "activation")
                assert rows_of(store, feature.examples(space, number, stratum), *names) == wanted
            fires = rows_of(store, feature.activations(space, number), "activation")
            assert fires == sorted(fires, reverse=True)
            strongest = [(one.activation,) for one in (t for s in strips for t in s.tokens) if one.activation]
            assert set(strongest) <= set(fires)


def test_neighbours(store: Store) -> None:
    for c in store.comparisons():
        for number in range(min(store.space(c.space_a).n_features, 4)):
            shown = store.neighbourhood(c.comparison, number).of_a
            names = ("rank", "space", "feature", "feature_b", "rank_of_match")
            wanted = [(one.rank, c.space_a, one.feature, one.partner, one.partner_rank) for one in shown]
            assert rows_of(store, neighbours.carried(c, number), *names) == wanted
            near = store.neighbours(c.space_a, number, "decoder_cosine")
            sql = neighbours.near(c.space_a, number, "decoder_cosine")
            assert rows_of(store, sql, "space", "feature") == [(c.space_a, one.feature) for one in near]
        for chosen in FILTERS[:5]:
            if "not_mutual" in chosen.hide:
                for end, found in (("best", store.best_kept), ("worst", store.worst_kept)):
                    sql = neighbours.kept(c, chosen, end)
                    assert rows_of(store, sql, *IDS) == matches(found(c.comparison, chosen, 1000))


def test_maps_agree(store: Store) -> None:
    for c, method in product(store.comparisons(), ("umap", "pca")):
        shown = store.map_agreement(c.comparison)
        shown.sort(key=lambda one: (one.method != method, one.method == "neighbours", one.method, one.measure))
        wanted = [(one.comparison, one.method, one.measure, one.value) for one in shown]
        sql = maps.agreement(c, method)
        assert rows_of(store, sql, "comparison", "method", "measure", "value") == wanted


def test_scores(store: Store) -> None:
    names = ("comparison", "metric", "parameters", "subset", "level", "value")
    variants = store.score_variants()
    for view, asked in (
        (ScoresView(comparison="a~b"), {"comparison": "a~b"}),
        (ScoresView(metric="rsa", table="metric"), {"metric": "rsa"}),
        (ScoresView(table="all"), {}),
    ):
        if asked.get("comparison", "a~b") in [c.comparison for c in store.comparisons()]:
            shown = store.scores(**asked)
            wanted = [tuple(getattr(one, name) for name in names) for one in shown]
            assert rows_of(store, scores.scores(view), *names) == wanted
    for one in variants[:5]:
        view = ScoresView(one.metric, one.parameters, one.level, one.subset)
        cells = store.score_grid(one.metric, one.parameters, one.subset, one.level)
        wanted = [(cell.comparison, cell.score and cell.score.value) for cell in cells]
        assert rows_of(store, scores.grid(view), "comparison", "value") == wanted


@pytest.mark.parametrize("chosen", [one for one in FILTERS if one.only is None and one.feature_a is None])
def test_families(store: Store, chosen: r.PairFilter) -> None:
    for least in (2, 3):
        shown = store.families(chosen, least, 1000)
        wanted = [
            (f"{one.space}:{one.feature}", len(one.members), len(one.spaces), len(one.models), one.tokens,
             one.weakest.pearson_context)
            for one in shown
        ]  # fmt: skip
        names = ("family", "n_features", "n_spaces", "n_models", "tokens", "weakest_context")
        found = [(*row[:4], row[4] or (), row[5]) for row in rows_of(store, families.families(chosen, least), *names)]
        assert found == wanted
        for one in shown[:3]:
            connecting = {(link.comparison, link.feature_a, link.feature_b) for link in one.links}
            pairs_of = matches(store.family_pairs(one.members, chosen.thresholds))
            sql = families.pairs(one, chosen)
            assert rows_of(store, sql, *IDS, "connects") == [(*ids, ids in connecting) for ids in pairs_of]


@pytest.mark.parametrize("text", ["cat", "ab", "t1", "it's", "the"])
def test_words(store: Store, text: str) -> None:
    for rows in (1, 10):
        shown = store.token_search(text, rows).hits
        names = ("space", "feature", "matched", "n_active", "n_active_all", "tokens")
        wanted = [tuple(getattr(one, name) for name in names) for one in shown]
        assert rows_of(store, concepts.hits(text, rows), *names) == wanted


@pytest.mark.parametrize("share", [0.01, 0.3, 0.8])
@pytest.mark.parametrize("chosen", [r.PairFilter(), r.PairFilter(hide=("not_mutual",), thresholds=LOOSE)])
def test_concepts(store: Store, share: float, chosen: r.PairFilter) -> None:
    found = store.concepts(share, chosen)
    counted = [
        (one.concept, space.space, sum(word.n_found for word in one.keywords), space.n_features, space.n_matched)
        for one in found
        for space in one.spaces
    ]
    names = ("concept", "space", "n_found", "n_features", "n_matched")
    assert rows_of(store, concepts.concepts(share, chosen), *names) == counted
    for one in found:
        shown = store.concept_pairs(one.concept, share, chosen, 1000)
        wanted = [(*matches([pair.match])[0], pair.share_a, pair.share_b) for pair in shown]
        assert rows_of(store, concepts.pairs(one.concept, share, chosen), *IDS, "share_a", "share_b") == wanted
        for rows in (1, 10):
            members = store.concept_members(one.concept, share, rows)
            sql = concepts.members(one.concept, share, rows)
            names = ("space", "feature", "mass_share", "n_active", "n_active_all", "tokens")
            wanted = [tuple(getattr(member, name) for name in names) for member in members]
            assert [(*row[:5], row[5] or ()) for row in rows_of(store, sql, *names)] == wanted


def test_what_the_store_holds(store: Store) -> None:
    for limits in (r.Thresholds(), LOOSE):
        names = ("comparison", "space_a", "space_b", "n_candidates", "n_mutual", "n_homologues", "n_token_explained")
        names += ("median_pearson", "median_context")
        wanted = [tuple(getattr(one, name) for name in names) for one in store.summaries(limits)]
        assert rows_of(store, overview.comparisons(limits), *names) == wanted
    assert rows_of(store, overview.SPACES, "space", "model") == [(one.space, one.model) for one in store.spaces()]
    assert rows_of(store, overview.TABLES, "table_name", "n_rows") == list(store.counts().items())
    assert rows_of(store, overview.PACKAGES, "package", "version") != [] or store.build().packages == "{}"


def test_the_data_dictionary_stands_in_the_store(store: Store) -> None:
    wanted = sorted(((table, column, kind) for table, column, kind, *_ in schema.dictionary()), key=lambda row: row[0])
    assert rows_of(store, overview.columns(), "table_name", "column_name", "data_type") == wanted
    meanings = [meaning for (meaning,) in rows_of(store, overview.columns("pearson_token"), "meaning")]
    assert "Part of pearson that the unit's token alone explains [correlation]" in meanings
    assert len(meanings) == 2


def test_every_example_and_every_name_of_the_schema_browser_answers(store: Store) -> None:
    for title, sql in examples.general(store.comparisons(), store.spaces()).items():
        assert console.run(store, sql).columns, title
    for table in schema.TABLES:
        assert console.run(store, schema_queries.first_rows(table)).columns == table.names
        for column in table.columns:
            assert column.name in console.run(store, schema_queries.column(table, column)).columns
    for name in schema_queries.MACROS:
        assert console.run(store, schema_queries.macro(name)).columns


# Pages -----------------------------------------------------------------------------------------------------------
def taken(html: str) -> str | None:
    """The query of an "Open as SQL" link."""
    found = re.search(r'href="(sql\?[^"]*)"[^>]*>Open as SQL<', html)
    return parse_qs(urlsplit(unescape(found[1])).query)["q"][0] if found else None


def body(html: str) -> list[str]:
    """The rows of a table, as HTML."""
    return re.findall(r"<tr>(.*?)</tr>", html.split("<tbody>")[1], re.DOTALL)


def identities(store: Store, table: r.Table) -> list[str]:
    """What each row of an answer is about, as a link says it: the family, else the pair, else the feature."""
    targets = tables.targets(table, store.fingerprint, store.comparisons())
    found = [targets[kind] for kind in ("family", "pair", "feature") if kind in targets]
    named = (next((link for link in row if link is not None), "") for row in zip(*found, strict=True))
    return [escape(re.sub(r".*?store=\w+&", "", link)) for link in named]


EVERY = ",".join(r.REASONS)
PAGES: list[tuple[str, dict[str, str], int]] = [
    ("overview", {}, 2),
    ("pairs", {}, 1),
    ("pairs", {"sort": "margin", "show": "hub,not_mutual", "t_rare": "41"}, 1),
    ("unmatched", {"below": "0.6"}, 1),
    ("unmatched", {"below": "1", "side": "b", "sort": "n_active"}, 1),
    ("pair", {"a": "a:0", "b": "b:59"}, 4),
    ("pair", {"a": "a:0", "b": "b:0"}, 4),
    ("feature", {"f": "a:0"}, 3),
    ("scores", {"metric": "rsa", "table": "all"}, 2),
    ("neighbourhood", {"comparison": "a~b", "a": "a:0"}, 5),
    ("maps", {"comparison": "a~b", "region": "b:-9,-9,9,9"}, 2),
    ("families", {"show": EVERY.replace("not_mutual,", "")}, 1),
    ("families", {"family": "a:0", "show": EVERY.replace("not_mutual,", "")}, 1),
    ("concepts", {"q": "t1"}, 1),
    ("concepts", {}, 1),
    ("concepts", {"concept": "letters"}, 2),
    ("glossary", {}, 1),
]


@pytest.mark.parametrize(("name", "query", "n"), PAGES)
def test_the_lines_of_a_page_give_what_the_page_shows(
    rich: Path, monkeypatch: pytest.MonkeyPatch, name: str, query: dict[str, str], n: int
) -> None:
    app = page(rich, monkeypatch, name, **query)
    said(app)
    lines = n_tables = 0
    shown: list[str] = []
    with Store(rich) as store:
        for html in (str(one.value) for one in app.html):
            sql = taken(html)
            if sql is not None:
                table = console.run(store, sql, max_rows=5000)
                assert len(shown) <= len(table.rows)
                for row, about in zip(shown, identities(store, table), strict=False):
                    assert about in row or "(here)" in row
                # One line for the words and reasons of the glossary, too, and for what a word finds in every space.
                assert n_tables <= (3 if name in ("glossary", "concepts") else 1), "a table without a way out"
                lines, n_tables, shown = lines + 1, 0, []
            elif "<tbody" in html and name != "glossary":
                n_tables, shown = n_tables + 1, shown + body(html)
    assert (lines, n_tables) == (n, 0)


def test_a_moved_filter_moves_the_query(rich: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(rich, monkeypatch, "pairs")
    app.number_input(key="pairs_t_rare").set_value(60).run()
    queries: list[str] = [sql for one in app.html if (sql := taken(str(one.value)))]
    assert ["rare := 60" in sql for sql in queries] == [True]
