-- The matches of a comparison with `flags`: the bits of their reasons, then one bit for each bound that they miss.
-- Parameters: $comparison, $feature_a and $feature_b (or NULL), $min_pearson, $min_context, $min_active, $token_low,
-- $token_high, $r_low, $r_high, moved thresholds
flagged AS NOT MATERIALIZED (
  SELECT
    *,
-- include: bits
    + 2048 * (pearson < $min_pearson)::INTEGER
    + 4096 * (pearson_context < $min_context)::INTEGER
    + 8192 * (least_active < $min_active)::INTEGER AS flags
  FROM $matches
  WHERE comparison = $comparison
    AND ($feature_a IS NULL OR feature_a = $feature_a)
    AND ($feature_b IS NULL OR feature_b = $feature_b)
    AND pearson_token BETWEEN $token_low AND $token_high
    AND pearson BETWEEN $r_low AND $r_high
)
