-- The best match of a feature of A. Parameters: $comparison, $feature_a
SELECT feature_b, pearson, neighbour_overlap, neighbour_rbo
FROM picked_matches
WHERE comparison = $comparison AND feature_a = $feature_a AND rank_ab = 1
ORDER BY feature_b
