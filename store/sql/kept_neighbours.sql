-- Mutual best matches by how many neighbours they keep; of equals those that correlate most.
-- Parameters: $comparison, $sign (1: best kept first, -1: worst), those of passing.sql, $limit
SELECT
-- include: judged
FROM picked_matches
WHERE comparison = $comparison
  AND mutual_best
  AND neighbour_overlap IS NOT NULL
  AND
-- include: passing
ORDER BY $sign * neighbour_overlap DESC, $sign * coalesce(neighbour_rbo, 0) DESC, pearson DESC, feature_a, feature_b
LIMIT $limit
