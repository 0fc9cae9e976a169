"""The best few of every feature, from both sides and by both orders, filled while tiles of all pairs come by."""

from dataclasses import dataclass

import numpy as np

ORDERS = 2
"""By pearson, and by pearson_context."""


@dataclass(frozen=True)
class Shortlist:
    """For each feature of one side its best partners, best first.

    `bound` is an upper bound on the exact correlation: what was computed, plus what rounding can have taken from it.
    A partner that is not listed has no larger correlation than the last bound of a full list.
    """

    bound: np.ndarray
    """float of shape (order, feature, k), descending; -inf where there are fewer partners."""
    partner: np.ndarray
    """int32 of shape (order, feature, k); -1 where there are fewer."""

    @staticmethod
    def empty(n_features: int, k: int, kind: np.dtype) -> "Shortlist":
        shape = (ORDERS, n_features, k)
        return Shortlist(np.full(shape, -np.inf, kind), np.full(shape, -1, np.int32))

    @staticmethod
    def merged(lists: "list[Shortlist]") -> "Shortlist":
        """The best of several lists of the same features: what a list over all their partners would hold.

        Of equal bounds the lower partner comes first, as where partners are met in ascending order.
        """
        bound, partner = (np.concatenate([getattr(one, f) for one in lists], 2) for f in ("bound", "partner"))
        order = np.lexsort((partner, -bound), axis=2)[:, :, : lists[0].bound.shape[2]]
        return Shortlist(np.take_along_axis(bound, order, 2), np.take_along_axis(partner, order, 2))

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """(feature, partner), int64, of every entry; a pair may come twice."""
        _, feature, _ = np.nonzero(self.partner >= 0)
        return feature.astype(np.int64), self.partner[self.partner >= 0].astype(np.int64)

    def surpassed(self, exact: np.ndarray) -> np.ndarray:
        """int64: the features for which a partner that is not listed might beat their k-th best listed one.

        `exact` is float64 of shape (order, feature): the exact k-th best value, -inf where there are fewer than k.
        """
        return np.flatnonzero((exact < self.bound[:, :, -1]).any(0))
