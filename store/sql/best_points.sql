-- Dots over the null floor: the best match of each feature of A, those that pass first, then a fixed sample.
-- Parameters: those of flagged.sql, $clear, $require, $limit, $space_a
WITH
-- include: flagged
,
dots AS MATERIALIZED (
  SELECT
    feature_a,
    feature_b,
    pearson,
    n_both + n_a_only AS n_units_a,
    (flags & $clear) = 0 AND (flags & $require) = $require AS kept
  FROM flagged
  WHERE rank_ab = 1
  ORDER BY kept DESC, hash(feature_a, feature_b), feature_a, feature_b
  LIMIT $limit
)
SELECT feature_a, feature_b, pearson, n_units_a, f.top_token AS top_token_a, kept
FROM dots JOIN features AS f ON f.space = $space_a AND f.feature = dots.feature_a
ORDER BY kept DESC, hash(feature_a, feature_b), feature_a, feature_b
