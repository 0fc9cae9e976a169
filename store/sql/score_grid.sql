-- One score of every comparison, NULL where it was not asked. Parameters: $metric, $parameters, $subset, $level
SELECT c.comparison, c.space_a, c.space_b, s.* EXCLUDE (comparison)
FROM comparisons AS c
LEFT JOIN scores AS s
  ON s.comparison = c.comparison
  AND s.metric = $metric AND s.parameters = $parameters AND s.subset = $subset AND s.level = $level
ORDER BY c.comparison
