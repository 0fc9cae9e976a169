  -- The matches that a filter is about. Parameters: $comparison, and where they are asked for $feature_a, $feature_b, $r_low
  -- and $r_high, $token_low and $token_high
  comparison = $comparison
  AND feature_a = $feature_a -- if: feature_a
  AND feature_b = $feature_b -- if: feature_b
  AND pearson BETWEEN $r_low AND $r_high -- if: r_low
  AND pearson_token BETWEEN $token_low AND $token_high -- if: token_low
