-- A map shows features that fire, at a place.
SELECT 'maps: ' || m.space || ':' || m.feature || ' by ' || m.method || CASE
    WHEN f.feature IS NULL THEN ' is of no row of features'
    WHEN f.n_active = 0 THEN ' never fires'
    ELSE ' is nowhere: ' || m.x || ', ' || m.y END AS problem
FROM maps AS m
LEFT JOIN features AS f ON f.space = m.space AND f.feature = m.feature
WHERE f.feature IS NULL OR f.n_active = 0 OR NOT isfinite(m.x) OR NOT isfinite(m.y)
