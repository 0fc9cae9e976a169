"""Published libraries on random inputs, where they define the same thing.

Two more would be asked if they could be installed beside these: rbo wants NumPy below 2, netrep is not on the index.
Their definitions stand in `slow.py` (rbo, cca, procrustes), and their values in `test_vectors.py`.
"""

import dcor
import numpy as np
import pytest
from rsatoolbox.data import Dataset
from rsatoolbox.rdm import calc_rdm, compare
from scipy.spatial import procrustes
from sklearn.cross_decomposition import CCA
from sklearn.neighbors import NearestNeighbors

from ingest import similarity
from tests.ingest.similarity.cases import normal, related

SEEDS = range(5)


@pytest.mark.parametrize("seed", SEEDS)
def test_dcor(seed):
    x, y = related(seed, 25, 3, noise=2)
    y = y[:, :2]
    assert similarity.measure("distance_correlation", x, y).value == pytest.approx(
        dcor.distance_correlation(x, y), abs=1e-10
    )
    ours = similarity.measure("distance_correlation_debiased", x, y).value
    assert ours == pytest.approx(dcor.u_distance_correlation_sqr(x, y), abs=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("inner", ["correlation", "euclidean"])
def test_rsatoolbox(seed, inner):
    x, y = related(seed, 20, 6, noise=2)
    rdms = [calc_rdm(Dataset(m), method=inner) for m in (x, y)]
    expected = compare(*rdms, method="spearman").item()
    assert similarity.measure("rsa", x, y, inner=inner).value == pytest.approx(expected, abs=1e-10)
    if inner == "euclidean":
        assert similarity.measure("cka", x, y).value == pytest.approx(
            compare(*rdms, method="cosine_cov").item(), abs=1e-8
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_scipy_procrustes(seed):
    x, y = related(seed, 20, 4)
    ours = similarity.measure("procrustes", x, y).value
    assert 1 - (1 - ours) ** 2 == pytest.approx(procrustes(x, y)[2], abs=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_scikit_learn_cca(seed):
    x, y = related(seed, 60, 3, noise=1.5)
    u, v = CCA(n_components=3, max_iter=100_000, tol=1e-14).fit(x, y).transform(x, y)
    expected = np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(u.T, v.T, strict=True)])
    assert similarity.measure("cca", x, y).value == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_scikit_learn_neighbours(seed):
    x, y = normal(seed, 200, 8), normal(seed + 50, 200, 8)
    y[:100] = x[:100]
    near = [
        NearestNeighbors(n_neighbors=11, metric="cosine").fit(m).kneighbors(m, return_distance=False) for m in (x, y)
    ]
    lists = [[[j for j in row if j != i][:10] for i, row in enumerate(side)] for side in near]
    shared = [len(set(a) & set(b)) for a, b in zip(*lists, strict=True)]
    assert similarity.measure("mutual_knn", x, y).value == pytest.approx(np.mean(shared) / 10, abs=1e-12)
    assert similarity.measure("knn_jaccard", x, y).value == pytest.approx(
        np.mean([m / (20 - m) for m in shared]), abs=1e-12
    )
