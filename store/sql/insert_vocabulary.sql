-- The token texts of each model, numbered in their order and counted.
INSERT INTO vocabulary
SELECT
  model,
  (row_number() OVER (PARTITION BY model ORDER BY text) - 1)::INTEGER AS text_id,
  text,
  count(*) FILTER (NOT is_special) AS n_tokens
FROM tokens
GROUP BY model, text
ORDER BY model, text_id
