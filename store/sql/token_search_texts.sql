-- Tokens of each model that spell the text asked for, and the commonest that only hold it; special tokens left out.
-- Parameters: $text (stripped, lower case), $white (what is stripped), $limit (of those that only hold it, a model)
WITH counted AS (
  SELECT model, text, lower(trim(text, $white)) AS bare, count(*) AS n
  FROM tokens
  WHERE NOT is_special AND contains(lower(text), $text)
  GROUP BY model, text
),
ranked AS (
  SELECT *, row_number() OVER (PARTITION BY model, bare = $text ORDER BY n DESC, text) AS place FROM counted
)
SELECT model, text, bare = $text AS is_match, n AS n_tokens
FROM ranked
WHERE bare = $text OR place <= $limit
ORDER BY model, is_match DESC, n DESC, text
