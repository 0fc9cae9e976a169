-- Every unit where either feature fires; a unit's activation is the largest of its tokens.
-- Parameters: $alignment, $space_a, $feature_a, $space_b, $feature_b
aligned AS (
  SELECT unit, token_a, n_tokens_a, token_b, n_tokens_b FROM units WHERE alignment = $alignment
),
side_a AS (
  SELECT u.unit, max(s.activation) AS activation
  FROM (SELECT token_index, activation FROM activations WHERE space = $space_a AND feature = $feature_a) AS s
  ASOF JOIN aligned AS u ON s.token_index >= u.token_a
  -- A token between two units (a special one) belongs to none.
  WHERE s.token_index < u.token_a + u.n_tokens_a
  GROUP BY u.unit
),
side_b AS (
  SELECT u.unit, max(s.activation) AS activation
  FROM (SELECT token_index, activation FROM activations WHERE space = $space_b AND feature = $feature_b) AS s
  ASOF JOIN aligned AS u ON s.token_index >= u.token_b
  WHERE s.token_index < u.token_b + u.n_tokens_b
  GROUP BY u.unit
),
either AS (
  SELECT
    coalesce(side_a.unit, side_b.unit) AS unit,
    coalesce(side_a.activation, 0)::DOUBLE AS activation_a,
    coalesce(side_b.activation, 0)::DOUBLE AS activation_b
  FROM side_a FULL JOIN side_b ON side_a.unit = side_b.unit
),
fired AS (
  SELECT either.unit, token_a, n_tokens_a, token_b, n_tokens_b, activation_a, activation_b
  FROM either JOIN aligned ON aligned.unit = either.unit
)
