-- Some candidate pairs, best first. Parameters: $comparisons, $features_a, $features_b (lists of one length), moved thresholds
SELECT
-- include: judged
FROM matches
JOIN (
  SELECT DISTINCT
    unnest($comparisons::VARCHAR[]) AS comparison,
    unnest($features_a::INTEGER[]) AS feature_a,
    unnest($features_b::INTEGER[]) AS feature_b
) AS asked USING (comparison, feature_a, feature_b)
ORDER BY pearson_context DESC, comparison, feature_a, feature_b
