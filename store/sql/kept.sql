-- The flagged matches that pass (no bit of $clear, all bits of $require), with the key that they are sorted by: largest
-- first, unknown last. Parameters: those of flagged.sql, $clear, $require, $mutual_only, $sort
-- include: flagged
,
keyed AS NOT MATERIALIZED (
  SELECT
    *,
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
    END AS sort_key
  FROM flagged
),
kept AS (
  SELECT *
  FROM keyed
  WHERE (flags & $clear) = 0 AND (flags & $require) = $require
    -- The bit of not_mutual says the same, but only a column is tested while `matches` is scanned: nine in ten go there.
    AND (NOT $mutual_only OR mutual_best)
)
