-- The passages of `chosen` units. Parameters: $model_a
placed AS (
  SELECT chosen.*, c.passage_id
  FROM chosen
  ASOF JOIN (SELECT passage_id, first_token FROM contexts WHERE model = $model_a) AS c ON chosen.unit >= c.first_token
)
