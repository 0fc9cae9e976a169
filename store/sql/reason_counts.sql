-- How many matches have each combination of flags under the default thresholds and bounds. Parameters: $comparison
SELECT flags, n_matches AS n FROM reason_counts WHERE comparison = $comparison ORDER BY flags
