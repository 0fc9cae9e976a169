-- Neighbours are other features that fire, ranked without a gap from the largest value down.
WITH judged AS (
  SELECT
    n.*,
    f.feature IS NULL OR other.feature IS NULL AS no_feature,
    f.n_active = 0 OR other.n_active = 0 AS is_dead,
    n.feature = n.neighbour AS is_own,
    NOT n."value" BETWEEN 0 AND 1.000001 AS no_value,
    lag(n.rank) OVER list AS before_rank,
    lag(n."value") OVER list AS before_value
  FROM neighbours AS n
  LEFT JOIN features AS f ON f.space = n.space AND f.feature = n.feature
  LEFT JOIN features AS other ON other.space = n.space AND other.feature = n.neighbour
  WINDOW list AS (PARTITION BY n.space, n.feature, n."by" ORDER BY n.rank)
)
SELECT 'neighbours: ' || space || ':' || feature || ' by ' || "by" || ' rank ' || rank || CASE
    WHEN no_feature THEN ' is of no row of features'
    WHEN is_own THEN ' is the feature itself'
    WHEN is_dead THEN ' is of a feature that never fires'
    WHEN no_value THEN ' has the value ' || "value" || ', outside 0 to 1'
    WHEN rank <> coalesce(before_rank, 0) + 1 THEN ' follows rank ' || coalesce(before_rank, 0)
    ELSE ' is nearer than the one before it' END AS problem
FROM judged
WHERE no_feature OR is_own OR is_dead OR no_value OR rank <> coalesce(before_rank, 0) + 1 OR "value" > before_value
