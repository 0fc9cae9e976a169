-- Dots of the Pairs scatter: those that pass first, then a fixed sample.
-- Parameters: those of scope.sql and passing.sql, $limit
SELECT
  feature_a,
  feature_b,
  pearson,
  pearson_token,
-- include: passing
  AS kept
FROM $matches
WHERE
-- include: scope
ORDER BY kept DESC, hash(feature_a, feature_b), feature_a, feature_b
LIMIT $limit
