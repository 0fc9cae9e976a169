-- Some rows of `matches`. Parameters: $rows (list), moved thresholds
SELECT
-- include: judged
FROM matches
WHERE rowid IN (SELECT unnest($rows::BIGINT[]))
ORDER BY comparison, feature_a, feature_b
