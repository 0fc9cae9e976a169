-- How many units fall into each cell of the plane from 0 to both maxima. Parameters: those of the part `fired`, $cells
WITH
-- include: fired
,
largest AS (
  SELECT max(activation_a) AS max_a, max(activation_b) AS max_b FROM fired
),
placed AS (
  SELECT
    max_a / $cells AS step_a,
    max_b / $cells AS step_b,
    least($cells - 1, floor(coalesce(activation_a / nullif(max_a, 0), 0) * $cells))::INTEGER AS cell_a,
    least($cells - 1, floor(coalesce(activation_b / nullif(max_b, 0), 0) * $cells))::INTEGER AS cell_b
  FROM fired, largest
)
SELECT
  cell_a * step_a AS a_lower,
  (cell_a + 1) * step_a AS a_upper,
  cell_b * step_b AS b_lower,
  (cell_b + 1) * step_b AS b_upper,
  count(*) AS count
FROM placed
GROUP BY cell_a, cell_b, step_a, step_b
ORDER BY cell_a, cell_b
