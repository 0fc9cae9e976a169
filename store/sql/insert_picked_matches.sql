-- The matches that are best for either of their features, and of the others in each comparison the first 5,000 in the order
-- of a hash: the fixed sample that store/sql/points.sql shows beside those that pass.
INSERT INTO picked_matches
SELECT * EXCLUDE (place, is_best)
FROM (
  SELECT
    *,
    coalesce(rank_ab = 1, false) OR coalesce(rank_ba = 1, false) AS is_best,
    row_number() OVER (PARTITION BY comparison, is_best ORDER BY hash(feature_a, feature_b), feature_a, feature_b) AS place
  FROM matches
)
WHERE is_best OR place <= 5000
ORDER BY comparison, feature_a, feature_b
