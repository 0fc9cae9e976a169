-- All candidates of a feature, best first. Parameters: $comparison, $feature_a or $feature_b (the other NULL), $limit,
-- thresholds
SELECT * EXCLUDE (reason_bits)
FROM judged_matches(
  rare := $rare, dense := $dense, special := $special, position := $position, token := $token,
  single_token := $single_token, stop_token := $stop_token, hub := $hub, chance := $chance, thin := $thin
)
WHERE comparison = $comparison
  AND ($feature_a IS NULL OR feature_a = $feature_a)
  AND ($feature_b IS NULL OR feature_b = $feature_b)
ORDER BY pearson DESC, feature_a, feature_b
LIMIT $limit
