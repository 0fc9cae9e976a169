-- Best match of a feature in every comparison that its space is part of. Parameters: $space, $feature, thresholds
WITH found AS (
  SELECT m.comparison, m.feature_a, m.feature_b, 'a' AS side, c.space_b AS other_space
  FROM matches AS m
  JOIN comparisons AS c ON c.comparison = m.comparison
  WHERE c.space_a = $space AND m.feature_a = $feature AND m.rank_ab = 1
  UNION ALL
  SELECT m.comparison, m.feature_a, m.feature_b, 'b' AS side, c.space_a AS other_space
  FROM matches AS m
  JOIN comparisons AS c ON c.comparison = m.comparison
  WHERE c.space_b = $space AND m.feature_b = $feature AND m.rank_ba = 1
)
SELECT found.side, found.other_space, judged.* EXCLUDE (reason_bits)
FROM found
JOIN judged_matches(
  rare := $rare, dense := $dense, special := $special, position := $position, token := $token,
  single_token := $single_token, hub := $hub, chance := $chance, thin := $thin
) AS judged
  ON judged.comparison = found.comparison
  AND judged.feature_a = found.feature_a
  AND judged.feature_b = found.feature_b
ORDER BY found.other_space, found.comparison, found.side
