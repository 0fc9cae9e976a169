-- One page of the Pairs table, unknown values last.
-- Parameters: those of scope.sql, passing.sql and sort_key.sql, $limit, $offset
SELECT
-- include: judged
FROM $matches
WHERE
-- include: scope
  AND
-- include: passing
ORDER BY
-- include: sort_key
  DESC NULLS LAST, feature_a, feature_b
LIMIT $limit OFFSET $offset
