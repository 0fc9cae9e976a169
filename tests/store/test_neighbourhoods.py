"""Neighbourhoods and maps of the small store (tests/store/build.py: `_lay_out`)."""

import dataclasses

import pytest

from store import records as r
from store.errors import UnknownName
from store.geometry import BINS
from store.read import Store

EVERYTHING = r.PairFilter(hide=())


def test_neighbours(store: Store) -> None:
    assert store.neighbours("a", 0, "decoder_cosine") == [r.Neighbour(1, 1, 0.25, "cd", 1)]
    assert store.neighbours("b", 1, "activation") == [r.Neighbour(1, 0, 0.75, " x", 4)]
    assert store.neighbours("b", 1, "decoder_cosine") == []
    assert store.neighbours("a", 2, "activation") == []
    assert store.neighbours("a", 0, "activation", limit=0) == []


def test_unknown_names_say_what_there_is(store: Store) -> None:
    with pytest.raises(UnknownName, match="no neighbours by `touch`; there are activation, decoder_cosine"):
        store.neighbours("a", 0, "touch")
    with pytest.raises(UnknownName, match="a has features 0 to 2; got 3"):
        store.neighbourhood("a~b", 3)
    with pytest.raises(UnknownName, match="no map of a `tsne`; there are pca, umap"):
        store.map_points("a", "tsne")
    with pytest.raises(UnknownName, match="no map of b `pca`; there are none"):
        store.map_points("b", "pca")
    with pytest.raises(UnknownName, match="no comparison `b~a`"):
        store.map_agreement("b~a")


def test_a_neighbourhood_whose_neighbour_is_lost(store: Store) -> None:
    """a:0 is matched with b:0, and its neighbour a:1 with b:0 too, which is no neighbour of itself."""
    lost = r.CarriedNeighbour(1, 1, 0.5, "cd", 1, partner=0, partner_token=" x", pearson=0.5, partner_rank=None)
    of_b = (r.Neighbour(1, 1, 0.75, "ab", 1),)
    found = store.neighbourhood("a~b", 0)
    assert found == r.Neighbourhood("a~b", 0, 0, 0.5, 1.0, 1.0, (lost,), of_b)
    assert not lost.is_kept
    assert found.kept_in_b == frozenset()


def test_a_kept_neighbour(store: Store) -> None:
    kept = r.CarriedNeighbour(1, 1, 0.5, "cd", 1, partner=3, partner_token=" x", pearson=0.5, partner_rank=2)
    lost = dataclasses.replace(kept, rank=2, feature=2, partner=4, partner_rank=None)
    found = r.Neighbourhood("a~b", 0, 0, 0.5, 0.5, 0.5, (kept, lost), ())
    assert found.kept_in_b == frozenset({3})


def test_a_neighbourhood_that_is_unknown(store: Store) -> None:
    """a:2 never fires: it has no match and no neighbour. c has no neighbours at all."""
    assert store.neighbourhood("a~b", 2) == r.Neighbourhood("a~b", 2, None, None, None, None, (), ())
    alone = r.CarriedNeighbour(1, 1, 0.5, "cd", 1, None, None, None, None)
    assert store.neighbourhood("a~c", 0) == r.Neighbourhood("a~c", 0, 0, 0.5, None, None, (alone,), ())


def test_the_distribution_counts_best_matches_of_a(store: Store) -> None:
    found = store.overlap_distribution("a~b")
    assert len(found.bins) == BINS
    assert found.bins[0] == r.OverlapBin(0.0, 0.05, 1, 0)
    assert found.bins[-1] == r.OverlapBin(0.95, 1.0, 1, 1)
    assert sum(b.n for b in found.bins) == 2
    assert found.n_unknown == 0
    unknown = store.overlap_distribution("a~c")
    assert (sum(b.n for b in unknown.bins), unknown.n_unknown) == (0, 1)


def test_best_and_worst_kept_are_mutual_matches_that_pass(store: Store) -> None:
    for question in (store.best_kept, store.worst_kept):
        found = question("a~b", EVERYTHING)
        assert [(m.feature_a, m.feature_b, m.neighbour_overlap, m.neighbour_rbo) for m in found] == [(0, 0, 1.0, 1.0)]
        assert question("a~b") == []  # all of this small store is rare
        assert question("a~b", dataclasses.replace(EVERYTHING, min_pearson=0.6)) == []
        assert question("a~c", EVERYTHING) == []  # unknown overlap is neither good nor bad


def test_points_of_a_map(store: Store) -> None:
    assert store.map_methods("a") == {"pca": 2, "umap": 2}
    assert store.map_methods("b") == {}
    shared = {"n_active": [3, 1], "firing_rate": [3 / 6, 1 / 6], "top_token": [" ab", "cd"]}
    assert store.map_points("a", "umap").to_pydict() == {
        "feature": [0, 1], "x": [-2.0, -1.0], "y": [1.0, 1.0], "cluster": [0, None], **shared,
    }  # fmt: skip


def test_links_between_maps(store: Store) -> None:
    assert store.map_links("a~b").to_pydict() == {
        "feature_a": [0, 1],
        "feature_b": [0, 0],
        "pearson": [0.5, 0.5],
        "pearson_context": [0.375, 0.375],
        "mutual_best": [True, False],
        "neighbour_overlap": [1.0, 0.0],
    }


def test_agreement_of_maps(store: Store) -> None:
    assert store.map_agreement("a~b") == [
        r.MapAgreement("a~b", "umap", "knn_consistency", None, None, None, None, None, 2, True),
        r.MapAgreement("a~b", "umap", "procrustes_disparity", 0.5, 0.25, 0.125, 0.125, 0.001, 40, False),
    ]
    assert store.map_agreement("a~c") == []
