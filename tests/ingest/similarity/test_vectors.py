"""Values that the reference implementations gave on small seeded matrices (named beside each), to their tolerance."""

import numpy as np
import pytest

from ingest import similarity
from ingest.similarity.families.canonical import components, correlations
from ingest.similarity.families.columns import _standardised
from ingest.similarity.families.neighbours import rbo
from ingest.similarity.families.rows import assigned
from tests.ingest.similarity.cases import normal

X = normal(0, 50, 6)
Y = 0.7 * X @ normal(1, 6, 5) + normal(2, 50, 5)
A = np.maximum(normal(10, 400, 8) - 1.0, 0)
B = np.maximum(A[:, [3, 1, 0, 7, 5, 2, 6, 4]] * 1.5 - 0.2 + 0.4 * normal(11, 400, 8), 0)
D1 = normal(20, 30, 16)
D2 = D1[np.random.default_rng(21).permutation(30)] + 0.6 * normal(22, 30, 16)
L3 = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
L4 = [1, 0, 2, 4, 3, 11, 6, 12, 5, 8]
PARTNERS = [
    13,
    21,
    28,
    27,
    5,
    20,
    0,
    11,
    19,
    6,
    8,
    7,
    10,
    25,
    17,
    18,
    15,
    1,
    29,
    9,
    12,
    4,
    3,
    14,
    16,
    22,
    26,
    24,
    23,
    2,
]
R_MAX = [
    0.7908966282901191,
    0.8831277791919072,
    0.8845192432522465,
    0.8206133339620133,
    0.7765005186251581,
    0.8451321840013948,
    0.843328026195053,
    0.856095337117314,
]


def value(name, x, y, **parameters):
    score = similarity.measure(name, x, y, **parameters)
    assert score.reason is None
    return score.value


def size_and_shape(x, y):
    """The unnormalised Procrustes distance from the normalised one."""
    a, b = (np.linalg.norm(m - m.mean(axis=0)) for m in (x, y))
    return np.sqrt(a**2 + b**2 - 2 * a * b * (1 - value("procrustes", x, y)))


def cosines():
    return assigned(*(m / np.linalg.norm(m, axis=1, keepdims=True) for m in (D1, D2)))


def r(x, y):
    return _standardised(x, "X")[0].T @ _standardised(y, "Y")[0]


def lower_bound(a, b, p, overlap):
    """RBO without its extrapolation: the share of the overlap at full depth taken off."""
    return rbo(a, b, p) - p ** len(a) * overlap / len(a)


