-- Homologues of each comparison by their pearson_context, in steps of 1 / $steps; none below 0. Parameters: $steps, and
-- the thresholds of judged_matches
SELECT comparison, floor(pearson_context * $steps)::INTEGER AS step, count(*) AS n
FROM judged_matches(
  rare := $rare, dense := $dense, special := $special, position := $position, token := $token,
  single_token := $single_token, stop_token := $stop_token, hub := $hub, chance := $chance, thin := $thin
)
WHERE mutual_best AND reason_bits = 0 AND pearson_context >= 0
GROUP BY ALL
ORDER BY comparison, step
