-- Counts of reasons, and what matches are as a whole, are those of the matches.
WITH counted AS (
  SELECT
    comparison,
    reason_bits + 2048 * (pearson < 0)::INTEGER + 4096 * (pearson_context < -1)::INTEGER AS flags,
    count(*) AS n
  FROM matches
  GROUP BY comparison, flags
),
whole AS (
  SELECT comparison, count(*) AS n, count(*) FILTER (mutual_best) AS n_mutual, median(pearson) FILTER (rank_ab = 1) AS middle
  FROM matches
  GROUP BY comparison
)
SELECT 'reason_counts: ' || coalesce(r.comparison, c.comparison) || ' counts ' || coalesce(n_matches, 0) || ' with flags '
  || coalesce(r.flags, c.flags) || '; matches holds ' || coalesce(n, 0) AS problem
FROM reason_counts AS r
FULL JOIN counted AS c ON c.comparison = r.comparison AND c.flags = r.flags
WHERE n_matches IS DISTINCT FROM n
UNION ALL
SELECT 'match_summaries: ' || coalesce(s.comparison, w.comparison) || ' does not say what its matches do' AS problem
FROM match_summaries AS s
FULL JOIN whole AS w ON w.comparison = s.comparison
WHERE s.comparison IS NULL
  OR s.n_candidates <> coalesce(w.n, 0)
  OR s.n_mutual <> coalesce(w.n_mutual, 0)
  OR s.median_pearson IS DISTINCT FROM w.middle
