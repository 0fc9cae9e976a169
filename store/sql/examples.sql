-- A stratum of a feature's examples. Parameters: $space, $feature, $stratum, $limit
SELECT e.rank, e.token_index, e.passage_id, p.source
FROM examples AS e
JOIN passages AS p ON p.passage_id = e.passage_id
WHERE e.space = $space AND e.feature = $feature AND e.stratum = $stratum
ORDER BY e.rank
LIMIT $limit
