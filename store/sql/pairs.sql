-- One page of the Pairs table. Parameters: those of kept.sql, $limit, $offset
WITH
-- include: kept
SELECT
  * EXCLUDE (least_active, largest_rate, largest_special, least_top_share, both_stop, sort_key, flags)
    REPLACE (flags & 2047 AS reason_bits)
FROM kept
ORDER BY sort_key DESC NULLS LAST, feature_a, feature_b
LIMIT $limit OFFSET $offset
