-- Similarity scores. Parameters: $comparison, $metric, $subset, $level (NULL: any), $limit (NULL: all), $offset
SELECT * FROM scores
WHERE comparison = coalesce($comparison, comparison)
  AND metric = coalesce($metric, metric)
  AND subset = coalesce($subset, subset)
  AND level = coalesce($level, level)
ORDER BY comparison, metric, parameters, subset, level
LIMIT $limit OFFSET $offset
