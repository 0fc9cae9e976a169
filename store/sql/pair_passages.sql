-- The passages of a group, by their strongest unit: A's times B's activation where both fire (dividing both by their
-- maxima would not change the order), else the one side's. Parameters: those of the part `fired`, $model_a, $group,
-- $limit, $offset
WITH
-- include: fired
,
chosen AS (
  SELECT
    *,
    CASE WHEN activation_a > 0 AND activation_b > 0 THEN activation_a * activation_b
         ELSE activation_a + activation_b END AS strength
  FROM fired
  WHERE CASE $group WHEN 'both' THEN activation_a > 0 AND activation_b > 0
                    WHEN 'only_a' THEN activation_b = 0
                    ELSE activation_a = 0 END
),
-- include: passages
,
page AS (
  SELECT
    passage_id,
    arg_max(unit, row(strength, -unit)) AS unit,
    max(strength) AS strength,
    max(activation_a) AS activation_a,
    max(activation_b) AS activation_b
  FROM placed
  GROUP BY passage_id
  ORDER BY strength DESC, passage_id
  LIMIT $limit OFFSET $offset
)
SELECT page.passage_id, p.source, page.unit, page.activation_a, page.activation_b
FROM page
JOIN passages AS p ON p.passage_id = page.passage_id
ORDER BY page.strength DESC, page.passage_id
