"""The Maps page: its links, its arithmetic against obvious loops, its words, and the whole of it through AppTest."""

import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard import map_links, map_pack, map_points, map_words
from dashboard.map_links import MapsView, Region
from dashboard.map_points import AWAY, NONE, Reading, Side, Together
from dashboard.queries import maps as queries
from store import console
from store import records as r
from store.read import Store
from tests import mapped
from tests.dashboard.test_pages import page, said
from tests.store import build

FINGERPRINT = "3fa9c2d1" + "0" * 56
N = 120
thousandths = st.integers(-5_000_000, 5_000_000).map(lambda n: n / 1000)
regions = st.tuples(st.sampled_from("ab"), thousandths, thousandths, st.integers(1, 10**6), st.integers(1, 10**6)).map(
    lambda t: Region(t[0], t[1], t[2], round(t[1] + t[3] / 1000, 3), round(t[2] + t[4] / 1000, 3))
)
names = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
views = st.builds(
    MapsView, comparison=names, method=names, colour=st.sampled_from(map_links.COLOURS), least=st.floats(0, 1),
    region=st.none() | regions, page=st.integers(1, 9999),
)  # fmt: skip


# Links -----------------------------------------------------------------------------------------------------------
@given(views, names)
def test_a_view_is_read_back(view: MapsView, concept: str) -> None:
    view = MapsView(**{**view.__dict__, "concept": concept if view.colour == "concept" else None})
    assert map_links.parse_maps(map_links.maps_query(FINGERPRINT, view)) == (view, [])


def test_a_region_is_written_with_few_digits() -> None:
    assert str(Region("a", -0.0, 0.12345, 2.5, 4.0)) == "a:0,0.123,2.5,4"
    assert map_links.parse_region("b:4,3,-1.5,0.25") == Region("b", -1.5, 0.25, 4.0, 3.0)


@pytest.mark.parametrize(
    "text",
    ["", "a", "c:0,0,1,1", "a:0,0,1", "a:0,0,1,1,1", "a:0,0,0,1", "a:nan,0,1,1", "a:1e5,0,1,1", "a:0,0,1,1\n", "a:٣,0,1,1",
     "a:0.0001,0,1,1", "a:99999999,0,1,1", None, 3],
)  # fmt: skip
def test_what_is_no_region(text: object) -> None:
    assert map_links.parse_region(text) is None


def test_garbage_is_answered_in_lines() -> None:
    query = {"colour": "<b>", "r": "2", "region": "a:0,0", "page": "0", "zoom": "3", "method": "umap"}
    view, problems = map_links.parse_maps(query)
    assert view == MapsView(method="umap")
    assert problems == [
        "colour=<b> is ignored; choose from cluster, cluster_b, rate, concept, r, context, overlap",
        "r=2 is ignored; write a number between 0 and 1, such as 0.3",
        "region=a:0,0 is ignored; write a map and its corners, such as a:0,0,2.5,4",
        "page=0 is ignored; write a whole number from 1",
        "zoom=3 is no filter and is ignored",
    ]


def test_what_the_store_does_not_have_gives_way() -> None:
    view, problems = map_links.settled(
        MapsView(method="tsne", colour="concept", concept="x"), ["pca"], ["time", "dogs"]
    )
    assert (view.method, view.colour, view.concept) == ("pca", "concept", "time")
    assert problems == [
        "method=tsne is ignored; both spaces have pca", "concept=x is ignored; choose from time, dogs",
    ]  # fmt: skip
    view, problems = map_links.settled(MapsView(colour="concept"), ["umap"], [])
    assert (view.colour, problems) == ("cluster", ["colour=concept is ignored; this store holds no concept"])


