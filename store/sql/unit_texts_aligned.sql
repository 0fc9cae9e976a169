-- The text of each of `placed`, by number. Parameters: $alignment
spelled AS (
  SELECT p.activation_a, p.activation_b, u.text_ids[p.unit - u.first_unit + 1] AS text_id
  FROM placed AS p
  JOIN unit_contexts AS u ON u.alignment = $alignment AND u.passage_id = p.passage_id
)
