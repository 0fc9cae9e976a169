-- Features against spaces: as many as it has, and as many alive.
WITH counted AS (
  SELECT space, count(*) AS n, min(feature) AS lowest, max(feature) AS highest, count(*) FILTER (WHERE n_active > 0) AS alive
  FROM features
  GROUP BY space
)
SELECT CASE
    WHEN s.space IS NULL THEN 'features: ' || c.space || ' is no row of spaces'
    WHEN coalesce(c.n, 0) <> s.n_features OR c.lowest <> 0 OR c.highest <> s.n_features - 1
      THEN 'spaces: ' || s.space || ' says n_features ' || s.n_features || '; features has ' || coalesce(c.n, 0)
        || coalesce(', from ' || c.lowest || ' to ' || c.highest, '')
    ELSE 'spaces: ' || s.space || ' says n_alive ' || s.n_alive || '; features has ' || coalesce(c.alive, 0)
  END AS problem
FROM spaces AS s
FULL JOIN counted AS c ON c.space = s.space
WHERE s.space IS NULL OR coalesce(c.n, 0) <> s.n_features OR c.lowest <> 0 OR c.highest <> s.n_features - 1
  OR coalesce(c.alive, 0) <> s.n_alive
