-- Every candidate pair among some features, best first. Parameters: $spaces, $features (lists), thresholds
WITH members AS (
  SELECT DISTINCT unnest($spaces::VARCHAR[]) AS space, unnest($features::INTEGER[]) AS feature
),
pairs AS (
  SELECT c.comparison, a.feature AS feature_a, b.feature AS feature_b
  FROM comparisons AS c
  JOIN members AS a ON a.space = c.space_a
  JOIN members AS b ON b.space = c.space_b
)
SELECT judged.* EXCLUDE (reason_bits)
FROM judged_matches(
  rare := $rare, dense := $dense, special := $special, position := $position, token := $token,
  single_token := $single_token, stop_token := $stop_token, hub := $hub, chance := $chance, thin := $thin
) AS judged
JOIN pairs USING (comparison, feature_a, feature_b)
ORDER BY judged.pearson_context DESC, judged.comparison, judged.feature_a, judged.feature_b
