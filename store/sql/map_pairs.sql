-- Some matches of a comparison, strongest first. Parameters: $comparison, $features_a and $features_b (lists of one
-- length), moved thresholds
SELECT
-- include: judged
FROM matches
JOIN (
  SELECT DISTINCT unnest($features_a::INTEGER[]) AS feature_a, unnest($features_b::INTEGER[]) AS feature_b
) AS chosen USING (feature_a, feature_b)
WHERE comparison = $comparison
ORDER BY pearson DESC, feature_a, feature_b
