-- Tokens of the first model, a stretch of passages. Parameters: $model, $first, $last
INSERT INTO tokens
WITH plain AS (
  SELECT q // 127 AS passage, 1 + q % 127 AS position, q, w.word, w.text
  FROM range(127 * $first::BIGINT, 127 * $last::BIGINT) AS places(q)
  JOIN words AS w ON w.word = word_at(q)
),
placed AS (
  SELECT *, sum(length(text)) OVER (PARTITION BY passage ORDER BY position)::INTEGER AS char_end FROM plain
)
SELECT $model, token_index, passage, position, token_id, text, char_start, char_end, is_special
FROM (
  SELECT
    token_of(q) AS token_index, passage, position, word AS token_id, text, char_end - length(text) AS char_start, char_end,
    false AS is_special
  FROM placed
  UNION ALL
  SELECT (128 * passage)::INTEGER, passage, 0, -1, '<bos>', 0, 0, true
  FROM range($first::BIGINT, $last::BIGINT) AS passages(passage)
)
ORDER BY token_index;
