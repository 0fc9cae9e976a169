-- Draws of a score's null. Parameters: $comparison, $metric, $parameters, $subset, $level
SELECT value FROM score_nulls
WHERE comparison = $comparison AND metric = $metric AND parameters = $parameters AND subset = $subset AND level = $level
ORDER BY draw
