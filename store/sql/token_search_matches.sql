-- Best match of some features in every comparison that their spaces are part of. Parameters: $spaces, $features
-- (lists), thresholds
WITH asked AS (
  SELECT DISTINCT unnest($spaces::VARCHAR[]) AS space, unnest($features::INTEGER[]) AS feature
),
best AS (
  SELECT judged.* EXCLUDE (reason_bits), c.space_a, c.space_b
  FROM judged_matches(
    rare := $rare, dense := $dense, special := $special, position := $position, token := $token,
    single_token := $single_token, stop_token := $stop_token, hub := $hub, chance := $chance, thin := $thin
  ) AS judged
  JOIN comparisons AS c ON c.comparison = judged.comparison
  WHERE judged.rank_ab = 1 OR judged.rank_ba = 1
)
SELECT asked.space, asked.feature, 'a' AS side, best.space_b AS other_space, best.* EXCLUDE (space_a, space_b)
FROM asked
JOIN best ON best.space_a = asked.space AND best.feature_a = asked.feature AND best.rank_ab = 1
UNION ALL
SELECT asked.space, asked.feature, 'b' AS side, best.space_a AS other_space, best.* EXCLUDE (space_a, space_b)
FROM asked
JOIN best ON best.space_b = asked.space AND best.feature_b = asked.feature AND best.rank_ba = 1
ORDER BY space, feature, other_space, comparison, feature_a, feature_b
