-- What a match shows of its features, of all features of a space. Parameters: $space
SELECT feature, top_token, n_active, firing_rate, special_share, top_token_share
FROM features
WHERE space = $space
ORDER BY feature
