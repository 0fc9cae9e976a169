-- A feature's tokens carry shares of its mass and cannot fire more often than it.
SELECT 'feature_tokens: ' || t.space || ':' || t.feature || ' rank ' || t.rank || CASE
    WHEN f.feature IS NULL THEN ' is of no row of features'
    WHEN t.n_active > f.n_active THEN ' says n_active ' || t.n_active || '; the feature fires ' || f.n_active || ' times'
    ELSE ' says mass_share ' || t.mass_share || ', outside 0 to 1' END AS problem
FROM feature_tokens AS t
LEFT JOIN features AS f ON f.space = t.space AND f.feature = t.feature
WHERE f.feature IS NULL OR t.n_active > f.n_active OR NOT t.mass_share BETWEEN 0 AND 1.000001
