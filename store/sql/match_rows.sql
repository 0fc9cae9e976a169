-- Where some candidate pairs stand in their table: found by their three keys alone, before all else of them is read.
-- Parameters: $comparisons, $features_a, $features_b (lists of one length)
SELECT m.rowid AS row
FROM matches AS m
JOIN (
  SELECT DISTINCT
    unnest($comparisons::VARCHAR[]) AS comparison,
    unnest($features_a::INTEGER[]) AS feature_a,
    unnest($features_b::INTEGER[]) AS feature_b
) AS asked USING (comparison, feature_a, feature_b)
ORDER BY m.rowid
