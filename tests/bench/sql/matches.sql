-- Candidates of a comparison, for the schema's own statement to insert: each feature with the one of its latent, and with some others.
-- Parameters: $comparison, $space_a, $space_b, $n_b, $factor and $shift (of B's features), $shared, $candidates, $n_units
CREATE OR REPLACE TEMP TABLE part AS
WITH pairs AS MATERIALIZED (
  SELECT
    a.feature AS feature_a,
    (((a.feature + place * greatest(1, $n_b // (2 * $candidates))) % $n_b * $factor + $shift) % $n_b)::INTEGER AS feature_b,
    place = 0 AND a.feature < $n_b AS is_own,
    a.n_active AS n_a
  FROM features AS a CROSS JOIN (SELECT unnest(range($candidates::BIGINT)) AS place)
  WHERE a.space = $space_a AND a.n_active > 0
),
drawn AS (
  SELECT
    p.*,
    b.n_active AS n_b,
    $shared * l.shared AS together,
    u(feature_a, feature_b, $comparison) AS chance,
    CASE WHEN is_own THEN 0.04 + 0.92 * pow(together, 1.3) ELSE 0.02 + 0.1 * chance + 0.3 * (feature_b % 64 = 5)::INTEGER END AS r,
    CASE
      WHEN NOT is_own THEN chance
      WHEN feature_a % 4 = 0 THEN 0.05 + 0.4 * chance
      WHEN feature_a % 4 = 1 THEN 0.2 + 0.5 * chance
      WHEN feature_a % 4 = 2 THEN 0.5 + 0.45 * chance
      ELSE 0.85 + 0.14 * chance
    END AS of_token,
    CASE WHEN is_own THEN 0.8 * together ELSE 0.2 * chance END AS of_both
  FROM pairs AS p
  JOIN features AS b ON b.space = $space_b AND b.feature = p.feature_b AND b.n_active > 0
  JOIN latents AS l ON l.latent = p.feature_a
),
counted AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY feature_a ORDER BY r DESC, feature_b) AS ab,
    row_number() OVER (PARTITION BY feature_b ORDER BY r DESC, feature_a) AS ba,
    floor(of_both * least(n_a, n_b))::INTEGER AS n_both,
    CASE WHEN r > 0.12 THEN 0.0004 WHEN chance < 0.02 THEN NULL ELSE 0.06 + 0.9 * chance END AS q,
    r - max(r) OVER (PARTITION BY feature_a ORDER BY r DESC, feature_b ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS ahead,
    first_value(r) OVER (PARTITION BY feature_a ORDER BY r DESC, feature_b) AS best
  FROM drawn
)
SELECT
  $comparison AS comparison,
  feature_a,
  feature_b,
  CASE WHEN ab <= 10 THEN ab END::INTEGER AS rank_ab,
  CASE WHEN ba <= 10 THEN ba END::INTEGER AS rank_ba,
  ab = 1 AND ba = 1 AS mutual_best,
  is_own AS assigned,
  r AS pearson,
  r * of_token AS pearson_token,
  r * CASE WHEN hash(feature_a) % 30 = 0 THEN 0.7 ELSE 0.1 * chance END AS pearson_position,
  r - r * of_token AS pearson_context,
  CASE WHEN hash(feature_a, feature_b) % 50 > 0 THEN 100 * r * (1 - of_token) END AS z_context,
  0.98 * r AS cosine,
  coalesce(n_both / nullif(n_a + n_b - n_both, 0), 0) AS jaccard,
  n_both,
  n_a - n_both AS n_a_only,
  n_b - n_both AS n_b_only,
  NULL::DOUBLE AS decoder_cosine,
  CASE WHEN ab = 1 THEN ahead ELSE r - best END AS margin,
  count(*) FILTER (ab = 1 AND coalesce(q, 0) <= 0.05) OVER (PARTITION BY feature_b)::INTEGER AS hub_size,
  q / 2 AS p_value,
  q AS q_value,
  CASE WHEN hash(feature_a, 1) % 25 > 0 THEN 1 / (1 + floor(30 * (1 - together))) END AS neighbour_overlap,
  CASE WHEN hash(feature_a, 1) % 25 > 0 THEN 0.5 * together END AS neighbour_rbo
FROM counted
ORDER BY feature_a, feature_b;
