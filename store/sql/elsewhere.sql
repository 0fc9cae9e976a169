-- Best match of a feature in every comparison that its space is part of. Parameters: $space, $feature, $as_a and $as_b
-- (lists: the comparisons in which the space is A, and B), thresholds
SELECT
  CASE WHEN c.space_a = $space THEN 'a' ELSE 'b' END AS side,
  CASE WHEN c.space_a = $space THEN c.space_b ELSE c.space_a END AS other_space,
  judged.* EXCLUDE (reason_bits)
FROM judged_matches(
  rare := $rare, dense := $dense, special := $special, position := $position, token := $token,
  single_token := $single_token, stop_token := $stop_token, hub := $hub, chance := $chance, thin := $thin
) AS judged
JOIN comparisons AS c ON c.comparison = judged.comparison
WHERE (judged.feature_a = $feature AND judged.rank_ab = 1 AND list_contains($as_a::VARCHAR[], judged.comparison))
  OR (judged.feature_b = $feature AND judged.rank_ba = 1 AND list_contains($as_b::VARCHAR[], judged.comparison))
ORDER BY other_space, judged.comparison, judged.feature_a, judged.feature_b
