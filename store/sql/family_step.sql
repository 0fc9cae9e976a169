-- Those of family_links.sql that some features are part of. Parameters: $comparisons and $features (lists of one length)
-- for features of A, $comparisons_b and $features_b for those of B, those of passing.sql
WITH asked_a AS (
  SELECT DISTINCT unnest($comparisons::VARCHAR[]) AS comparison, unnest($features::INTEGER[]) AS feature_a
),
asked_b AS (
  SELECT DISTINCT unnest($comparisons_b::VARCHAR[]) AS comparison, unnest($features_b::INTEGER[]) AS feature_b
)
SELECT comparison, feature_a, feature_b, pearson, pearson_context
FROM picked_matches JOIN asked_a USING (comparison, feature_a)
WHERE mutual_best
-- include: passing
UNION
SELECT comparison, feature_a, feature_b, pearson, pearson_context
FROM picked_matches JOIN asked_b USING (comparison, feature_b)
WHERE mutual_best
-- include: passing
ORDER BY comparison, feature_a, feature_b
