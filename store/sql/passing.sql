  -- Whether a match passes a filter. Parameters, each only where it asks for something: $clear (bits of the reasons that
  -- hide it and whose threshold was not moved), $require (bits of which it has one), the bounds that it keeps and the one
  -- that it misses, moved thresholds
  TRUE
  AND (reason_bits & $clear) = 0 -- if: clear
  AND $hides
  AND ($bits & $require) <> 0 -- if: require
  AND pearson >= $min_pearson -- if: min_pearson
  AND pearson < $missed_pearson -- if: missed_pearson
  AND pearson_context >= $min_context -- if: min_context
  AND pearson_context < $missed_context -- if: missed_context
  AND least_active >= $min_active -- if: min_active
  AND least_active < $missed_active -- if: missed_active
