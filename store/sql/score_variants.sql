-- Which scores there are, in however many comparisons
SELECT metric, parameters, subset, level, count(*) AS n_scores, count(value) AS n_values
FROM scores
GROUP BY metric, parameters, subset, level
ORDER BY metric, parameters, subset, level
