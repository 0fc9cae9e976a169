-- A score at every k, its other parameters the same. Parameters: $comparison, $metric, $parameters, $subset, $level
SELECT regexp_extract(parameters, '(^|, )k=([0-9]+)', 2)::INTEGER AS size, *
FROM scores
WHERE comparison = $comparison AND metric = $metric AND subset = $subset AND level = $level
  AND regexp_matches(parameters, '(^|, )k=[0-9]+')
  AND regexp_matches($parameters, '(^|, )k=[0-9]+')
  AND regexp_replace(parameters, '(^|, )k=[0-9]+', '') = regexp_replace($parameters, '(^|, )k=[0-9]+', '')
ORDER BY size, parameters
