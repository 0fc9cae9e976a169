-- Similarity scores; numbers in their own order: k=5, k=10, k=100 and first:50, first:100. Concepts stand last.
-- Parameters: $comparison, $metric, $subset, $level (NULL: any), $limit (NULL: all), $offset
SELECT * FROM scores
WHERE comparison = coalesce($comparison, comparison)
  AND metric = coalesce($metric, metric)
  AND subset = coalesce($subset, subset)
  AND level = coalesce($level, level)
ORDER BY
  comparison,
  metric,
  length(parameters),
  parameters,
  CASE WHEN subset LIKE 'concept:%' THEN 1000 ELSE length(subset) END,
  subset,
  level
LIMIT $limit OFFSET $offset
