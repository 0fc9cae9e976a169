-- How many matches have each combination of flags. Parameters: those of flagged.sql
WITH
-- include: flagged
SELECT flags, count(*) AS n FROM flagged GROUP BY flags ORDER BY flags
