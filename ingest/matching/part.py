"""The features of A that one process looks at: all of them, or a rank's part. Every rank holds B as a whole."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ingest.matching.moments import Moments
from ingest.matching.shortlist import Shortlist
from ingest.ranks import Ranks


@dataclass(frozen=True)
class Part:
    """Inside a part features of A are numbered from 0; between ranks they keep the numbers that they have in A."""

    ranks: Ranks
    features: np.ndarray
    """int64, ascending."""
    n_features: int
    """Features of A."""

    @staticmethod
    def of(moments: Moments, ranks: Ranks) -> "Part":
        """About as many features for each rank, with about as many activations."""
        forth = np.arange(ranks.size)
        turn = np.resize(np.concatenate([forth, forth[::-1]]), moments.n_features)
        busiest_first = np.argsort(-moments.n_active, kind="stable")
        return Part(ranks, np.sort(busiest_first[turn == ranks.rank]), moments.n_features)

    @property
    def is_whole(self) -> bool:
        return len(self.features) == self.n_features

    def best(self, of_b: Shortlist) -> Shortlist:
        """B's lists over all of A, from those that each rank has found in its part."""
        if self.ranks.size == 1:
            return of_b
        named = np.append(self.features, -1)[of_b.partner].astype(np.int32)  # no partner, -1, stays what it is
        return Shortlist.merged(self.ranks.gather(replace(of_b, partner=named)))

    def own(self, feature_a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which of these features of A are in this part, and their numbers here."""
        place = np.searchsorted(self.features, feature_a)
        here = np.flatnonzero(np.append(self.features, -1)[place] == feature_a)
        return here, place[here]

    def whole(self, values: np.ndarray) -> np.ndarray:
        """The values of all features of A, from those of this part's features: shape (feature of A,)."""
        result = np.zeros(self.n_features, values.dtype)
        for features, theirs in self.ranks.gather((self.features, values)):
            result[features] = theirs
        return result

    def paced(self, advance: Callable[[int], None]) -> Callable[[int], None]:
        """`advance` over all of A, while this part goes on: the others are taken to be as far."""
        done = 0

        def further(n: int) -> None:
            nonlocal done
            before, after = (at * self.n_features // len(self.features) for at in (done, done + n))
            done += n
            advance(after - before)

        return further
