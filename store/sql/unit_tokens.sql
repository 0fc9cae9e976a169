-- The tokens of both models in some units of a passage each. Parameters: $alignment, $model_a, $model_b, $chosen and
-- $passages (lists of one length)
WITH asked AS (
  SELECT unnest($chosen::INTEGER[]) AS unit, unnest($passages::INTEGER[]) AS passage_id
)
SELECT
  asked.unit,
  a.first_token + list_position(u.units_a, asked.unit - u.first_unit)::INTEGER - 1 AS token_a,
  len(list_filter(u.units_a, lambda one: one = asked.unit - u.first_unit)) AS n_tokens_a,
  b.first_token + list_position(u.units_b, asked.unit - u.first_unit)::INTEGER - 1 AS token_b,
  len(list_filter(u.units_b, lambda one: one = asked.unit - u.first_unit)) AS n_tokens_b
FROM asked
JOIN unit_contexts AS u ON u.alignment = $alignment AND u.passage_id = asked.passage_id
JOIN contexts AS a ON a.model = $model_a AND a.passage_id = asked.passage_id
JOIN contexts AS b ON b.model = $model_b AND b.passage_id = asked.passage_id
ORDER BY asked.unit