# Points ----------------------------------------------------------------------------------------------------------
def points(features: list[int], seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    n = len(features)
    columns: dict[str, object] = {"feature": pa.array(features, pa.int32())}
    columns |= {name: pa.array(rng.normal(0, 3, n).astype(np.float32)) for name in "xy"}
    columns |= {"cluster": pa.array([i % 3 or None for i in range(n)], pa.int32()), "firing_rate": rng.random(n)}
    return pa.table(columns | {"top_token": [f"t{i % 4}" if i % 5 else None for i in range(n)]})


def matches(pairs: list[tuple[int, int]]) -> pa.Table:
    n = len(pairs)
    a, b = ([pair[side] for pair in pairs] for side in (0, 1))
    columns = {"feature_a": pa.array(a, pa.int32()), "feature_b": pa.array(b, pa.int32())}
    columns |= {"pearson": pa.array([0.1 * (i % 10) for i in range(n)], pa.float64())}
    columns |= {
        "pearson_context": pa.array([0.05] * n, pa.float64()),
        "mutual_best": pa.array([i % 2 == 0 for i in range(n)]),
    }
    return pa.table(columns | {"neighbour_overlap": pa.array([None if i % 3 else 0.5 for i in range(n)], pa.float64())})


@settings(deadline=None)
@given(
    st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40)), st.dictionaries(st.integers(0, 40), st.integers(0, 40))
)
def test_links_are_those_of_the_obvious_loop(own: set[int], other: set[int], best: dict[int, int]) -> None:
    a, b = sorted(own), sorted(other)
    pairs = sorted(best.items())
    back = sorted((x, y) for y, x in {y: x for x, y in reversed(pairs)}.items())
    side, there = map_points.sides(
        (points(a), points(b, 1)), (matches(pairs), matches(sorted(back, key=lambda p: p[1])))
    )
    for i, feature in enumerate(a):
        partner = best.get(feature)
        row = pairs.index((feature, partner)) if partner is not None else None
        assert side.partner[i] == (NONE if partner is None else partner)
        assert side.match[i] == (NONE if partner is None else b.index(partner) if partner in b else AWAY)
        assert np.isnan(side.pearson[i]) if row is None else side.pearson[i] == pytest.approx(0.1 * (row % 10))
        assert side.mutual[i] == (row is not None and row % 2 == 0)
        assert np.isnan(side.overlap[i]) == (row is None or row % 3 != 0)
    assert [int(one) for one in there.feature] == b


def some_sides(n: int = 40, seed: int = 0) -> tuple[Side, Side]:
    pairs = [(i, (7 * i) % n) for i in range(n)]
    back = sorted(pairs, key=lambda pair: pair[1])
    return map_points.sides(
        (points(list(range(n)), seed), points(list(range(n)), seed + 1)), (matches(pairs), matches(back))
    )


@settings(deadline=None)
@given(
    regions.map(lambda one: Region(one.side, one.x0 / 1000, one.y0 / 1000, one.x1 / 1000, one.y1 / 1000)),
    st.floats(0, 1),
)
def test_a_reading_counts_what_the_obvious_loop_counts(region: Region, least: float) -> None:
    both = some_sides()
    own, _ = both if region.side == "a" else both[::-1]
    n = n_matched = mutual = every = 0
    for i in range(len(own.feature)):
        here = region.x0 <= own.x[i] <= region.x1 and region.y0 <= own.y[i] <= region.y1
        good = own.pearson[i] >= least
        n, n_matched = n + here, n_matched + (here and good)
        every += good and own.mutual[i]
        mutual += here and good and own.mutual[i]
    found = map_points.reading(both, region, least)
    assert (found.n, found.n_matched, found.together.n, found.together.of) == (n, n_matched, mutual, every)
    assert (found.n_map, found.n_map_matched) == (40, sum(own.pearson >= least))


