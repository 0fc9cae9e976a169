-- Dots over the null floor: the best match of each feature of A, those that pass first, then a fixed sample.
-- Parameters: those of flagged.sql, $clear, $require, $limit
WITH
-- include: flagged
SELECT
  feature_a,
  feature_b,
  pearson,
  n_both + n_a_only AS n_units_a,
  top_token_a,
  (flags & $clear) = 0 AND (flags & $require) = $require AS kept
FROM flagged
WHERE rank_ab = 1
ORDER BY kept DESC, hash(feature_a, feature_b), feature_a, feature_b
LIMIT $limit
