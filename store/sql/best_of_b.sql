-- The best match of each feature of B, and where it stands in picked_matches. Parameters: $comparison
SELECT
  feature_b AS own,
  feature_a AS other,
  pearson,
  coalesce(neighbour_overlap, 'nan'::DOUBLE) AS overlap,
  coalesce(neighbour_rbo, 'nan'::DOUBLE) AS rbo,
  n_both + n_b_only AS n_units,
  rowid AS row
FROM picked_matches
WHERE comparison = $comparison AND rank_ba = 1
ORDER BY feature_b
