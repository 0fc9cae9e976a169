"""The read: batches, sparse entries, sums, against one dense pass over one passage at a time."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
import torch

from ingest import encoding
from ingest.encoding import above_zero, batches
from ingest.errors import IngestError

D, F = 6, 40


class Network:
    """Activations that depend on the token and on its place in the passage, and on nothing else."""

    device = "cpu"

    def __init__(self, table: torch.Tensor) -> None:
        self.table, self.seen = table, []

    def read(self, ids, real, hooks):
        self.seen.append(tuple(ids.shape))
        place = torch.arange(ids.shape[1])[:, None] * 0.01
        return {hook: torch.where(real[..., None], self.table[ids] + place, torch.nan) for hook in hooks}


class Encoder:
    """A ReLU dictionary; `sparse` says what its decoder does with sparse features."""

    hook, n_features, d_in = "h", F, D

    def __init__(self, sparse: str = "takes") -> None:
        generator = torch.Generator().manual_seed(1)
        self.w = torch.randn(D, F, generator=generator)
        self.decoded, self.sparse = [], sparse

    def encode(self, x):
        return torch.relu(x @ self.w - 1.5)

    def decode(self, features, x):
        self.decoded.append(features.layout)
        if features.layout == torch.sparse_coo and self.sparse == "refuses":
            raise NotImplementedError("sparse")
        if features.layout == torch.sparse_coo and self.sparse == "differs":
            return features @ self.w.T
        return features @ self.w.T * 0.1 + 0.2


def passages(seed: int = 0) -> tuple[pa.Table, np.ndarray]:
    """Forty passages of 0 to 30 tokens behind 11 others; the first token of each is special."""
    lengths = np.random.default_rng(seed).integers(0, 31, 40)
    ends = 11 + np.append(0, np.cumsum(lengths))
    n = int(ends[-1])
    special = np.zeros(n, bool)
    special[ends[:-1][lengths > 0]] = True
    ids = np.random.default_rng(seed + 1).integers(0, 50, n).astype(np.int32)
    return pa.table({"token_id": ids, "is_special": special}), ends


@pytest.mark.parametrize("sparse", ["takes", "refuses", "differs"])
def test_the_read_is_one_dense_pass(sparse, monkeypatch):
    monkeypatch.setattr(encoding, "TOKENS", 64)
    monkeypatch.setattr(encoding, "ROWS", 10)
    table, ends = passages()
    network, encoder = Network(torch.randn(50, D, generator=torch.Generator().manual_seed(0))), Encoder(sparse)
    steps = []
    found = encoding.read(network, {"s": encoder}, table, ends, steps.append)["s"]
    assert sum(steps) == ends[-1] - ends[0]
    ids = torch.from_numpy(table["token_id"].to_numpy().astype(np.int64))
    x = torch.zeros(len(ids), D)
    for begin, end in pairwise(ends):
        if end > begin:
            x[begin:end] = network.read(ids[begin:end][None], torch.ones(1, end - begin, dtype=torch.bool), ["h"])["h"]
    features = encoder.encode(x)
    features[:11] = 0
    dense = np.zeros((len(ids), F), np.float32)
    assert len(found.token) == len(set(zip(found.token.tolist(), found.feature.tolist(), strict=True)))
    dense[found.token, found.feature] = found.value
    np.testing.assert_allclose(dense, features.numpy(), rtol=1e-5, atol=1e-6)
    kept = ~table["is_special"].to_numpy(zero_copy_only=False)
    kept[:11] = False
    x64 = x.double().numpy()[kept]
    residual = x64 - (features.double() @ encoder.w.double().T * 0.1 + 0.2).numpy()[kept]
    assert found.moments["n"] == kept.sum()
    assert found.moments["squares"] == pytest.approx((x64**2).sum(), rel=1e-6)
    assert found.moments["residual"] == pytest.approx((residual**2).sum(), rel=1e-5)
    assert found.moments["sums"] == pytest.approx(x64.sum(0), rel=1e-5, abs=1e-5)
    layouts = set(encoder.decoded[2:])
    assert layouts == ({torch.sparse_coo} if sparse == "takes" else {torch.strided})


def test_batches_hold_every_passage_once_and_no_more_than_the_budget():
    for seed in range(20):
        lengths = np.random.default_rng(seed).integers(0, 40, 100)
        found = list(batches(lengths, 64))
        assert sorted(np.concatenate(found).tolist()) == np.flatnonzero(lengths).tolist()
        sizes = [len(batch) * lengths[batch].max() for batch in found]
        assert max(sizes) <= 64
        padding = sum(sizes) - lengths.sum()
        assert padding < 0.1 * lengths.sum()
        widths = [lengths[batch].max() for batch in found]
        assert widths == sorted(widths, reverse=True)
    assert [batch.tolist() for batch in batches(np.array([3, 100, 3, 5]), 8)] == [[1], [3], [0, 2]]
    assert list(batches(np.zeros(3, np.int64), 8)) == []


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_entries_above_zero(dtype):
    values = torch.randn(30, 17, generator=torch.Generator().manual_seed(0)).to(dtype)
    row, feature, value = above_zero(values)
    expected = [(i, j, values[i, j].item()) for i in range(30) for j in range(17) if values[i, j] > 0]
    assert list(zip(row.tolist(), feature.tolist(), value.tolist(), strict=True)) == expected


def test_features_in_half_precision_are_stored_as_float32():
    class Half(Encoder):
        def encode(self, x):
            return super().encode(x).bfloat16()

        def decode(self, features, x):
            return (features.float() @ self.w.T).bfloat16()

    table, ends = passages()
    found = encoding.read(Network(torch.randn(50, D)), {"s": Half()}, table, ends, lambda n: None)["s"]
    assert found.value.dtype == np.float32
    assert len(found.value) > 100


@pytest.mark.parametrize("odd", [torch.nan, torch.inf])
def test_activations_that_are_no_numbers_are_named(odd):
    weights = torch.randn(50, D)
    weights[7, 2] = odd
    table, ends = passages()
    with pytest.raises(IngestError, match=r"space 's': activations at h are not finite numbers; .* dtype = 'float32'"):
        encoding.read(Network(weights), {"s": Encoder()}, table, ends, lambda n: None)