@pytest.mark.parametrize(
    "clusters",
    [[0, 0, 0, 1, 1, 2, NONE, NONE, 0, 1], [0, 0, 0, 0, 0, 0, 1, 1, NONE, 2], [0, 0, 1, NONE, 0, *[NONE] * 5]],
)
def test_chance_is_that_of_every_selection(clusters: list[int]) -> None:
    """Against the mean over all selections of five, each with its own fullest cluster."""
    cluster = np.array(clusters)
    chosen = np.arange(10) < 5
    found = map_points.together(cluster, chosen)
    fullest = [
        max(sum(cluster[i] == name for i in some) for name in range(3)) / 5
        for some in itertools.combinations(range(10), 5)
    ]
    assert (found.n, found.of, found.cluster) == (5, 10, 0)
    assert found.share == max(sum(cluster[i] == name for i in range(5)) for name in range(3)) / 5
    assert found.mean == pytest.approx(np.mean(fullest), abs=5 * np.std(fullest) / map_points.DRAWS**0.5)
    at_least = np.mean([one >= found.share for one in fullest])
    assert found.p == pytest.approx(at_least, abs=5 * 0.5 / map_points.DRAWS**0.5)


def test_too_few_and_no_clusters_say_nothing() -> None:
    assert map_points.together(np.zeros(9, int), np.arange(9) < 4) == Together(4, 9, None, None, None, None, None)
    assert map_points.together(np.full(9, NONE), np.arange(9) < 6) == Together(6, 9, None, None, None, None, None)
    none_of_them = map_points.together(np.array([NONE] * 5 + [0] * 5), np.arange(10) < 5)
    assert (none_of_them.cluster, none_of_them.share, none_of_them.p) == (None, 0.0, 1.0)


def test_the_strongest_come_first_and_ties_by_feature() -> None:
    side = some_sides()[0]
    order = map_points.strongest(side, map_points.matched(side, 0.5))
    keys = [(-side.pearson[i], side.feature[i]) for i in order]
    assert keys == sorted(keys)
    assert {int(i) for i in order} == {i for i in range(40) if side.pearson[i] >= 0.5}


# Bytes -----------------------------------------------------------------------------------------------------------
@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 5))
def test_what_is_packed_is_unpacked(n: int, seed: int) -> None:
    both = some_sides(max(n, 1), seed)
    header, arrays = map_pack.unpack(map_pack.pack(both, "name"))
    assert header["name"] == "name"
    for letter, side in zip("ab", both, strict=True):
        head = header[letter]
        assert isinstance(head, dict)
        assert head["n"] == len(side.feature)
        for axis, values in enumerate((side.x, side.y)):
            low, high = head["range"][axis]
            back = low + arrays[f"{letter}.{'xy'[axis]}"] / map_pack.STEPS * (high - low)
            assert np.abs(back - values).max() <= (high - low) / map_pack.STEPS
        for name in ("feature", "cluster", "match", "partner", "mutual"):
            assert (arrays[f"{letter}.{name}"] == getattr(side, name)).all()
        for name in ("pearson", "context", "overlap"):
            packed, values = arrays[f"{letter}.{name}"], getattr(side, name)
            assert ((packed == map_pack.UNKNOWN) == np.isnan(values)).all()
            assert np.allclose(packed[~np.isnan(values)] / 10_000, values[~np.isnan(values)], atol=0.5e-4)
        index = arrays[f"{letter}.token"]
        assert [None if i == map_pack.NO_TOKEN else head["tokens"][i] for i in index] == side.token


def test_a_map_of_one_point_and_hostile_tokens_are_packed() -> None:
    table = points([3]).set_column(5, "top_token", pa.array(["\u202e</script>\n" + "x" * 5000]))
    data = map_pack.pack(map_points.sides((table, points([])), (matches([(3, 9)]), matches([]))), "n")
    header, arrays = map_pack.unpack(data)
    (token,) = header["a"]["tokens"]  # type: ignore[index]
    assert token.startswith("[U+202E]</script>⏎xxx")
    assert len(token) < 60
    assert (arrays["a.x"].tolist(), arrays["a.match"].tolist(), arrays["b.x"].tolist()) == ([0], [AWAY], [])
    assert len(data) < 2000


