-- Best matches of some features: as features of A in some comparisons, of B in others.
-- Parameters: $comparisons and $features (lists of one length), $comparisons_b and $features_b, moved thresholds
SELECT 'a' AS side, judged.*
FROM (
  SELECT
-- include: judged
  FROM picked_matches
  JOIN (SELECT DISTINCT unnest($comparisons::VARCHAR[]) AS comparison, unnest($features::INTEGER[]) AS feature_a) AS asked
    USING (comparison, feature_a)
  WHERE rank_ab = 1
) AS judged
UNION ALL
SELECT 'b' AS side, judged.*
FROM (
  SELECT
-- include: judged
  FROM picked_matches
  JOIN (SELECT DISTINCT unnest($comparisons_b::VARCHAR[]) AS comparison, unnest($features_b::INTEGER[]) AS feature_b) AS asked
    USING (comparison, feature_b)
  WHERE rank_ba = 1
) AS judged
ORDER BY comparison, side, feature_a, feature_b
