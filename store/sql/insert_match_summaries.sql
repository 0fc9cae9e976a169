-- What a comparison's matches are as a whole, whatever the thresholds.
INSERT INTO match_summaries
SELECT
  c.comparison,
  count(m.comparison) AS n_candidates,
  count(*) FILTER (m.mutual_best) AS n_mutual,
  median(m.pearson) FILTER (m.rank_ab = 1) AS median_pearson,
  median(m.pearson_context) FILTER (m.rank_ab = 1) AS median_context
FROM comparisons AS c
LEFT JOIN matches AS m ON m.comparison = c.comparison
GROUP BY c.comparison
ORDER BY c.comparison