# Words -----------------------------------------------------------------------------------------------------------
def test_a_region_in_words() -> None:
    near = Together(120, 800, 3, 0.62, 0.09, 0.12, 0.001)
    (first, _), (second, tip) = map_words.region(Reading(212, 180, 2000, 1160, near), "a", 0.3)
    assert first == (
        "Of 212 features in this region of A, 180 (85 %) have a best match in B of r = .30 or more; of all on this map, 58 %."
    )
    assert second == (
        "Of the 120 that are mutual, 62 % lie in one cluster of B (number 3). As many mutual matches at random: 9 % in "
        "their fullest one, 12 % once in twenty (p = .001)."
    )
    assert "120 of 800" in tip
    (_, (within, _)) = map_words.region(
        Reading(212, 180, 2000, 1160, Together(120, 800, 3, 0.1, 0.09, 0.12, 0.3)), "b", 0.3
    )
    assert within.endswith("one cluster of A (number 3). As many mutual matches at random: 9 % in their fullest one, "
                           "12 % once in twenty (p = .300). That is no more than chance.")  # fmt: skip


def test_little_or_nothing_in_words() -> None:
    unknown = (None,) * 5
    assert map_words.region(Reading(0, 0, 9, 9, Together(0, 9, *unknown)), "b", 0.3)[0][0] == (
        "No feature lies in this region of B."
    )
    (first, _), (second, _) = map_words.region(Reading(1, 1, 9, 9, Together(1, 9, *unknown)), "a", 0.3)
    assert first.startswith("Of 1 feature in this region of A, 1 (100 %) has a best match in B")
    assert second == "1 of them is mutual and on both maps: too few to say whether they lie together."
    (_, (no_clusters, _)) = map_words.region(Reading(9, 9, 9, 9, Together(9, 9, *unknown)), "a", 0.3)
    assert no_clusters == "B has no clusters, so whether they lie together is not said."
    assert len(map_words.region(Reading(9, 0, 9, 0, Together(0, 0, *unknown)), "a", 0.3)) == 1


def agreed(measure: str, value: float | None, p: float | None, method: str = "umap") -> r.MapAgreement:
    known = (None, None, None) if value is None else (0.012, 0.001, 0.015)
    return r.MapAgreement("a~b", method, measure, value, *known, p, 40, measure != "procrustes_disparity")


def test_agreement_in_words() -> None:
    rows = [agreed("knn_consistency", 0.028, 0.001), agreed("procrustes_disparity", 0.9, 0.4), agreed("x", 1, 1, "pca")]
    assert map_words.agreement(rows, "umap") == (
        "More than chance: of a matched feature's ten nearest on one UMAP, 2.8 % are so on the other; chance gives 1.2 %, "
        "and 1.5 % once in twenty (p = .001). Of 1 other measures, none are above chance."
    )
    assert map_words.agreement([agreed("knn_consistency", 0.012, 0.5)], "umap").startswith("No more than chance: ")
    few = [agreed("knn_consistency", None, None)]
    assert map_words.agreement(few, "umap").endswith("is not known: 40 matched features are too few.")
    assert map_words.agreement([], "pca") == "The agreement of the two PCA maps was not measured."


# The page --------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build.write(tmp_path_factory.mktemp("mapped") / "store", mapped.tables(N))


