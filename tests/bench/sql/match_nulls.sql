-- What chance gives by firing counts. Parameters: $comparison, $space_a
INSERT INTO match_nulls
WITH ranges AS (
  SELECT (1 << step)::INTEGER AS lower, ((2 << step) - 1)::INTEGER AS upper FROM (SELECT unnest(range(24)) AS step)
)
SELECT
  $comparison, lower, upper, count(*)::INTEGER, CASE WHEN count(*) > 5 THEN 10 * count(*) ELSE 0 END::INTEGER,
  CASE WHEN count(*) > 5 THEN 0.6 / sqrt(log2(lower + 2)) END AS mean,
  mean / 4, 0.98 * mean, 1.5 * mean, 2 * mean / 1.3
FROM features JOIN ranges ON n_active BETWEEN lower AND upper
WHERE space = $space_a
GROUP BY lower, upper
ORDER BY lower;
