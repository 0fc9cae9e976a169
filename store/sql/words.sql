-- The five token texts with the largest mass of each of some features, by number. Parameters: $spaces, $features (lists)
SELECT space, feature, rank, text_id, mass_share
FROM feature_tokens
JOIN (SELECT DISTINCT unnest($spaces::VARCHAR[]) AS space, unnest($features::INTEGER[]) AS feature) AS asked USING (space, feature)
WHERE rank <= 5
ORDER BY space, feature, rank
