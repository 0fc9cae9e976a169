-- What a match shows of its features. Parameters: $spaces, $features (lists of one length)
SELECT space, feature, top_token, n_active, firing_rate, special_share, top_token_share
FROM features
JOIN (SELECT DISTINCT unnest($spaces::VARCHAR[]) AS space, unnest($features::INTEGER[]) AS feature) AS asked USING (space, feature)
ORDER BY space, feature
