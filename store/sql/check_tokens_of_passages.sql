-- Tokens are numbered through all passages of their model, and stand inside their passage's text.
WITH counted AS (
  SELECT model, count(*) AS n, min(token_index) AS lowest, max(token_index) AS highest FROM tokens GROUP BY model
)
SELECT 'tokens: ' || model || ' has ' || n || ' tokens, numbered ' || lowest || ' to ' || highest AS problem
FROM counted
WHERE lowest <> 0 OR highest <> n - 1
UNION ALL
SELECT 'tokens: ' || model || ' is no row of models' AS problem
FROM counted
WHERE model NOT IN (SELECT model FROM models)
UNION ALL
SELECT 'tokens: ' || t.model || ' token ' || t.token_index || CASE
    WHEN p.passage_id IS NULL THEN ' is in passage ' || t.passage_id || ', which is no row of passages'
    ELSE ' covers characters ' || t.char_start || ' to ' || t.char_end || ' of a text of ' || length(p.text) END AS problem
FROM tokens AS t
LEFT JOIN passages AS p ON p.passage_id = t.passage_id
WHERE p.passage_id IS NULL OR t.char_start < 0 OR t.char_end < t.char_start OR t.char_end > length(p.text)
