-- Of the five token texts with the largest mass of each of some features, those that stand in no passage. Parameters:
-- $spaces, $features (lists)
SELECT space, feature, rank, token
FROM feature_tokens
JOIN (SELECT DISTINCT unnest($spaces::VARCHAR[]) AS space, unnest($features::INTEGER[]) AS feature) AS asked USING (space, feature)
WHERE rank <= 5 AND text_id IS NULL
ORDER BY space, feature, rank
