-- Some matches of a comparison with their top tokens, strongest first. Parameters: $comparison, $space_a, $space_b,
-- $features_a and $features_b (lists of one length), thresholds
WITH chosen AS (
  SELECT DISTINCT unnest($features_a::INTEGER[]) AS feature_a, unnest($features_b::INTEGER[]) AS feature_b
),
judged AS (
  SELECT judged.* EXCLUDE (reason_bits)
  FROM judged_matches(
    rare := $rare, dense := $dense, special := $special, position := $position, token := $token,
    single_token := $single_token, stop_token := $stop_token, hub := $hub, chance := $chance, thin := $thin
  ) AS judged
  JOIN chosen USING (feature_a, feature_b)
  WHERE judged.comparison = $comparison
),
words AS (
  SELECT space, feature, list(token ORDER BY rank) AS tokens
  FROM feature_tokens
  WHERE rank <= 5
    AND (
      (space = $space_a AND feature IN (SELECT feature_a FROM chosen))
      OR (space = $space_b AND feature IN (SELECT feature_b FROM chosen))
    )
  GROUP BY space, feature
)
SELECT judged.*, coalesce(a.tokens, []) AS tokens_a, coalesce(b.tokens, []) AS tokens_b
FROM judged
LEFT JOIN words AS a ON a.space = $space_a AND a.feature = judged.feature_a
LEFT JOIN words AS b ON b.space = $space_b AND b.feature = judged.feature_b
ORDER BY judged.pearson DESC, judged.feature_a, judged.feature_b
