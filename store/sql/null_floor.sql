-- What chance gives, by how often A's feature fires. Parameters: $comparison
SELECT * FROM match_nulls WHERE comparison = $comparison ORDER BY n_active_low
