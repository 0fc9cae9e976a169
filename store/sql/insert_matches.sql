-- Rows of `matches` from those of `part`, with what their reasons are about and the reasons at the default thresholds.
INSERT INTO matches BY NAME
WITH sides AS (
  SELECT space, feature, n_active, firing_rate, special_share, top_token_share, is_stop_token(top_token) AS is_stop FROM features
),
beside AS (
  SELECT
    m.*,
    least(a.n_active, b.n_active) AS least_active,
    greatest(a.firing_rate, b.firing_rate) AS largest_rate,
    greatest(a.special_share, b.special_share) AS largest_special,
    CASE WHEN a.top_token_share IS NOT NULL AND b.top_token_share IS NOT NULL
      THEN least(a.top_token_share, b.top_token_share) END AS least_top_share,
    coalesce(a.is_stop AND b.is_stop, false) AS both_stop
  FROM part AS m
  JOIN comparisons AS c ON c.comparison = m.comparison
  JOIN sides AS a ON a.space = c.space_a AND a.feature = m.feature_a
  JOIN sides AS b ON b.space = c.space_b AND b.feature = m.feature_b
)
SELECT
  *,
-- include: default_bits
  AS reason_bits
FROM beside
ORDER BY comparison, feature_a, feature_b
