-- Neighbours, maps and clusters of a space. Parameters: $space
CREATE OR REPLACE TEMP TABLE alive AS
SELECT feature, (row_number() OVER (ORDER BY feature) - 1)::INTEGER AS place, count(*) OVER ()::INTEGER AS n
FROM features WHERE space = $space AND n_active > 0;

-- Materialized, or the neighbour would be looked up by trying every one.
INSERT INTO neighbours
WITH places AS MATERIALIZED (
  SELECT feature, side, rank, (place + rank * step) % n AS place
  FROM alive
  CROSS JOIN (VALUES ('activation', 1), ('decoder_cosine', 3)) AS sides(side, step)
  CROSS JOIN (SELECT unnest(range(1, 51))::INTEGER AS rank)
  WHERE 3 * rank < n
)
SELECT
  $space, p.feature, side, rank, b.feature, ((0.15 + 0.8 * u(p.feature, 0, $space || side)) / sqrt(rank))::FLOAT
FROM places AS p JOIN alive AS b USING (place)
ORDER BY p.feature, side, rank;

INSERT INTO maps
SELECT
  $space, method, feature,
  (3 * cos(island) + 0.5 * normal(feature, $space || method))::FLOAT,
  (3 * sin(island) + 0.5 * normal(feature, method || $space))::FLOAT
FROM (SELECT *, 2 * pi() * (feature % 40) / 40 AS island FROM alive) CROSS JOIN (VALUES ('pca'), ('umap')) AS methods(method)
ORDER BY method, feature;

INSERT INTO clusters SELECT $space, feature, CASE WHEN feature % 40 < 31 THEN feature % 40 END FROM alive ORDER BY feature;
