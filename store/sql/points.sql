-- Dots of the Pairs scatter: those that pass first, then a fixed sample. Parameters: those of flagged.sql, $clear, $require,
-- $limit, $space_a
WITH
-- include: flagged
,
dots AS MATERIALIZED (
  SELECT feature_a, feature_b, pearson, pearson_token, (flags & $clear) = 0 AND (flags & $require) = $require AS kept
  FROM flagged
  ORDER BY kept DESC, hash(feature_a, feature_b), feature_a, feature_b
  LIMIT $limit
)
SELECT feature_a, feature_b, pearson, pearson_token, f.n_active AS n_active_a, f.top_token AS top_token_a, kept
FROM dots JOIN features AS f ON f.space = $space_a AND f.feature = dots.feature_a
ORDER BY kept DESC, hash(feature_a, feature_b), feature_a, feature_b
