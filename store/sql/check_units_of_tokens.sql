-- Units name tokens of both models, in the passage that they name.
WITH sides AS (
  SELECT DISTINCT c.alignment, a.model AS model_a, b.model AS model_b
  FROM comparisons AS c
  JOIN spaces AS a ON a.space = c.space_a
  JOIN spaces AS b ON b.space = c.space_b
)
SELECT 'units: ' || u.alignment || ' unit ' || u.unit || ' names token ' || u.token_a || ' of A or ' || u.token_b
  || ' of B, which is not in passage ' || u.passage_id AS problem
FROM units AS u
LEFT JOIN sides AS s ON s.alignment = u.alignment
LEFT JOIN tokens AS a ON a.model = s.model_a AND a.token_index = u.token_a
LEFT JOIN tokens AS b ON b.model = s.model_b AND b.token_index = u.token_b
WHERE a.passage_id IS DISTINCT FROM u.passage_id OR b.passage_id IS DISTINCT FROM u.passage_id
  OR u.n_tokens_a < 1 OR u.n_tokens_b < 1
