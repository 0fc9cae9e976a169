-- Rows of `feature_tokens` from those of `part`, with the numbers of their texts.
INSERT INTO feature_tokens BY NAME
SELECT t.*, v.text_id
FROM part AS t
LEFT JOIN spaces AS s ON s.space = t.space
LEFT JOIN vocabulary AS v ON v.model = s.model AND v.text = t.token
ORDER BY t.space, t.feature, t.rank
