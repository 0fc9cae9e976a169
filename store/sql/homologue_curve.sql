-- Homologues of each comparison by their pearson_context, in steps of 1 / $steps; none below 0. Parameters: $steps, and
-- moved thresholds
SELECT comparison, floor(pearson_context * $steps)::INTEGER AS step, count(*) AS n
FROM picked_matches
WHERE mutual_best
  AND pearson_context >= 0
  AND $bits = 0
GROUP BY ALL
ORDER BY comparison, step
