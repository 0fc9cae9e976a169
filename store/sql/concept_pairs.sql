-- Mutual best matches that pass and have a feature of the concept on either side, largest context first.
-- Parameters: $concept, $share, $comparisons, $spaces_a and $spaces_b (lists of one length: the comparisons that count, and
-- their spaces), $limit, those of passing.sql
WITH own AS (
  SELECT space, feature, mass_share FROM concept_features WHERE concept = $concept
),
counted AS (
  SELECT
    unnest($comparisons::VARCHAR[]) AS comparison, unnest($spaces_a::VARCHAR[]) AS space_a, unnest($spaces_b::VARCHAR[]) AS space_b
),
mutual AS (
  SELECT
-- include: judged
  FROM picked_matches
  WHERE mutual_best
-- include: passing
)
SELECT mutual.*, a.mass_share AS share_a, b.mass_share AS share_b
FROM mutual
JOIN counted USING (comparison)
LEFT JOIN own AS a ON a.space = counted.space_a AND a.feature = mutual.feature_a
LEFT JOIN own AS b ON b.space = counted.space_b AND b.feature = mutual.feature_b
WHERE a.mass_share >= $share OR b.mass_share >= $share
ORDER BY mutual.pearson_context DESC, mutual.comparison, mutual.feature_a, mutual.feature_b
LIMIT $limit
