-- The place of a key in the sorted Pairs table, and the nearest keys on either side. Parameters: those of kept.sql but
-- $feature_a, $feature_b, and $this_a, $this_b, $this_key (-inf: unknown)
WITH
-- include: kept
,
placed AS NOT MATERIALIZED (
-- include: placed
)
SELECT
  min(key) FILTER (is_before) AS previous_key,
  max(key) FILTER (NOT is_before AND NOT is_this) AS next_key,
  count(*) FILTER (is_before) + 1 AS place,
  coalesce(bool_or(is_this), false) AS is_kept,
  count(*) AS n_kept
FROM placed
