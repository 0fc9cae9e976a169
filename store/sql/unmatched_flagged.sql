-- The alive features of one side of a comparison with their best match on the other, and `flags`: the bits of their own
-- reasons, then one for firing too rarely and one for a best match that is strong enough.
-- Parameters: $comparison, $side ('a' or 'b'), $space, $below, $min_active, $rare, $dense, $special
best AS (
  SELECT
    CASE WHEN $side = 'a' THEN feature_a ELSE feature_b END AS feature,
    CASE WHEN $side = 'a' THEN feature_b ELSE feature_a END AS partner,
    pearson,
    n_both + n_a_only AS n_units_a
  FROM picked_matches
  WHERE comparison = $comparison AND CASE WHEN $side = 'a' THEN rank_ab ELSE rank_ba END = 1
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
