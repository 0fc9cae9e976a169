-- The tokens of each passage as a list, of each model: what a page shows of a passage is one row to read.
INSERT INTO contexts
SELECT
  t.model,
  t.passage_id,
  min(t.token_index) AS first_token,
  list(CASE WHEN t.is_special THEN -1 - v.text_id ELSE v.text_id END ORDER BY t.token_index) AS text_ids
FROM tokens AS t
JOIN vocabulary AS v ON v.model = t.model AND v.text = t.text
GROUP BY t.model, t.passage_id
ORDER BY t.model, t.passage_id
