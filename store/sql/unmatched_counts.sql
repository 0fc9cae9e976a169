-- How many alive features have each combination of flags. Parameters: those of unmatched_flagged.sql
WITH
-- include: unmatched_flagged
SELECT flags, count(*) AS n FROM flagged GROUP BY flags ORDER BY flags
