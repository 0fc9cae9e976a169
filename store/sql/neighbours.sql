-- A feature's neighbours in its own space, nearest first. Parameters: $space, $feature, $by, $limit
SELECT rank, neighbour AS feature, value::DOUBLE AS value
FROM neighbours
WHERE space = $space AND feature = $feature AND "by" = $by AND rank <= $limit
ORDER BY rank
