"""Families against the obvious search from feature to feature, over a random store of five spaces."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from store import records as r
from store.errors import UnknownName
from store.families import SMALLEST
from store.read import Store
from store.schema import BY_NAME
from tests.store import build

N = 12
SPACES = {"a": "m1", "b": "m2", "c": "m3", "d": "m1", "e": "m2"}
RANDOM = "e"
"""Random directions, which join nothing."""
COMPARED = [("a", "b"), ("a", "c"), ("b", "c"), ("d", "c"), ("a", RANDOM)]


def random_rows() -> dict[str, build.Rows]:
    """Five spaces of three models, one of them random; one-to-one matches between some of them."""
    draw = random.Random(11)
    rows = build.tables()
    for table in ("features", "feature_tokens", "matches", "match_nulls", "units", "comparisons", "spaces", "models"):
        rows[table] = []
    rows["models"] = [
        {"model": model, "load": "tokens:file", "tokenizer": "t"} | dict.fromkeys(("n_layers", "d_model"))
        for model in ("m1", "m2", "m3")
    ]
    blank = dict.fromkeys(BY_NAME["spaces"].names)
    for space, model in SPACES.items():
        kind = "random_sae" if space == RANDOM else "imported"
        known = {"space": space, "model": model, "kind": kind, "n_features": N, "source": "here"}
        rows["spaces"].append(blank | known | {"n_alive": N, "l0": 1.0})
        for feature in range(N):
            row: dict[str, Any] = dict.fromkeys(BY_NAME["features"].names)
            row |= {"space": space, "feature": feature, "n_active": draw.choice([20, 40, 80]), "firing_rate": 0.01}
            rows["features"].append(row | {"max_activation": 1.0, "mean_activation": 0.5, "top_token": "x"})
            tokens = draw.sample(["t1", "t2", "t3", "t4", "t5", "t6", "t7"], 6)
            shares = [0.25, 0.25, 0.125, 0.125, 0.0625, 0.5]
            rows["feature_tokens"] += [
                {"space": space, "feature": feature, "rank": rank, "token": token, "mass_share": share, "n_active": 1}
                for rank, (token, share) in enumerate(zip(tokens, shares, strict=True), 1)
            ]
    for space_a, space_b in COMPARED:
        name = f"{space_a}~{space_b}"
        rows["comparisons"].append(
            {"comparison": name, "space_a": space_a, "space_b": space_b, "alignment": "identical"}
            | {"n_units": 6, "n_passages": 3}
        )
        partners = draw.sample(range(N), N)
        for feature in range(N):
            context = draw.choice([0.1, 0.2, 0.3, 0.4])
            evidence = {"pearson": context + 0.05, "pearson_token": 0.05, "pearson_context": context}
            evidence |= {"pearson_position": 0.0, "n_both": draw.choice([5, 10, 20]), "mutual_best": feature < 9}
            rows["matches"].append(build.match(name, feature, partners[feature], **evidence))
    rows["comparisons"].sort(key=lambda row: row["comparison"])
    rows["matches"].sort(key=lambda row: (row["comparison"], row["feature_a"]))
    return rows


@pytest.fixture(scope="module")
def rows() -> dict[str, build.Rows]:
    return random_rows()


@pytest.fixture(scope="module")
def store(rows: dict[str, build.Rows], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(build.write(tmp_path_factory.mktemp("families"), rows)) as opened:
        yield opened


Member = tuple[str, int]


def obvious(rows: dict[str, build.Rows], chosen: r.PairFilter) -> dict[Member, tuple[set[Member], list[float]]]:
    """name -> (members, contexts of the links), by walking from feature to feature."""
    active = {(f["space"], f["feature"]): f["n_active"] for f in rows["features"]}
    edges = []
    for m in rows["matches"]:
        a, b = m["comparison"].split("~")
        if RANDOM in (a, b):
            continue
        ends = (a, m["feature_a"]), (b, m["feature_b"])
        rare = min(active[end] for end in ends) < chosen.thresholds.rare
        thin = m["n_both"] < chosen.thresholds.thin
        kept = m["mutual_best"] and not (rare and "rare" in chosen.hide) and not (thin and "thin" in chosen.hide)
        kept = kept and m["pearson"] >= chosen.min_pearson and m["pearson_context"] >= chosen.min_context
        if kept and min(active[end] for end in ends) >= chosen.min_active:
            edges.append((*ends, m["pearson_context"]))
    found = {}
    for start in {end for edge in edges for end in edge[:2]}:
        members, queue = {start}, [start]
        while queue:
            here = queue.pop()
            for one, other, _ in edges:
                for there in {one, other} - members if here in (one, other) else ():
                    members.add(there)
                    queue.append(there)
        found[min(members)] = (members, sorted(context for one, _, context in edges if one in members))
    return found


FILTERS = [
    r.PairFilter(),
    r.PairFilter(hide=()),
    r.PairFilter(hide=("rare",), min_context=0.2),
    r.PairFilter(min_pearson=0.3),
    r.PairFilter(hide=("thin",), min_active=40),
    r.PairFilter(thresholds=r.Thresholds(rare=50, thin=6)),
    r.PairFilter(only="rare", feature_a=3, feature_b=5),
]


@pytest.mark.parametrize("chosen", FILTERS)
@pytest.mark.parametrize("min_spaces", [2, 3, 4])
def test_the_list_is_that_of_the_obvious_walk(
    store: Store, rows: dict[str, build.Rows], chosen: r.PairFilter, min_spaces: int
) -> None:
    expected = {
        name: (members, contexts)
        for name, (members, contexts) in obvious(rows, chosen).items()
        if len({space for space, _ in members}) >= min_spaces
    }
    found = store.families(chosen, min_spaces, limit=1000)
    assert {
        (one.space, one.feature): (
            {(m.space, m.feature) for m in one.members},
            sorted(link.pearson_context for link in one.links),
        )
        for one in found
    } == expected
    keys = [(-len(one.spaces), -one.weakest.pearson_context, one.space, one.feature) for one in found]
    assert keys == sorted(keys)
    assert store.families(chosen, min_spaces, limit=2, offset=1) == found[1:3]
    for one in found:
        assert one.weakest.pearson_context == min(expected[one.space, one.feature][1])
        order = [list(SPACES).index(m.space) for m in one.members]
        assert order == sorted(order)
        assert one.models == tuple(dict.fromkeys(SPACES[space] for space in one.spaces))


@pytest.mark.parametrize("chosen", FILTERS)
def test_the_counts_are_those_of_the_obvious_walk(
    store: Store, rows: dict[str, build.Rows], chosen: r.PairFilter
) -> None:
    found = list(obvious(rows, chosen).values())
    spans = [{space for space, _ in members} for members, _ in found]
    counts = store.family_counts(chosen)
    assert dict(counts.by_spaces) == {n: [len(s) for s in spans].count(n) for n in {len(s) for s in spans}}
    assert [n for n, _ in counts.by_spaces] == sorted({len(s) for s in spans}, reverse=True)
    assert counts.n_links == sum(len(contexts) for _, contexts in found)
    wide = [{SPACES[space] for space in one} for one in spans if len(one) >= SMALLEST]
    assert counts.n_every_model == sum(models == {"m1", "m2", "m3"} for models in wide)
    assert counts.reach == 4


def test_the_random_store_has_families_of_every_kind(store: Store) -> None:
    found = store.families(r.PairFilter(hide=()), 2, limit=1000)
    assert {len(one.spaces) for one in found} >= {3, 4}
    assert {len(one.members) > len(one.spaces) for one in found} == {True, False}


def test_any_member_finds_its_family(store: Store) -> None:
    for one in store.families(limit=1000):
        for member in one.members:
            assert store.family(member.space, member.feature) == one
    strict = r.PairFilter(min_pearson=1.0)
    assert store.families(strict) == []
    assert store.family("a", 0, strict) is None
    assert store.family_counts(strict) == r.FamilyCounts(0, (), 0, 4)


def test_its_tokens_are_those_with_the_largest_mass_together(store: Store, rows: dict[str, build.Rows]) -> None:
    for one in store.families(r.PairFilter(hide=()), limit=1000):
        mass: dict[str, float] = {}
        for row in rows["feature_tokens"]:
            if r.FamilyMember(row["space"], row["feature"]) in one.members and row["rank"] <= 5:
                mass[row["token"]] = mass.get(row["token"], 0) + row["mass_share"]
        assert list(one.tokens) == sorted(mass, key=lambda token: (-mass[token], token))[:5]


def test_its_pairs_are_every_candidate_among_its_members(store: Store, rows: dict[str, build.Rows]) -> None:
    (family, *_) = store.families(r.PairFilter(hide=()))
    members = {(m.space, m.feature) for m in family.members}
    expected = {
        (m["comparison"], m["feature_a"], m["feature_b"])
        for m in rows["matches"]
        if {(m["comparison"][0], m["feature_a"]), (m["comparison"][2], m["feature_b"])} <= members
    }
    found = store.family_pairs(family.members)
    assert {(m.comparison, m.feature_a, m.feature_b) for m in found} == expected
    assert {(link.comparison, link.feature_a, link.feature_b) for link in family.links} <= expected
    assert [m.pearson_context for m in found] == sorted((m.pearson_context for m in found), reverse=True)
    assert found[0] == store.match(found[0].comparison, found[0].feature_a, found[0].feature_b)
    assert store.family_pairs(()) == []


def test_what_is_not_there_is_said(store: Store) -> None:
    with pytest.raises(UnknownName, match="a has features 0 to 11; got 12"):
        store.family("a", 12)
    with pytest.raises(UnknownName, match="no space `nowhere`"):
        store.family_pairs((r.FamilyMember("nowhere", 0),))
    with pytest.raises(UnknownName, match="no reason `luck`"):
        store.families(r.PairFilter(hide=("luck",)))
