-- The vocabulary counts the tokens that are not special, and numbers its texts in their order from 0.
WITH counted AS (
  SELECT model, text, count(*) FILTER (NOT is_special) AS n FROM tokens GROUP BY model, text
),
numbered AS (
  SELECT *, row_number() OVER (PARTITION BY model ORDER BY text) - 1 AS place FROM vocabulary
)
SELECT 'vocabulary: ' || coalesce(v.model, c.model) || CASE
    WHEN n_tokens IS DISTINCT FROM n THEN ' counts ' || coalesce(n_tokens, 0) || ' tokens of a text that has ' || coalesce(n, 0)
    ELSE ' numbers its text ' || place || ' as ' || text_id END AS problem
FROM numbered AS v
FULL JOIN counted AS c ON c.model = v.model AND c.text = v.text
WHERE n_tokens IS DISTINCT FROM n OR text_id <> place
