-- How many matches each step of the funnel drops. `dropped`: 2048 and on, the place of a bound, or of a reason whose
-- threshold was moved; below, the stored reasons of a match that none of the steps dropped that were asked until there.
-- A cascade, so that each step is asked of what is left, and all values are few, which makes counting quick.
-- Parameters: those of scope.sql, the bounds that some match misses, `hides_<reason>` of those that hide, moved thresholds
SELECT
  CASE
    WHEN pearson < $min_pearson THEN 2059 -- if: min_pearson
    WHEN pearson_context < $min_context THEN 2060 -- if: min_context
    WHEN least_active < $min_active THEN 2061 -- if: min_active
    $drops
    ELSE reason_bits
  END AS dropped,
  count(*) AS n
FROM matches
WHERE
-- include: scope
GROUP BY dropped