def test_a_link_opens_its_region(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    query = {"comparison": "a~b", "method": "pca", "colour": "rate", "region": "a:-9,-9,9,9", "page": "2"}
    app = page(folder, monkeypatch, "maps", **query)
    text = said(app)
    matched = sum(0.1 + 0.8 * (i % 10) / 9 >= 0.3 for i in range(N))
    assert f"Of 120 features in this region of A, {matched} (70 %) have a best match in B of r = .30 or more" in text
    assert f"rows 26 to 50 of {matched}" in text
    # The 26th strongest: twelve features have r = .9, twelve .81, and the second of the next is 17.
    assert text.index('href="pair?store=ffffffff&amp;a=a:17&amp;b=b:102"') < text.index("a=a:27")
    assert [app.selectbox(key=f"maps_{name}").value for name in ("comparison", "method", "colour")] == [
        "a~b",
        "pca",
        "rate",
    ]
    assert "is ignored" not in text


def test_a_region_of_b_lists_b_s_best_matches(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(page(folder, monkeypatch, "maps", comparison="a~b", region="b:-9,-9,9,9", r="0.85"))
    listed = [i for i in range(N) if i % 10 == 9 and i % 7 != 6]
    assert f"Of 120 features in this region of B, {len(listed)} (" in text
    assert all(f"a=a:{i}&amp;b=b:{N - 1 - i}" in text for i in listed)
    assert text.count(">Compare<") == len(listed)


def test_the_query_gives_the_rows_of_the_table(folder: Path) -> None:
    with Store(folder) as store:
        comparison = store.comparison("a~b")
        for side in "ab":
            view = MapsView("a~b", "umap", least=0.5, region=Region(side, -2.5, -3.0, 1.25, 2.0))
            both = map_points.sides(
                (store.map_points("a", "umap"), store.map_points("b", "umap")),
                (store.map_links("a~b", "a"), store.map_links("a~b", "b")),
            )
            own = both[0] if side == "a" else both[1]
            assert view.region is not None
            chosen = map_points.strongest(own, map_points.inside(own, view.region) & map_points.matched(own, 0.5))
            found = console.run(store, queries.region(comparison, view))
            column = found.columns.index(f"feature_{side}")
            assert [row[column] for row in found.rows] == own.feature[chosen].tolist()
            assert 0 < len(chosen) < N


def test_a_concept_colours_and_an_unknown_one_is_answered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(folder, monkeypatch, "maps", comparison="a~b", colour="concept", concept="<i>")
    assert "concept=&lt;i&gt; is ignored; choose from letters" in said(app)
    assert app.selectbox(key="maps_concept").value == "letters"


def test_a_widget_writes_the_link_and_keeps_or_drops_the_region(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(folder, monkeypatch, "maps", comparison="a~b", region="a:0,0,9,9", page="2")
    app.selectbox(key="maps_colour").set_value("overlap").run()
    said(app)
    assert (app.query_params["colour"], app.query_params["region"]) == ("overlap", "a:0,0,9,9")
    assert "page" not in app.query_params
    app.selectbox(key="maps_method").set_value("pca").run()
    said(app)
    assert app.query_params["method"] == "pca"
    assert "region" not in app.query_params


def test_a_page_past_the_end_and_an_empty_region_say_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Page 9 is past the end." in said(page(folder, monkeypatch, "maps", region="a:-9,-9,9,9", page="9"))
    text = said(page(folder, monkeypatch, "maps", region="a:100,100,101,101"))
    assert "No feature lies in this region of A." in text
    assert "Compare" not in text


def test_garbage_still_opens_the_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(page(folder, monkeypatch, "maps", region="<script>", method="x", colour="?", r="-1"))
    assert "region=&lt;script&gt; is ignored; write a map and its corners" in text
    assert "method=x is ignored; both spaces have umap, pca" in text
    assert "Do the maps agree?" in text
    assert "no comparison `x~y`" in said(page(folder, monkeypatch, "maps", comparison="x~y"))


def test_spaces_without_maps_say_why_and_what_to_open(
    folder: Path, tiny_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said(page(folder, monkeypatch, "maps", comparison="a~c"))
    assert "c (sparse autoencoder) has no map: it has too few features that fire" in text
    assert 'href="maps?store=ffffffff&amp;comparison=a~b"' in text
    text = said(page(tiny_store, monkeypatch, "maps"))
    assert "has no map: maps lay out decoder rows, and none were imported with it." in text
    assert "The pairs of these two spaces" in text


def test_hostile_tokens_are_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = mapped.tables(60)
    for row in rows["features"]:
        row["top_token"] = "<img src=x onerror=alert(1)>\u202e"
    template = dict(rows["feature_tokens"][0])
    rows["feature_tokens"] = [
        {**template, "space": space, "feature": i, "rank": 1, "token": "<script>"} for space in "ab" for i in range(60)
    ]
    folder = build.write(tmp_path / "store", rows)
    text = said(page(folder, monkeypatch, "maps", comparison="a~b", region="a:-9,-9,9,9"))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
