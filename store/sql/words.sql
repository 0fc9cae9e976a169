-- The five token texts with the largest mass of each of some features. Parameters: $spaces, $features (lists)
SELECT f.space, f.feature, t.token, t.mass_share
FROM (SELECT DISTINCT unnest($spaces::VARCHAR[]) AS space, unnest($features::INTEGER[]) AS feature) AS f
JOIN feature_tokens AS t ON t.space = f.space AND t.feature = f.feature AND t.rank <= 5
ORDER BY f.space, f.feature, t.rank
