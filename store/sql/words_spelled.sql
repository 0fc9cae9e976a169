-- The five token texts with the largest mass of each of some features. Parameters: $spaces, $features (lists)
SELECT space, feature, token, mass_share
FROM feature_tokens
JOIN (SELECT DISTINCT unnest($spaces::VARCHAR[]) AS space, unnest($features::INTEGER[]) AS feature) AS asked USING (space, feature)
WHERE rank <= 5
ORDER BY space, feature, rank
