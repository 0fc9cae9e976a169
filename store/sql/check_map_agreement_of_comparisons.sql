-- Scores of maps name a comparison, lie in their range, and are known together with their null.
WITH judged AS (
  SELECT
    s.*,
    c.comparison IS NULL AS no_comparison,
    (value IS NOT NULL)::INTEGER + (null_mean IS NOT NULL)::INTEGER + (null_sd IS NOT NULL)::INTEGER
    + (null_q95 IS NOT NULL)::INTEGER + (p_value IS NOT NULL)::INTEGER AS n_known
  FROM map_agreement AS s
  LEFT JOIN comparisons AS c ON c.comparison = s.comparison
)
SELECT 'map_agreement: ' || comparison || ' ' || method || ' ' || measure || CASE
    WHEN no_comparison THEN ' is of no row of comparisons'
    WHEN n_rows < 0 OR (n_known > 0 AND n_rows < 1) THEN ' is taken on ' || n_rows || ' rows'
    WHEN n_known NOT IN (0, 5) THEN ' knows ' || n_known || ' of its 5 numbers'
    ELSE ' has value ' || value || ', null ' || null_mean || ' +- ' || null_sd || ', p ' || p_value || ', which cannot be'
  END AS problem
FROM judged
WHERE no_comparison
  OR n_rows < 0
  OR (n_known > 0 AND n_rows < 1)
  OR n_known NOT IN (0, 5)
  OR (n_known = 5 AND NOT (
    value BETWEEN -0.000001 AND 1.000001 AND null_mean BETWEEN -0.000001 AND 1.000001 AND null_sd BETWEEN 0 AND 1
    AND null_q95 BETWEEN -0.000001 AND 1.000001 AND p_value > 0 AND p_value <= 1
  ))
