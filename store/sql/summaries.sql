-- How much each comparison's spaces share. Parameters: the thresholds of judged_matches
-- Only best matches are judged: the other candidates (nine in ten) are counted, nothing else.
WITH best AS (
  SELECT
    comparison,
    count(*) FILTER (WHERE mutual_best) AS n_mutual,
    count(*) FILTER (WHERE mutual_best AND reason_bits = 0) AS n_homologues,
    count(*) FILTER (WHERE mutual_best AND (reason_bits & 16) > 0) AS n_token_explained,
    median(pearson) FILTER (WHERE rank_ab = 1) AS median_pearson,
    median(pearson_context) FILTER (WHERE rank_ab = 1) AS median_context
  FROM judged_matches(
    rare := $rare, dense := $dense, special := $special, position := $position, token := $token,
    single_token := $single_token, stop_token := $stop_token, hub := $hub, chance := $chance, thin := $thin
  )
  WHERE mutual_best OR rank_ab = 1
  GROUP BY comparison
),
candidates AS (
  SELECT comparison, count(*) AS n_candidates FROM matches GROUP BY comparison
)
SELECT
  c.comparison,
  c.space_a,
  c.space_b,
  a.model = b.model AND a.hook IS NOT DISTINCT FROM b.hook AS same_model,
  a.n_alive AS n_alive_a,
  b.n_alive AS n_alive_b,
  coalesce(n_candidates, 0) AS n_candidates,
  coalesce(n_mutual, 0) AS n_mutual,
  coalesce(n_homologues, 0) AS n_homologues,
  coalesce(n_token_explained, 0) AS n_token_explained,
  median_pearson,
  median_context
FROM comparisons AS c
JOIN spaces AS a ON a.space = c.space_a
JOIN spaces AS b ON b.space = c.space_b
LEFT JOIN candidates ON candidates.comparison = c.comparison
LEFT JOIN best ON best.comparison = c.comparison
ORDER BY c.comparison
