-- The units of each passage as lists: of each token of both models, and the texts of the units (from insert_unit_texts.sql).
INSERT INTO unit_contexts
WITH sides AS (
  SELECT DISTINCT c.alignment, a.model AS model_a, b.model AS model_b
  FROM comparisons AS c
  JOIN spaces AS a ON a.space = c.space_a
  JOIN spaces AS b ON b.space = c.space_b
),
firsts AS (
  SELECT alignment, passage_id, min(unit) AS first_unit FROM units GROUP BY alignment, passage_id
),
units_a AS (
  SELECT alignment, unit, unnest(range(token_a, token_a + n_tokens_a))::INTEGER AS token_index FROM units
),
units_b AS (
  SELECT alignment, unit, unnest(range(token_b, token_b + n_tokens_b))::INTEGER AS token_index FROM units
),
lists_a AS (
  SELECT s.alignment, t.passage_id, list(u.unit - f.first_unit ORDER BY t.token_index) AS units
  FROM sides AS s
  JOIN tokens AS t ON t.model = s.model_a
  JOIN firsts AS f ON f.alignment = s.alignment AND f.passage_id = t.passage_id
  LEFT JOIN units_a AS u ON u.alignment = s.alignment AND u.token_index = t.token_index
  GROUP BY s.alignment, t.passage_id
),
lists_b AS (
  SELECT s.alignment, t.passage_id, list(u.unit - f.first_unit ORDER BY t.token_index) AS units
  FROM sides AS s
  JOIN tokens AS t ON t.model = s.model_b
  JOIN firsts AS f ON f.alignment = s.alignment AND f.passage_id = t.passage_id
  LEFT JOIN units_b AS u ON u.alignment = s.alignment AND u.token_index = t.token_index
  GROUP BY s.alignment, t.passage_id
),
texts AS (
  SELECT s.alignment, s.passage_id, list(t.text_id ORDER BY s.unit) AS text_ids
  FROM unit_spelled AS s
  JOIN unit_texts AS t ON t.alignment = s.alignment AND t.text = s.text
  GROUP BY s.alignment, s.passage_id
)
SELECT f.alignment, f.passage_id, f.first_unit, a.units AS units_a, b.units AS units_b, t.text_ids
FROM firsts AS f
JOIN lists_a AS a ON a.alignment = f.alignment AND a.passage_id = f.passage_id
JOIN lists_b AS b ON b.alignment = f.alignment AND b.passage_id = f.passage_id
JOIN texts AS t ON t.alignment = f.alignment AND t.passage_id = f.passage_id
ORDER BY f.alignment, f.passage_id;
DROP TABLE unit_spelled
