-- Units where either feature fires, the first ones in the order of a hash, so that a sample is the same every time.
-- Parameters: those of the part `fired`, $model_a, $both_only, $limit
WITH
-- include: fired
,
sample AS (
  SELECT * FROM fired
  WHERE NOT $both_only OR (activation_a > 0 AND activation_b > 0)
  ORDER BY hash(unit), unit
  LIMIT $limit
)
SELECT sample.activation_a, sample.activation_b, t.token_index, t.text AS token
FROM sample
JOIN tokens AS t ON t.model = $model_a AND t.token_index = sample.token_a
ORDER BY t.token_index
