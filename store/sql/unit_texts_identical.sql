-- The text of each of `placed`, by number. Parameters: $model_a
spelled AS (
  SELECT p.activation_a, p.activation_b, c.text_ids[p.unit - c.first_token + 1] AS text_id
  FROM placed AS p
  JOIN contexts AS c ON c.model = $model_a AND c.passage_id = p.passage_id
)
