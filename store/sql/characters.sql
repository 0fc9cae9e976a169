-- Where some tokens stand in their passage's text. Parameters: $row (the row of `tokens` at which their model begins: they
-- are found by their place in the table, which no join on their number does as fast), $lower and $upper (lists: the first
-- token and one past the last of each stretch)
WITH asked AS MATERIALIZED (
  SELECT DISTINCT unnest(range(lower, upper)) AS token_index
  FROM (SELECT unnest($lower::BIGINT[]) AS lower, unnest($upper::BIGINT[]) AS upper)
)
SELECT t.token_index, t.char_start, t.char_end
FROM asked JOIN tokens AS t ON t.rowid = $row + asked.token_index
ORDER BY t.token_index
