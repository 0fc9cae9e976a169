-- Clusters are those of the UMAP, numbered from 0.
SELECT 'clusters: ' || c.space || ':' || c.feature || CASE
    WHEN c.cluster < 0 THEN ' is in cluster ' || c.cluster
    ELSE ' is not on the UMAP' END AS problem
FROM clusters AS c
LEFT JOIN maps AS m ON m.space = c.space AND m.feature = c.feature AND m.method = 'umap'
WHERE c.cluster < 0 OR (c.cluster IS NOT NULL AND m.feature IS NULL)
