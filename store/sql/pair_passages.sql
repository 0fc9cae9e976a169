-- The passages of a group, by their strongest unit: A's times B's activation where both fire (dividing both by their
-- maxima would not change the order), else the one side's. Parameters: those of the part `fired`, $model_a, $group,
-- $limit, $offset
WITH
-- include: fired
,
grouped AS (
  SELECT
    *,
    CASE WHEN activation_a > 0 AND activation_b > 0 THEN activation_a * activation_b
         ELSE activation_a + activation_b END AS strength
  FROM fired
  WHERE CASE $group WHEN 'both' THEN activation_a > 0 AND activation_b > 0
                    WHEN 'only_a' THEN activation_b = 0
                    ELSE activation_a = 0 END
),
strongest AS (
  SELECT
    t.passage_id,
    arg_max(g.unit, row(g.strength, -g.unit)) AS unit,
    max(g.strength) AS strength,
    max(g.activation_a) AS activation_a,
    max(g.activation_b) AS activation_b
  FROM grouped AS g
  JOIN tokens AS t ON t.model = $model_a AND t.token_index = g.token_a
  GROUP BY t.passage_id
),
page AS (
  SELECT * FROM strongest ORDER BY strength DESC, passage_id LIMIT $limit OFFSET $offset
)
SELECT
  page.passage_id,
  p.source,
  g.token_a,
  g.n_tokens_a,
  g.token_b,
  g.n_tokens_b,
  page.activation_a,
  page.activation_b
FROM page
JOIN grouped AS g ON g.unit = page.unit
JOIN passages AS p ON p.passage_id = page.passage_id
ORDER BY page.strength DESC, page.passage_id
