-- Of the pairs with the nearest keys the last before and the first after a pair; each as feature_a * 2^32 + feature_b.
-- Parameters: those of around.sql, $previous_key, $next_key
WITH
-- include: kept
,
placed AS NOT MATERIALIZED (
-- include: placed
)
SELECT
  max(feature_a * 4294967296 + feature_b) FILTER (is_before AND key = $previous_key) AS previous,
  min(feature_a * 4294967296 + feature_b) FILTER (NOT is_before AND NOT is_this AND key = $next_key) AS next
FROM placed
