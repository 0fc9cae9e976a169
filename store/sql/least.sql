-- The least of all matches of what a filter bounds: a bound below it drops nothing. Parameter: $comparison
SELECT
  min(pearson) AS min_pearson,
  min(pearson_context) AS min_context,
  min(least_active) AS min_active
FROM matches
WHERE comparison = $comparison
