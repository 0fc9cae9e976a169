-- One candidate pair. Parameters: $comparison, $feature_a, $feature_b, thresholds
SELECT * EXCLUDE (reason_bits)
FROM judged_matches(
  rare := $rare, dense := $dense, special := $special, position := $position, token := $token,
  single_token := $single_token, stop_token := $stop_token, hub := $hub, chance := $chance, thin := $thin
)
WHERE comparison = $comparison AND feature_a = $feature_a AND feature_b = $feature_b
ORDER BY feature_a, feature_b
