-- The mutual best matches that pass, of some comparisons, and where they stand in picked_matches; in any order.
-- Parameters: $comparisons (list), those of passing.sql
SELECT
  (list_position($comparisons::VARCHAR[], comparison) - 1)::INTEGER AS place,
  feature_a,
  feature_b,
  pearson,
  pearson_context,
  rowid AS row
FROM picked_matches
WHERE mutual_best
  AND list_contains($comparisons::VARCHAR[], comparison)
  AND
-- include: passing
