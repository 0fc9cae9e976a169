-- The first token of A of each of `placed`, and its text by number. Parameters: $alignment, $model_a
spelled AS (
  SELECT
    p.*,
    list_position(u.units_a, p.unit - u.first_unit)::INTEGER AS place,
    c.first_token + place - 1 AS token_index,
    c.text_ids[place] AS text_id
  FROM placed AS p
  JOIN unit_contexts AS u ON u.alignment = $alignment AND u.passage_id = p.passage_id
  JOIN contexts AS c ON c.model = $model_a AND c.passage_id = p.passage_id
)
