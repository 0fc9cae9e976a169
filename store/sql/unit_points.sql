-- Units where either feature fires, the first ones in the order of a hash, so that a sample is the same every time.
-- Parameters: those of the part `fired`, $model_a, $both_only, $limit
WITH
-- include: fired
,
chosen AS (
  SELECT * FROM fired
  WHERE NOT $both_only OR (activation_a > 0 AND activation_b > 0)
  ORDER BY hash(unit), unit
  LIMIT $limit
),
-- include: passages
,
-- include: texts
,
-- Materialized: DuckDB 2.0 breaks down on a join whose smaller side comes out of a list and another join.
numbered AS MATERIALIZED (
  SELECT activation_a, activation_b, token_index, text_id FROM spelled
)
SELECT activation_a, activation_b, token_index, v.text AS token
FROM numbered
JOIN vocabulary AS v ON v.model = $model_a AND v.text_id = numbered.text_id
ORDER BY token_index
