-- The mutual best matches of each comparison by their reasons. Parameters: moved thresholds
SELECT
  comparison,
  $bits AS bits,
  count(*) AS n
FROM picked_matches
WHERE mutual_best
GROUP BY comparison, bits
ORDER BY comparison, bits
