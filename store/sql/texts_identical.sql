-- The token of each of `placed`, and its text by number. Parameters: $model_a
spelled AS (
  SELECT p.*, p.unit AS token_index, c.text_ids[p.unit - c.first_token + 1] AS text_id
  FROM placed AS p
  JOIN contexts AS c ON c.model = $model_a AND c.passage_id = p.passage_id
)
