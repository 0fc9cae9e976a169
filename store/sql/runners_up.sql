-- All candidates of a feature, best first. Parameters: $comparison, $feature_a or $feature_b, $limit,
-- moved thresholds
SELECT
-- include: judged
FROM matches
WHERE comparison = $comparison
  AND feature_a = $feature_a -- if: feature_a
  AND feature_b = $feature_b -- if: feature_b
ORDER BY pearson DESC, feature_a, feature_b
LIMIT $limit
