-- All features of a map. Parameters: $space, $method
SELECT m.feature, m.x, m.y, c.cluster, f.n_active, f.firing_rate, f.top_token
FROM maps AS m
JOIN features AS f ON f.space = $space AND f.feature = m.feature
LEFT JOIN clusters AS c ON c.space = $space AND c.feature = m.feature
WHERE m.space = $space AND m.method = $method
ORDER BY m.feature
