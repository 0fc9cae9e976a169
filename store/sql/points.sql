-- Dots of the Pairs scatter: those that pass first, then a fixed sample. Parameters: those of flagged.sql, $clear, $require,
-- $limit
WITH
-- include: flagged
SELECT
  feature_a,
  feature_b,
  pearson,
  pearson_token,
  n_active_a,
  top_token_a,
  (flags & $clear) = 0 AND (flags & $require) = $require AS kept
FROM flagged
ORDER BY kept DESC, hash(feature_a, feature_b), feature_a, feature_b
LIMIT $limit
