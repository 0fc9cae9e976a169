-- The mutual best matches that pass, of every comparison: what holds families together. Random directions share with
-- any space, so a match with them joins nothing. Parameters: $clear (bits of reasons), $min_pearson, $min_context,
-- $min_active, thresholds
SELECT
  judged.comparison,
  c.space_a,
  judged.feature_a,
  c.space_b,
  judged.feature_b,
  judged.pearson,
  judged.pearson_context
FROM judged_matches(
  rare := $rare, dense := $dense, special := $special, position := $position, token := $token,
  single_token := $single_token, stop_token := $stop_token, hub := $hub, chance := $chance, thin := $thin
) AS judged
JOIN comparisons AS c ON c.comparison = judged.comparison
JOIN spaces AS a ON a.space = c.space_a
JOIN spaces AS b ON b.space = c.space_b
WHERE judged.mutual_best
  AND (judged.reason_bits & $clear) = 0
  AND judged.pearson >= $min_pearson
  AND judged.pearson_context >= $min_context
  AND least(judged.n_active_a, judged.n_active_b) >= $min_active
  AND 'random_sae' NOT IN (a.kind, b.kind)
ORDER BY judged.comparison, judged.feature_a, judged.feature_b
