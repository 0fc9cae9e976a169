-- The best match of each feature of A, to lead from one map to the other. Parameters: $comparison
SELECT feature_a, feature_b, pearson, pearson_context, mutual_best, neighbour_overlap
FROM matches
WHERE comparison = $comparison AND rank_ab = 1
ORDER BY feature_a, feature_b
