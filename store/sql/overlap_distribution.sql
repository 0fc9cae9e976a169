-- How many best matches of A's features keep how much of the neighbours, in equal bins; a NULL bin where that is unknown.
-- Parameters: $comparison, $bins
SELECT
  -- least() alone would make a number of NULL.
  CASE WHEN neighbour_overlap IS NOT NULL THEN least($bins - 1, floor(neighbour_overlap * $bins)) END::INTEGER AS bin,
  count(*) AS n,
  count(*) FILTER (WHERE mutual_best) AS n_mutual
FROM picked_matches
WHERE comparison = $comparison AND rank_ab = 1
GROUP BY bin
ORDER BY bin NULLS LAST
