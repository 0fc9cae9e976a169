-- Mutual best matches by how many neighbours they keep; of equals those that correlate most.
-- Parameters: $comparison, $sign (1: best kept first, -1: worst), $clear, the bounds of a filter, thresholds, $limit
SELECT * EXCLUDE (reason_bits)
FROM judged_matches(
  rare := $rare, dense := $dense, special := $special, position := $position, token := $token,
  single_token := $single_token, stop_token := $stop_token, hub := $hub, chance := $chance, thin := $thin
)
WHERE comparison = $comparison
  AND mutual_best
  AND neighbour_overlap IS NOT NULL
  AND (reason_bits & $clear) = 0
  AND pearson >= $min_pearson
  AND pearson_context >= $min_context
  AND least(n_active_a, n_active_b) >= $min_active
ORDER BY $sign * neighbour_overlap DESC, $sign * coalesce(neighbour_rbo, 0) DESC, pearson DESC, feature_a, feature_b
LIMIT $limit
