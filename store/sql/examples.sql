-- A stratum of a feature's examples. Parameters: $space, $feature, $stratum, $limit
SELECT rank, token_index, passage_id
FROM examples
WHERE space = $space AND feature = $feature AND stratum = $stratum
ORDER BY rank
LIMIT $limit
