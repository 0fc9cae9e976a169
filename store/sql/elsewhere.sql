-- Best match of a feature in every comparison that its space is part of. Parameters: $feature, $as_a and $as_b (lists: the
-- comparisons in which its space is A, and B), moved thresholds
SELECT 'a' AS side,
-- include: judged
FROM picked_matches
WHERE feature_a = $feature AND rank_ab = 1 AND list_contains($as_a::VARCHAR[], comparison)
UNION ALL
SELECT 'b' AS side,
-- include: judged
FROM picked_matches
WHERE feature_b = $feature AND rank_ba = 1 AND list_contains($as_b::VARCHAR[], comparison)
ORDER BY comparison, side, feature_a, feature_b
