-- What publishing derived for speed is what the features and the default thresholds give.
WITH sides AS (
  SELECT *, is_stop_token(top_token) AS is_stop FROM features
),
judged AS (
  SELECT
    m.comparison || ' ' || m.feature_a || ' ' || m.feature_b AS name,
    least_active IS DISTINCT FROM least(a.n_active, b.n_active)
      OR largest_rate IS DISTINCT FROM greatest(a.firing_rate, b.firing_rate)
      OR largest_special IS DISTINCT FROM greatest(a.special_share, b.special_share)
      OR least_top_share IS DISTINCT FROM
        CASE WHEN a.top_token_share IS NOT NULL THEN CASE WHEN b.top_token_share IS NOT NULL
          THEN least(a.top_token_share, b.top_token_share) END END
      OR both_stop IS DISTINCT FROM coalesce(a.is_stop AND b.is_stop, false) AS not_of_features,
    reason_bits AS stored,
-- include: default_bits
    AS bits
  FROM matches AS m
  JOIN comparisons AS c ON c.comparison = m.comparison
  JOIN sides AS a ON a.space = c.space_a AND a.feature = m.feature_a
  JOIN sides AS b ON b.space = c.space_b AND b.feature = m.feature_b
)
SELECT 'matches: ' || name || CASE
    WHEN not_of_features THEN ' does not say of its features what features says'
    ELSE ' says reason_bits ' || stored || '; its numbers give ' || bits END AS problem
FROM judged
WHERE not_of_features OR stored <> bits
