-- Each comparison names two spaces, itself after them, and counts the units that there are.
WITH counted AS (
  SELECT alignment, count(*) AS n FROM units GROUP BY alignment
),
plain AS (
  SELECT model, count(*) AS n FROM tokens WHERE NOT is_special GROUP BY model
),
judged AS (
  SELECT c.*, a.space IS NULL OR b.space IS NULL AS is_unknown,
    CASE WHEN c.alignment = 'identical' THEN coalesce(plain.n, 0) ELSE coalesce(counted.n, 0) END AS n
  FROM comparisons AS c
  LEFT JOIN spaces AS a ON a.space = c.space_a
  LEFT JOIN spaces AS b ON b.space = c.space_b
  LEFT JOIN counted ON counted.alignment = c.alignment
  LEFT JOIN plain ON plain.model = a.model
)
SELECT CASE
    WHEN is_unknown THEN 'comparisons: ' || comparison || ' is of a space that is no row of spaces'
    WHEN comparison <> space_a || '~' || space_b THEN 'comparisons: ' || comparison || ' is of ' || space_a || ' and ' || space_b
    ELSE 'comparisons: ' || comparison || ' says n_units ' || n_units || '; there are ' || n
  END AS problem
FROM judged
WHERE is_unknown OR comparison <> space_a || '~' || space_b OR n <> n_units
