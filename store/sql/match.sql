-- One candidate pair. Parameters: $comparison, $feature_a, $feature_b, moved thresholds
SELECT
-- include: judged
FROM matches
WHERE comparison = $comparison AND feature_a = $feature_a AND feature_b = $feature_b
ORDER BY feature_a, feature_b
