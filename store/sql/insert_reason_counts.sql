-- How many matches have each combination of flags under the default filter (as store/sql/funnel.sql has it).
INSERT INTO reason_counts
SELECT
  comparison,
  reason_bits + 2048 * (pearson < 0)::INTEGER + 4096 * (pearson_context < -1)::INTEGER AS flags,
  count(*) AS n_matches
FROM matches
GROUP BY comparison, flags
ORDER BY comparison, flags
