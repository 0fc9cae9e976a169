-- Every unit where either feature fires; a unit's activation is the largest of its tokens.
-- Parameters: $alignment, $model_a, $space_a, $feature_a, $model_b, $space_b, $feature_b
tokens_a AS (
  SELECT c.passage_id, s.token_index - c.first_token + 1 AS place, s.activation
  FROM (SELECT token_index, activation FROM activations WHERE space = $space_a AND feature = $feature_a) AS s
  ASOF JOIN (SELECT passage_id, first_token FROM contexts WHERE model = $model_a) AS c ON s.token_index >= c.first_token
),
tokens_b AS (
  SELECT c.passage_id, s.token_index - c.first_token + 1 AS place, s.activation
  FROM (SELECT token_index, activation FROM activations WHERE space = $space_b AND feature = $feature_b) AS s
  ASOF JOIN (SELECT passage_id, first_token FROM contexts WHERE model = $model_b) AS c ON s.token_index >= c.first_token
),
-- A special token belongs to no unit: its place in the list is NULL.
side_a AS (
  SELECT t.passage_id, u.units_a[t.place] + u.first_unit AS unit, max(t.activation) AS activation
  FROM tokens_a AS t
  JOIN unit_contexts AS u ON u.alignment = $alignment AND u.passage_id = t.passage_id
  GROUP BY ALL
),
side_b AS (
  SELECT t.passage_id, u.units_b[t.place] + u.first_unit AS unit, max(t.activation) AS activation
  FROM tokens_b AS t
  JOIN unit_contexts AS u ON u.alignment = $alignment AND u.passage_id = t.passage_id
  GROUP BY ALL
),
fired AS (
  SELECT
    coalesce(a.unit, b.unit) AS unit,
    coalesce(a.passage_id, b.passage_id) AS passage_id,
    coalesce(a.activation, 0)::DOUBLE AS activation_a,
    coalesce(b.activation, 0)::DOUBLE AS activation_b
  FROM (FROM side_a WHERE unit IS NOT NULL) AS a
  FULL JOIN (FROM side_b WHERE unit IS NOT NULL) AS b ON a.unit = b.unit
)
