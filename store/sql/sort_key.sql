  -- What the Pairs table is sorted by, largest first. Parameters: $sort
  CASE $sort
    WHEN 'pearson_context' THEN pearson_context
    WHEN 'pearson' THEN pearson
    WHEN 'z_context' THEN z_context
    WHEN 'cosine' THEN cosine
    WHEN 'jaccard' THEN jaccard
    WHEN 'n_both' THEN n_both
    WHEN 'margin' THEN margin
    WHEN 'feature_a' THEN -feature_a
    WHEN 'feature_b' THEN -feature_b
  END
