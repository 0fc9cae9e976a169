-- A histogram counts every activation of its feature once.
WITH counted AS (
  SELECT space, feature, sum(count) AS n FROM histograms GROUP BY space, feature
)
SELECT 'histograms: ' || coalesce(f.space, c.space) || ':' || coalesce(f.feature, c.feature) || ' counts ' || coalesce(c.n, 0)
  || CASE WHEN f.space IS NULL THEN '; it is no row of features' ELSE '; features says n_active ' || f.n_active END AS problem
FROM features AS f
FULL JOIN counted AS c ON c.space = f.space AND c.feature = f.feature
WHERE f.space IS NULL OR coalesce(c.n, 0) <> f.n_active
