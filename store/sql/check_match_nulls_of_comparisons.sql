-- The ranges of a null lie apart and hold no more features than there are; its numbers are known together and in order.
WITH judged AS (
  SELECT
    n.*,
    c.comparison IS NULL AS no_comparison,
    lag(n_active_high) OVER ranges AS before_high,
    sum(n.n_features) OVER (PARTITION BY n.comparison) AS n_together,
    s.n_alive,
    (mean IS NOT NULL)::INTEGER + (sd IS NOT NULL)::INTEGER + (median IS NOT NULL)::INTEGER
    + (q95 IS NOT NULL)::INTEGER + (maximum IS NOT NULL)::INTEGER AS n_known
  FROM match_nulls AS n
  LEFT JOIN comparisons AS c ON c.comparison = n.comparison
  LEFT JOIN spaces AS s ON s.space = c.space_a
  WINDOW ranges AS (PARTITION BY n.comparison ORDER BY n_active_low)
),
found AS (
  SELECT
    *,
    n_active_low < 1 OR n_active_high < n_active_low AS no_range,
    n_features < 1 OR n_maxima < 0 AS no_counts,
    n_known NOT IN (0, 5) OR (n_known = 5 AND n_maxima < 1) AS half_known,
    -- NaN is the largest of all numbers to DuckDB, so it lies in no order that ends below 1.
    n_known = 5 AND NOT (
      sd BETWEEN 0 AND 1 AND mean BETWEEN -1 AND maximum AND -1 <= median AND median <= q95 AND q95 <= maximum
      AND maximum <= 1.000001
    ) AS no_order
  FROM judged
)
SELECT 'match_nulls: ' || comparison || ' ' || n_active_low || ' to ' || n_active_high || CASE
    WHEN no_comparison THEN ' is of no row of comparisons'
    WHEN no_range THEN ' is no range of firing counts'
    WHEN before_high >= n_active_low THEN ' overlaps the range before it, which ends at ' || before_high
    WHEN no_counts THEN ' counts ' || n_features || ' features and ' || n_maxima || ' maxima, which cannot be'
    WHEN n_together > n_alive THEN ': its comparison counts ' || n_together || ' features; space A has ' || n_alive || ' alive'
    WHEN half_known THEN ' knows ' || n_known || ' of its 5 numbers from ' || n_maxima || ' maxima'
    ELSE ' has mean ' || mean || ', sd ' || sd || ', median ' || median || ', q95 ' || q95 || ', maximum ' || maximum
      || ', which cannot be'
  END AS problem
FROM found
WHERE no_comparison OR no_range OR before_high >= n_active_low OR no_counts OR n_together > n_alive OR half_known OR no_order
