-- One page of the Pairs table. Parameters: those of kept.sql, $limit, $offset, $space_a, $space_b
WITH
-- include: kept
,
page AS (
  SELECT * EXCLUDE (reasons)
  FROM kept
  ORDER BY sort_key DESC NULLS LAST, feature_a, feature_b
  LIMIT $limit OFFSET $offset
),
words AS (
  SELECT space, feature, list(token ORDER BY rank) AS tokens
  FROM feature_tokens
  WHERE rank <= 5 AND (
    (space = $space_a AND feature IN (SELECT feature_a FROM page))
    OR (space = $space_b AND feature IN (SELECT feature_b FROM page))
  )
  GROUP BY space, feature
)
SELECT
  page.* EXCLUDE (reason_bits, flags, sort_key),
  reason_names(reason_bits) AS reasons,
  coalesce(a.tokens, []) AS tokens_a,
  coalesce(b.tokens, []) AS tokens_b
FROM page
LEFT JOIN words AS a ON a.space = $space_a AND a.feature = page.feature_a
LEFT JOIN words AS b ON b.space = $space_b AND b.feature = page.feature_b
ORDER BY sort_key DESC NULLS LAST, page.feature_a, page.feature_b
