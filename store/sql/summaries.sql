-- What the matches of each comparison are as a whole, whatever the thresholds
SELECT * FROM match_summaries ORDER BY comparison
