-- One page of unmatched features. Parameters: those of unmatched_flagged.sql, $clear, $sort, $limit, $offset
WITH
-- include: unmatched_flagged
,
keyed AS (
  SELECT
    *,
    CASE $sort WHEN 'mass' THEN mass WHEN 'n_active' THEN n_active WHEN 'token_entropy_bits' THEN token_entropy_bits END
      AS sort_key
  FROM flagged
  WHERE (flags & $clear) = 0
),
places AS MATERIALIZED (
  SELECT * FROM keyed ORDER BY sort_key DESC NULLS LAST, feature LIMIT $limit OFFSET $offset
),
words AS (
  SELECT feature, list(token ORDER BY rank) AS tokens
  FROM feature_tokens JOIN (SELECT feature FROM places) USING (feature)
  WHERE space = $space AND rank <= 5
  GROUP BY feature
)
SELECT
  p.space,
  p.feature,
  p.n_active,
  p.firing_rate,
  p.max_activation,
  p.mass,
  p.token_entropy_bits,
  p.label,
  p.partner,
  p.pearson,
  n.q95 AS chance_q95,
  reason_names(p.reason_bits) AS reasons,
  coalesce(words.tokens, []) AS tokens
FROM places AS p
JOIN comparisons AS c ON c.comparison = $comparison
LEFT JOIN words ON words.feature = p.feature
-- The null counts units, which are tokens only where both models cut the text alike.
LEFT JOIN match_nulls AS n
  ON n.comparison = $comparison
  AND $side = 'a'
  AND coalesce(p.n_units_a, CASE WHEN c.alignment = 'identical' THEN p.n_active END)
    BETWEEN n.n_active_low AND n.n_active_high
ORDER BY p.sort_key DESC NULLS LAST, p.feature
