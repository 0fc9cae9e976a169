-- A feature's neighbours in its own space, nearest first. Parameters: $space, $feature, $by, $limit
SELECT n.rank, n.neighbour AS feature, n.value::DOUBLE AS value, f.top_token, f.n_active
FROM neighbours AS n
JOIN features AS f ON f.space = $space AND f.feature = n.neighbour
WHERE n.space = $space AND n.feature = $feature AND n."by" = $by AND n.rank <= $limit
ORDER BY n.rank
