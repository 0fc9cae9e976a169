-- The best match of each feature of a side (`a` or `b`), to lead from one map to the other. Parameters: $comparison, $side
SELECT feature_a, feature_b, pearson, pearson_context, mutual_best, neighbour_overlap
FROM picked_matches
WHERE comparison = $comparison AND CASE $side WHEN 'a' THEN rank_ab ELSE rank_ba END = 1
ORDER BY CASE $side WHEN 'a' THEN feature_a ELSE feature_b END, feature_a, feature_b
