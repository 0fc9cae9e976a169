-- Units of two tokenizers, a stretch of passages: the other one joins pairs of frequent words and cuts long words in two.
-- Parameters: $model, $first, $last (passages)
CREATE OR REPLACE TEMP TABLE stretch AS
WITH grouped AS (
  SELECT
    passage_id,
    token_index - (position % 2 = 0 AND token_id < 60 AND before < 60)::INTEGER AS token_a,
    count(*) AS n_tokens_a,
    string_agg(text, '' ORDER BY token_index) AS text,
    min(char_start) AS char_start
  FROM (
    SELECT *, lag(token_id) OVER (ORDER BY token_index) AS before
    FROM tokens
    WHERE model = $model AND NOT is_special AND token_index >= 128 * $first AND token_index < 128 * $last
  )
  GROUP BY ALL
),
cut AS (
  SELECT *, CASE WHEN n_tokens_a = 1 AND length(text) > 5 THEN 2 ELSE 1 END AS n_tokens_b FROM grouped
),
numbered AS (
  SELECT
    *,
    coalesce((SELECT max(unit) + 1 FROM units), 0) + row_number() OVER (ORDER BY token_a) - 1 AS unit,
    coalesce((SELECT max(token_b + n_tokens_b) FROM units), 0)
      + sum(n_tokens_b) OVER (ORDER BY token_a) - n_tokens_b AS token_b
  FROM cut
)
SELECT *, token_b - min(token_b) OVER (PARTITION BY passage_id) AS position FROM numbered;
INSERT INTO units
SELECT $alignment, unit, passage_id, token_a, n_tokens_a, token_b, n_tokens_b FROM stretch ORDER BY unit;
INSERT INTO pieces
SELECT
  token_b + piece AS token_index,
  passage_id,
  position + piece AS position,
  CASE WHEN n_tokens_b = 1 THEN text WHEN piece = 0 THEN left(text, 4) ELSE substr(text, 5) END AS text,
  char_start + 4 * piece AS char_start
FROM stretch, unnest(range(n_tokens_b)) AS pieces(piece)
ORDER BY token_index;
