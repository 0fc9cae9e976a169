-- The mutual best matches that pass, of some comparisons: what holds families together.
-- Parameters: $comparisons (list), those of passing.sql
SELECT list_position($comparisons::VARCHAR[], comparison) - 1 AS place, feature_a, feature_b, pearson, pearson_context
FROM picked_matches
WHERE mutual_best
  AND list_contains($comparisons::VARCHAR[], comparison)
-- include: passing
ORDER BY place, feature_a, feature_b
