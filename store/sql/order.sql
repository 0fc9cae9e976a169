-- What the Pairs table is sorted by, of all matches that pass, in any order; -inf: unknown. Parameters: as in pairs.sql
SELECT
  feature_a,
  feature_b,
  coalesce(
-- include: sort_key
    , '-inf'::DOUBLE
  )::DOUBLE AS key
FROM $matches
WHERE
-- include: scope
  AND
-- include: passing
