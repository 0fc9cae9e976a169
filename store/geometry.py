"""Neighbourhoods and maps: what lies near a feature, in its own space and across a comparison."""

import math
from collections.abc import Sequence

import pyarrow as pa

from store import filters
from store import records as r
from store.best import BestMatches

BY = ("activation", "decoder_cosine")
NEAR = 10
"""Neighbours whose fate `neighbour_overlap` counts."""
BINS = 20
"""Of the distribution of the overlap: ten against ten neighbours overlap in 11 ways, and each has a bin of its own."""
DEFAULT = r.PairFilter()


class Geometry(BestMatches):
    """The part of `Store` that knows what lies where; open a `Store`."""

    # Neighbours --------------------------------------------------------------------------------------------------
    def neighbours(self, space: str, feature: int, by: str, limit: int = 50) -> list[r.Neighbour]:
        """The nearest features of the same space, by one of `BY`; none for a feature that never fires."""
        asked = self._feature(space, feature)
        filters.one_of("neighbours by", by, BY)
        rows = self._dicts("neighbours", **asked, by=by, limit=limit)
        shown = self._sides((space, row["feature"]) for row in rows)
        return [
            r.Neighbour(**row, **{name: shown[space, row["feature"]][name] for name in ("top_token", "n_active")})
            for row in rows
        ]

    def neighbourhood(self, comparison: str, feature_a: int) -> r.Neighbourhood:
        """A's ten neighbours, where their best matches lie in B, and the ten neighbours of A's own best match."""
        c = self.comparison(comparison)
        mine = self.neighbours(c.space_a, feature_a, "activation", NEAR)
        best = self._best(comparison, "a")
        at = best.at(feature_a)
        partner = None if at is None else int(best.other[at])
        theirs = [] if partner is None else self.neighbours(c.space_b, partner, "activation", NEAR)
        values = [None if at is None else float(column[at]) for column in (best.pearson, best.overlap, best.rbo)]
        pearson, overlap, rbo = (None if one is None or math.isnan(one) else one for one in values)
        ranks = {one.feature: one.rank for one in theirs}
        carried = tuple(self._carried(c, one, ranks) for one in mine)
        return r.Neighbourhood(comparison, feature_a, partner, pearson, overlap, rbo, carried, tuple(theirs))

    def _carried(self, c: r.Comparison, one: r.Neighbour, ranks: dict[int, int]) -> r.CarriedNeighbour:
        """A neighbour with its own best match, and the place of that match in `ranks`."""
        best = self._best(c.comparison, "a")
        at = best.at(one.feature)
        if at is None:
            return r.CarriedNeighbour(**vars(one), partner=None, partner_token=None, pearson=None, partner_rank=None)
        other = int(best.other[at])
        token = self._sides([(c.space_b, other)])[c.space_b, other]["top_token"]
        return r.CarriedNeighbour(
            **vars(one),
            partner=other,
            partner_token=token,
            pearson=float(best.pearson[at]),
            partner_rank=ranks.get(other),
        )

    def overlap_distribution(self, comparison: str) -> r.OverlapDistribution:
        """How much of their company the features of A keep in their best matches, in `BINS` equal bins from 0 to 1."""
        self.comparison(comparison)
        found = {row["bin"]: row for row in self._dicts("overlap_distribution", comparison=comparison, bins=BINS)}
        nobody = {"n": 0, "n_mutual": 0}
        rows = [(i, found.get(i, nobody)) for i in range(BINS)]
        bins = tuple(r.OverlapBin(i / BINS, (i + 1) / BINS, row["n"], row["n_mutual"]) for i, row in rows)
        return r.OverlapDistribution(bins, found.get(None, nobody)["n"])

    def best_kept(self, comparison: str, filter: r.PairFilter = DEFAULT, limit: int = 10) -> list[r.Match]:
        """Mutual best matches that pass, those that keep most of their neighbours first.

        The filter's `only` and its two features are left out of account.
        """
        return self._kept(comparison, filter, 1, limit)

    def worst_kept(self, comparison: str, filter: r.PairFilter = DEFAULT, limit: int = 10) -> list[r.Match]:
        """The same, those that keep fewest first: of equals, the match that correlates most is the stranger."""
        return self._kept(comparison, filter, -1, limit)

    def _kept(self, comparison: str, filter: r.PairFilter, sign: int, limit: int) -> list[r.Match]:
        self.comparison(comparison)
        asked = {"comparison": comparison, "sign": sign, "limit": limit, **filters.passing(filters.whole(filter))}
        return self._matches("kept_neighbours", filter.thresholds, **asked)

    # Maps --------------------------------------------------------------------------------------------------------
    def map_methods(self, space: str) -> dict[str, int]:
        """Method -> features on that map of the space; none for a space without decoder rows."""
        self.space(space)
        return {row["method"]: row["n_features"] for row in self._dicts("map_methods", space=space)}

    def map_points(self, space: str, method: str) -> pa.Table:
        """All points of a map: feature, x, y, cluster (NULL: none), n_active, firing_rate, top_token.

        By columns, since a map may have 100,000 points. Raises `UnknownName` for a map that the space does not have.
        """
        filters.one_of(f"map of {space}", method, self.map_methods(space))
        return self._arrow("map_points", space=space, method=method)

    def map_links(self, comparison: str, side: str = "a") -> pa.Table:
        """The best match of each feature of a side (`a` or `b`), in the order of that side's features.

        Columns feature_a, feature_b, pearson, pearson_context, mutual_best, neighbour_overlap.
        """
        self.comparison(comparison)
        filters.one_of("side", side, ("a", "b"))
        return self._arrow("map_links", comparison=comparison, side=side)

    def map_shares(self, concept: str, space: str) -> pa.Table:
        """Features of a space that hold any of a concept: feature, mass_share. None for a concept that is not there."""
        self.space(space)
        return self._arrow("map_shares", concept=concept, space=space)

    def map_pairs(
        self, comparison: str, pairs: Sequence[tuple[int, int]], thresholds: r.Thresholds = DEFAULT.thresholds
    ) -> list[r.PairRow]:
        """Those of some pairs (feature of A, feature of B) that are candidates, strongest first."""
        c = self.comparison(comparison)
        found = self._matches_of([(comparison, a, b) for a, b in pairs], thresholds)
        return self._with_words(c, sorted(found, key=lambda m: (-m.pearson, m.feature_a, m.feature_b)))

    def map_agreement(self, comparison: str) -> list[r.MapAgreement]:
        """Scores of the neighbours and of each map that both spaces have, by method and measure."""
        self.comparison(comparison)
        return self._rows("map_agreement", r.MapAgreement, comparison=comparison)
