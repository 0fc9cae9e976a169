-- One page of the Pairs table. Parameters: those of kept.sql, $limit, $offset, $space_a, $space_b
WITH
-- include: kept
,
-- Sorted with nothing but their keys; all else is fetched for the rows of the page.
places AS MATERIALIZED (
  SELECT feature_a, feature_b, reason_bits, sort_key
  FROM kept
  ORDER BY sort_key DESC NULLS LAST, feature_a, feature_b
  LIMIT $limit OFFSET $offset
),
words_a AS (
  SELECT feature, list(token ORDER BY rank) AS tokens
  FROM feature_tokens JOIN (SELECT DISTINCT feature_a FROM places) ON feature = feature_a
  WHERE space = $space_a AND rank <= 5
  GROUP BY feature
),
words_b AS (
  SELECT feature, list(token ORDER BY rank) AS tokens
  FROM feature_tokens JOIN (SELECT DISTINCT feature_b FROM places) ON feature = feature_b
  WHERE space = $space_b AND rank <= 5
  GROUP BY feature
)
SELECT
  m.*,
  a.top_token AS top_token_a,
  b.top_token AS top_token_b,
  a.n_active AS n_active_a,
  b.n_active AS n_active_b,
  a.firing_rate AS firing_rate_a,
  b.firing_rate AS firing_rate_b,
  a.special_share AS special_share_a,
  b.special_share AS special_share_b,
  a.top_token_share AS top_token_share_a,
  b.top_token_share AS top_token_share_b,
  reason_names(p.reason_bits) AS reasons,
  coalesce(words_a.tokens, []) AS tokens_a,
  coalesce(words_b.tokens, []) AS tokens_b
FROM places AS p
JOIN matches AS m ON m.comparison = $comparison AND m.feature_a = p.feature_a AND m.feature_b = p.feature_b
JOIN features AS a ON a.space = $space_a AND a.feature = p.feature_a
JOIN features AS b ON b.space = $space_b AND b.feature = p.feature_b
LEFT JOIN words_a ON words_a.feature = p.feature_a
LEFT JOIN words_b ON words_b.feature = p.feature_b
ORDER BY p.sort_key DESC NULLS LAST, p.feature_a, p.feature_b
