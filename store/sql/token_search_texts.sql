-- Tokens of each model that spell the text asked for, and the commonest that only hold it; special tokens left out.
-- Parameters: $text (stripped, lower case), $white (what is stripped), $limit (of those that only hold it, a model)
WITH counted AS (
  SELECT model, text_id, text, lower(trim(text, $white)) = $text AS is_match, n_tokens
  FROM vocabulary
  WHERE n_tokens > 0 AND contains(lower(text), $text)
),
ranked AS (
  SELECT *, row_number() OVER (PARTITION BY model, is_match ORDER BY n_tokens DESC, text) AS place FROM counted
)
SELECT model, text_id, text, is_match, n_tokens
FROM ranked
WHERE is_match OR place <= $limit
ORDER BY model, is_match DESC, n_tokens DESC, text