VECTORS = [
    ("google/svcca: coefficients", lambda: correlations(components(X, "X")[0], components(Y, "Y")[0]), [0.9442676363430945, 0.8368702280361825, 0.8282055946839795, 0.6795651769599258, 0.4824950766620259], 1e-6),
    ("google/svcca: mean", lambda: value("cca", X, Y), 0.7542807425370417, 1e-6),
    ("google/svcca: 0.99 of the variance", lambda: value("svcca", X, Y), 0.7542807423777724, 1e-6),
    ("google/svcca: 0.90 of the variance", lambda: value("svcca", X, Y, variance=0.9), 0.7138874552315425, 1e-6),
    ("google/svcca: 3 components", lambda: value("svcca", X, Y, components=3), 0.5900675856844292, 1e-6),
    ("numpy: first components", lambda: value("pc1_correlation", X, Y), 0.29196569344634127, 1e-6),
    ("Aristotelian: PWCCA", lambda: value("pwcca", X, Y), 0.7549193585715126, 1e-5),
    ("Aristotelian: mean CCA", lambda: value("cca", X, Y), 0.7542801644290851, 1e-5),
    ("Aristotelian: RV coefficient", lambda: value("cka", X, Y), 0.5052285184008746, 1e-6),
    ("resi: CKA", lambda: value("cka", X, Y), 0.5052285184009847, 1e-6),
    ("platonic-rep: unbiased CKA", lambda: value("cka_debiased", X, Y), 0.4615424622095956, 1e-5),
    ("anatome: debiased CKA distance", lambda: 1 - value("cka_debiased", X, Y), 0.5384575109327799, 1e-6),
    ("anatome: CKA distance", lambda: 1 - value("cka", X, Y), 0.4947714815990153, 1e-6),
    ("netrep: CKA angle", lambda: np.arccos(value("cka", X, Y)), 1.0411495822073984, 1e-6),
    ("rsatoolbox: euclidean, whitened cosine", lambda: value("cka", X, Y), 0.5052285184009842, 1e-6),
    ("resi: Procrustes, root", lambda: np.sqrt(2 * value("procrustes", X, Y)), 0.795716262273571, 1e-6),
    ("resi: Procrustes, angle", lambda: np.arccos(1 - value("procrustes", X, Y)), 0.8183621279813863, 1e-6),
    ("resi: Procrustes, size and shape", lambda: size_and_shape(X, Y), 19.414100971691692, 1e-6),
    ("anatome: Procrustes", lambda: value("procrustes", X, Y), 0.3165821850233108, 1e-6),
    ("anatome: Procrustes of wrong pairs", lambda: value("procrustes", D1, D2), 0.4223962928864936, 1e-6),
    ("netrep: LinearMetric(1)", lambda: np.arccos(1 - value("procrustes", X, Y)), 0.8183621279813855, 1e-6),
    ("netrep: LinearMetric(0)", lambda: np.arccos(value("cca", X[:, :5], Y)), 0.885276106812263, 1e-5),
    ("scipy: Procrustes disparity", lambda: 1 - (1 - value("procrustes", X[:, :5], Y)) ** 2, 0.5904090208920725, 1e-6),
    ("univ_feat_geom: singular values", lambda: value("singular_value_l2", X[:, :5], Y), 0.14711269430562365, 1e-6),
    ("resi: Jaccard, k=5", lambda: value("knn_jaccard", X, Y, k=5), 0.1932539682539683, 1e-6),
    ("resi: Jaccard, k=10", lambda: value("knn_jaccard", X, Y), 0.2747919950706328, 1e-6),
    ("resi: rank similarity", lambda: value("rank_similarity", X, Y), 0.2549722760971761, 1e-6),
    ("resi: dCor", lambda: value("distance_correlation", X, Y), 0.7840101606226837, 1e-6),
    ("dcor: dCor", lambda: value("distance_correlation", X, Y), 0.7840101606226825, 1e-6),
    ("dcor: U-centred, squared", lambda: value("distance_correlation_debiased", X, Y), 0.47710059087804024, 1e-6),
    ("resi: RSA", lambda: value("rsa", X, Y), 0.48383572678663633, 1e-6),
    ("resi: RSA, euclidean", lambda: value("rsa", X, Y, inner="euclidean"), 0.3693906730718388, 1e-6),
    ("resi: RSA of wrong pairs", lambda: value("rsa", D1, D2), -0.036614441267929856, 1e-6),
    ("rsatoolbox: correlation, Spearman", lambda: value("rsa", X, Y), 0.4838357267866364, 1e-6),
    ("rsatoolbox: correlation, rho-a", lambda: value("rsa", X, Y), 0.48383572678663633, 1e-6),
    ("rsatoolbox: euclidean, Spearman", lambda: value("rsa", X, Y, inner="euclidean"), 0.3693906730718388, 1e-6),
    ("rsatoolbox: euclidean, rho-a", lambda: value("rsa", X, Y, inner="euclidean"), 0.36939067307183887, 1e-6),
    ("rbo: extrapolated, p=0.9", lambda: rbo(L3, L4, 0.9), 0.7653340274142858, 1e-6),
    ("rbo: extrapolated, p=0.98", lambda: rbo(L3, L4, 0.98), 0.7948786433647773, 1e-6),
    ("rbo: extrapolated, equal lists", lambda: rbo(L3, L3, 0.9), 1.0, 1e-6),
    ("rbo: lower bound, p=0.9", lambda: lower_bound(L3, L4, 0.9, 8), 0.4863912753342857, 1e-6),
    ("rbo: lower bound, p=0.98", lambda: lower_bound(L3, L4, 0.98, 8), 0.14122039785473997, 1e-6),
    ("rbo: lower bound, equal lists", lambda: lower_bound(L3, L3, 0.9, 10), 0.6513215598999998, 1e-6),
    ("resi: hard match", lambda: value("hard_match", A, B), 0.8375266313294019, 1e-6),
    ("resi: soft match", lambda: value("soft_match", A, B), 0.8375266313294019, 1e-6),
    ("univ_feat_geom: best A of each B", lambda: r(A, B).argmax(axis=0), [3, 1, 0, 7, 5, 2, 6, 4], 0),
    ("univ_feat_geom: best B of each A", lambda: r(A, B).argmax(axis=1), [2, 1, 5, 0, 7, 4, 6, 3], 0),
    ("numpy: r of the best A of each B", lambda: r(A, B).max(axis=0), R_MAX, 1e-6),
    ("sklearn: MMCS", lambda: value("mmcs", D1, D2), 0.8603044018162407, 1e-6),
    ("sklearn: MMCS, reverse", lambda: value("mmcs", D2, D1), 0.8603044018162408, 1e-6),
    ("sae_overlap: assigned cosine", lambda: value("hungarian_cosine", D1, D2), 0.8603044018162407, 1e-6),
    ("sae_overlap: share above 0.7", lambda: np.mean(cosines()[2] > 0.7), 1.0, 1e-6),
    ("scipy: assignment", lambda: cosines()[1], PARTNERS, 0),
]  # fmt: skip


@pytest.mark.parametrize(("of", "expected", "tolerance"), [v[1:] for v in VECTORS], ids=[v[0] for v in VECTORS])
def test_vector(of, expected, tolerance):
    assert of() == pytest.approx(expected, abs=tolerance)


def test_all_vectors_that_apply_are_here():
    """Of 75 public values. Left out are measures that we do not have: aligned and second-order cosine, eigenspace overlap,
    regression R2, GULP, weighted tau, relative RMSE, RSA of uncentred cosines, the weight of RBO's first ten, and the other comparators of rsatoolbox."""
    assert len({v[0] for v in VECTORS}) == 53
    assert len(similarity.REGISTRY) == 19
