"""Cases for `test_ranks`, and what each rank does with them: `torchrun ... -m tests.ingest.ranked FOLDER`."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.sparse import csr_array

from ingest.errors import IngestError
from ingest.matching import match, tiles
from ingest.matching.moments import Side
from ingest.ranks import ALONE, Ranks, joined
from tests.ingest.test_matching import world


@dataclass(frozen=True)
class Case:
    """Two sides to match; `wide` bounds list the wrong partners, so that only the second search finds the right ones."""

    name: str
    a: np.ndarray
    b: np.ndarray
    text: np.ndarray
    position: np.ndarray
    device: str = "cpu"
    wide: bool = False

    def tables(self, ranks: Ranks = ALONE) -> dict[str, pa.Table]:
        rounding = (
            (lambda kind, n: 0.1 * (n % 7) if kind is np.float32 else np.full(len(n), 1e-15)) if self.wide else None
        )
        sides = (Side(csr_array(side)) for side in (self.a, self.b))
        with patch.object(tiles, "rounding_of", rounding or tiles.rounding_of):
            passage = np.arange(len(self.text)) // 12
            return match("a~b", *sides, self.text, self.position, passage, None, ranks, self.device)


def cases() -> Iterator[Case]:
    """Random worlds; thirty features that are equal, or nearly, on either side; parts of A that are empty."""
    for seed in range(4):
        yield Case(f"world-{seed}", *world(seed))
    a, b, *codes = world(12)
    equal = [np.repeat(side[:, 9:10], 30, axis=1) for side in (a, b)]
    near = equal[1] * np.linspace(1, 7, 30, dtype=np.float32)
    near[0] += (1e-5 * np.random.default_rng(0).permutation(30)).astype(np.float32)
    for device in ("cpu", "cpu:0"):
        yield Case(f"equal-in-a-{device[3:]}", np.hstack([a, equal[1]]), b, *codes, device=device)
        yield Case(f"equal-in-b-{device[3:]}", a, np.hstack([b, equal[0]]), *codes, device=device)
        yield Case(f"nearly-equal-in-a-{device[3:]}", np.hstack([a, near]), b, *codes, device=device)
        yield Case(f"one-feature-{device[3:]}", a[:, 9:10], b, *codes, device=device)
    yield Case("searched-again", np.hstack([a, equal[1]]), b, *codes, wide=True)
    yield Case("one-feature-searched-again", a[:, 9:10], np.hstack([b, equal[0]]), *codes, wide=True)


def main(folder: Path) -> None:
    with joined() as ranks:
        for case in cases():
            for table, rows in case.tables(ranks).items():
                pq.write_table(rows, folder / f"{case.name}.{table}.parquet")
        names = [f"n{i}" for i in range(11)]
        done = []
        each = ranks.each(names, lambda name: done.append(name) or name.upper(), lambda name: float(name[1:]) ** 2)
        assert each == {name: name.upper() for name in names}
        assert sum(map(len, ranks.gather(done))) == len(names), "nothing is done twice"
        assert ranks.broadcast(lambda: ranks.rank) == 0
        assert sorted(chain(*ranks.gather(ranks.mine(range(7))))) == list(range(7))
        ranks.agree({"model 'm'": "the same"})
        with pytest.raises(IngestError, match=r"^rank 2 reads another model 'm' than rank 0; "):
            ranks.agree({"space 's'": 1, "model 'm'": ranks.rank // 2})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
