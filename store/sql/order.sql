-- What the Pairs table is sorted by, of all matches that pass; -inf: unknown. Parameters: those of kept.sql
WITH
-- include: kept
SELECT feature_a, feature_b, coalesce(sort_key, '-inf'::DOUBLE)::DOUBLE AS key FROM kept ORDER BY feature_a, feature_b
