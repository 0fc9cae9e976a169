-- The alive features of one side of a comparison with their best match on the other, and `flags`: the bits of their own
-- reasons, then one for firing too rarely and one for a best match that is strong enough.
-- Parameters: $comparison, $rank_ab (1: the features of A) or $rank_ba (1: of B), $space, $below, $min_active, $rare, $dense,
-- $special
best AS (
  SELECT
    feature_a AS feature, feature_b AS partner, -- if: rank_ab
    feature_b AS feature, feature_a AS partner, -- if: rank_ba
    pearson,
    n_both + n_a_only AS n_units_a
  FROM picked_matches
  WHERE comparison = $comparison
    AND rank_ab = $rank_ab -- if: rank_ab
    AND rank_ba = $rank_ba -- if: rank_ba
),
flagged AS (
  SELECT
    f.*,
    n_active * mean_activation AS mass,
    best.partner,
    best.pearson,
    best.n_units_a,
-- include: feature_bits
    + 8 * (n_active < $min_active)::INTEGER
    + 16 * coalesce(best.pearson >= $below, false)::INTEGER AS flags
  FROM (SELECT * FROM features WHERE space = $space AND n_active > 0) AS f
  LEFT JOIN best ON best.feature = f.feature
)
