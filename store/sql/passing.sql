  -- Parameters: $clear (bits of reasons), $min_pearson, $min_context, $min_active, moved thresholds
  AND ((
-- include: bits
  ) & $clear) = 0
  AND pearson >= $min_pearson
  AND pearson_context >= $min_context
  AND least_active >= $min_active
