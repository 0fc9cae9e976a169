-- The same as summary_counts.sql under the default thresholds, where it is stored
SELECT comparison, flags & 2047 AS bits, n_matches AS n
FROM reason_counts
WHERE flags & 128 = 0
ORDER BY comparison, flags
