-- A pair's place in the sorted Pairs table and the pairs before and after it; also for a pair that the filter hides, by
-- where it would stand. Parameters: those of kept.sql but $feature_a, $feature_b, and $this_a, $this_b
WITH
-- include: kept
,
this AS (
  SELECT feature_a AS this_a, feature_b AS this_b, coalesce(sort_key, '-inf'::DOUBLE) AS this_key
  FROM keyed
  WHERE feature_a = $this_a AND feature_b = $this_b
),
placed AS (
  SELECT
    feature_a,
    feature_b,
    row(-coalesce(sort_key, '-inf'::DOUBLE), feature_a, feature_b) AS place,
    CASE WHEN this_key IS NOT NULL THEN row(-this_key, this_a, this_b) END AS this_place
  FROM kept
  LEFT JOIN this ON true
)
SELECT
  arg_max([feature_a, feature_b], place) FILTER (WHERE place < this_place) AS previous,
  arg_min([feature_a, feature_b], place) FILTER (WHERE place > this_place) AS next,
  count(*) FILTER (WHERE place < this_place) + 1 AS place,
  coalesce(bool_or(place = this_place), false) AS is_kept,
  count(*) AS n_kept
FROM placed
