-- The neighbours of a feature of A by activation, the best match of each, and its place among the neighbours of `partner`.
-- Parameters: $comparison, $space_a, $space_b, $feature_a, $partner (NULL: none), $limit
WITH mine AS (
  SELECT rank, neighbour, value
  FROM neighbours
  WHERE space = $space_a AND feature = $feature_a AND "by" = 'activation' AND rank <= $limit
),
theirs AS (
  SELECT rank, neighbour
  FROM neighbours
  WHERE space = $space_b AND feature = $partner AND "by" = 'activation' AND rank <= $limit
),
best AS (
  SELECT feature_a, feature_b, pearson
  FROM picked_matches
  WHERE comparison = $comparison AND rank_ab = 1 AND feature_a IN (SELECT neighbour FROM mine)
)
SELECT
  mine.rank,
  mine.neighbour AS feature,
  mine.value::DOUBLE AS value,
  a.top_token,
  a.n_active,
  best.feature_b AS partner,
  b.top_token AS partner_token,
  best.pearson,
  theirs.rank AS partner_rank
FROM mine
JOIN features AS a ON a.space = $space_a AND a.feature = mine.neighbour
LEFT JOIN best ON best.feature_a = mine.neighbour
LEFT JOIN features AS b ON b.space = $space_b AND b.feature = best.feature_b
LEFT JOIN theirs ON theirs.neighbour = best.feature_b
ORDER BY mine.rank
