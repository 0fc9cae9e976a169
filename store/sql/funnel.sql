-- How many matches have each combination of flags: the bits of their reasons, then one for each bound that they miss.
-- Parameters: those of scope.sql, $min_pearson, $min_context, $min_active where it is set, moved thresholds
SELECT
  $bits
  | (2048 * (pearson < $min_pearson)::INTEGER)
  | (4096 * (pearson_context < $min_context)::INTEGER)
  | (8192 * (least_active < $min_active)::INTEGER) -- if: min_active
  AS flags,
  count(*) AS n
FROM matches
WHERE
-- include: scope
GROUP BY flags
ORDER BY flags
