-- Scores of every comparison with their nulls, and those of its maps; some have no value.
INSERT INTO scores
WITH metrics AS (
  SELECT unnest([
    {m: 'cca', p: ''}, {m: 'cka', p: ''}, {m: 'cka_debiased', p: ''}, {m: 'distance_correlation', p: ''},
    {m: 'hungarian_cosine', p: ''}, {m: 'mmcs', p: ''}, {m: 'procrustes', p: ''}, {m: 'pwcca', p: ''},
    {m: 'rsa', p: 'inner=correlation'}, {m: 'rsa', p: 'inner=euclidean'}, {m: 'svcca', p: ''},
    {m: 'knn_jaccard', p: 'k=5'}, {m: 'knn_jaccard', p: 'k=10'}, {m: 'knn_jaccard', p: 'k=20'}, {m: 'knn_jaccard', p: 'k=100'},
    {m: 'mutual_knn', p: 'k=5'}, {m: 'mutual_knn', p: 'k=10'}, {m: 'mutual_knn', p: 'k=20'}, {m: 'mutual_knn', p: 'k=100'}
  ], recursive := true)
),
subsets AS (
  SELECT unnest(['all', 'kept', 'first:50', 'first:100', 'first:500', 'first:2000', 'concept:colour', 'concept:time']) AS subset
),
every AS (
  SELECT
    comparison, m AS metric, p AS parameters, subset, level,
    round(0.1 + 0.8 * u(hash(comparison, m, p) // 4, hash(subset, level) // 4, 'score'), 6) AS value,
    m = 'procrustes' AS is_distance
  FROM comparisons CROSS JOIN metrics CROSS JOIN subsets CROSS JOIN (VALUES ('activations'), ('decoder')) AS levels(level)
)
SELECT
  comparison, metric, parameters, subset, level,
  CASE WHEN subset <> 'concept:time' THEN value END,
  CASE WHEN subset = 'concept:time' THEN '3 pairs; ' || metric || ' needs 20 rows' END,
  CASE WHEN subset <> 'concept:time' THEN 'permuted rows' END,
  CASE WHEN subset <> 'concept:time' THEN CASE WHEN is_distance THEN 0.9 ELSE 0.1 END END,
  CASE WHEN subset <> 'concept:time' THEN 0.05 END,
  CASE WHEN subset <> 'concept:time' THEN CASE WHEN is_distance THEN 0.82 ELSE 0.18 END END,
  CASE WHEN subset <> 'concept:time' THEN 0.001 END,
  CASE WHEN subset <> 'concept:time' THEN 0.002 END,
  CASE WHEN subset <> 'concept:time' THEN 0.003 END,
  CASE WHEN subset <> 'concept:time' THEN 999 ELSE 0 END,
  500, 50, 50, NOT is_distance
FROM every
ORDER BY comparison, metric, parameters, subset, level;

INSERT INTO score_nulls
SELECT comparison, metric, parameters, subset, level, draw, null_mean + 0.05 * normal(draw, metric || subset)
FROM scores CROSS JOIN (SELECT unnest(range(100))::INTEGER AS draw)
WHERE value IS NOT NULL
ORDER BY comparison, metric, parameters, subset, level, draw;

INSERT INTO map_agreement
SELECT comparison, method, measure, value, 0.1, 0.02, 0.13, 0.001, 2000, measure <> 'procrustes_disparity'
FROM comparisons CROSS JOIN (VALUES
  ('neighbours', 'overlap', 0.2), ('pca', 'distance_correlation', 0.5), ('pca', 'knn_consistency', 0.3),
  ('pca', 'procrustes_disparity', 0.8), ('umap', 'distance_correlation', 0.4), ('umap', 'knn_consistency', 0.3),
  ('umap', 'procrustes_disparity', 0.7)
) AS kinds(method, measure, value)
ORDER BY comparison, method, measure;
