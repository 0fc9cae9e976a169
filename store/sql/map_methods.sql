-- How a space's features are laid out, and how many of them. Parameters: $space
SELECT method, count(*) AS n_features FROM maps WHERE space = $space GROUP BY method ORDER BY method
