-- Each example is an activation, with the same value, in the passage that it names.
WITH placed AS (
  SELECT e.*, t.passage_id AS passage_there
  FROM examples AS e
  JOIN spaces AS s ON s.space = e.space
  LEFT JOIN tokens AS t ON t.model = s.model AND t.token_index = e.token_index
)
SELECT 'examples: ' || e.space || ':' || e.feature || ' ' || e.stratum || ' ' || e.rank || ' names token ' || e.token_index
  || ' with ' || e.activation || '; activations holds no such row' AS problem
FROM examples AS e
ANTI JOIN activations AS a
  ON a.space = e.space AND a.feature = e.feature AND a.token_index = e.token_index AND a.activation = e.activation
UNION ALL
SELECT 'examples: ' || space || ':' || feature || ' ' || stratum || ' ' || rank || ' names passage ' || passage_id
  || '; its token is in ' || coalesce(passage_there::VARCHAR, 'none') AS problem
FROM placed
WHERE passage_id IS DISTINCT FROM passage_there
