-- A feature's token is numbered as in its model's vocabulary.
SELECT 'feature_tokens: ' || t.space || ':' || t.feature || ' rank ' || t.rank || ' has text_id '
  || coalesce(t.text_id::VARCHAR, 'NULL') || '; the vocabulary has ' || coalesce(v.text_id::VARCHAR, 'none') AS problem
FROM feature_tokens AS t
JOIN spaces AS s ON s.space = t.space
LEFT JOIN vocabulary AS v ON v.model = s.model AND v.text = t.token
WHERE t.text_id IS DISTINCT FROM v.text_id
