-- Some rows of `picked_matches`. Parameters: $rows (list), moved thresholds
SELECT
-- include: judged
FROM picked_matches
WHERE rowid IN (SELECT unnest($rows::BIGINT[]))
ORDER BY comparison, feature_a, feature_b
