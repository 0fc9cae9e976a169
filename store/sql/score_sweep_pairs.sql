-- A score on the first n pairs and on all of them. Parameters: $comparison, $metric, $parameters, $level
-- At the level of activations a pair is a column, and those may be fewer than there are mutual best matches.
SELECT
  CASE
    WHEN subset <> 'all' THEN substr(subset, 7)::INTEGER
    WHEN level = 'activations' THEN n_columns_a
    ELSE (SELECT n_mutual FROM match_summaries WHERE comparison = $comparison)::INTEGER
  END AS size,
  *
FROM scores
WHERE comparison = $comparison AND metric = $metric AND parameters = $parameters AND level = $level
  AND (subset = 'all' OR regexp_matches(subset, '^first:[0-9]+$'))
ORDER BY size, subset
