-- No statistic counts special tokens, so no activation may stand on one.
SELECT 'activations: ' || a.space || ':' || a.feature || ' fires on token ' || a.token_index || ', which is special' AS problem
FROM activations AS a
JOIN spaces AS s ON s.space = a.space
JOIN tokens AS t ON t.model = s.model AND t.token_index = a.token_index
WHERE t.is_special
