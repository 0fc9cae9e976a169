-- Picked matches are rows of matches, and all those that are best for either feature.
SELECT 'picked_matches: ' || comparison || ' ' || feature_a || ' ' || feature_b || ' is no row of matches, or not as it is there' AS problem
FROM (FROM picked_matches EXCEPT FROM matches)
UNION ALL
SELECT 'picked_matches: ' || comparison || ' ' || feature_a || ' ' || feature_b || ' is missing' AS problem
FROM matches AS m
ANTI JOIN picked_matches AS p ON p.comparison = m.comparison AND p.feature_a = m.feature_a AND p.feature_b = m.feature_b
WHERE m.rank_ab = 1 OR m.rank_ba = 1
