-- The best match of each feature of A, and where it stands in picked_matches. Parameters: $comparison
SELECT
  feature_a AS own,
  feature_b AS other,
  pearson,
  coalesce(neighbour_overlap, 'nan'::DOUBLE) AS overlap,
  coalesce(neighbour_rbo, 'nan'::DOUBLE) AS rbo,
  n_both + n_a_only AS n_units,
  rowid AS row
FROM picked_matches
WHERE comparison = $comparison AND rank_ab = 1
ORDER BY feature_a
