-- Dots over the null floor: the best match of each feature of A, those that pass first, then a fixed sample.
-- Parameters: as in points.sql
SELECT
  feature_a,
  feature_b,
  pearson,
  n_both + n_a_only AS n_units_a,
-- include: passing
  AS kept
FROM picked_matches
WHERE rank_ab = 1
  AND
-- include: scope
ORDER BY kept DESC, hash(feature_a, feature_b), feature_a, feature_b
LIMIT $limit
