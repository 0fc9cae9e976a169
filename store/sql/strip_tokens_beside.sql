-- B's tokens of the stretches of text that A's strips show, with a feature's activations.
-- Parameters: $model, $space, $feature, $passages and $focus and $n_focus (lists: B's tokens), $starts and $ends (lists:
-- A's first and last token of each strip), $model_a
WITH asked AS (
  SELECT
    unnest($passages::INTEGER[]) AS passage_id,
    unnest($focus::INTEGER[]) AS focus,
    unnest($n_focus::INTEGER[]) AS n_focus,
    unnest($starts::INTEGER[]) AS first_a,
    unnest($ends::INTEGER[]) AS last_a
),
stretches AS (
  SELECT asked.*, first_token.char_start AS lower, last_token.char_end AS upper
  FROM asked
  JOIN tokens AS first_token ON first_token.model = $model_a AND first_token.token_index = first_a
  JOIN tokens AS last_token ON last_token.model = $model_a AND last_token.token_index = last_a
)
SELECT
  s.focus,
  t.token_index,
  t.text,
  a.activation::DOUBLE AS activation,
  t.is_special,
  t.token_index >= s.focus AND t.token_index < s.focus + s.n_focus AS is_focus,
  true AS is_shown
FROM stretches AS s
JOIN tokens AS t ON t.model = $model AND t.passage_id = s.passage_id
LEFT JOIN (SELECT token_index, activation FROM activations WHERE space = $space AND feature = $feature) AS a
  ON a.token_index = t.token_index
WHERE (t.char_start < s.upper AND t.char_end > s.lower)
  -- A special token stands for no character.
  OR (t.char_start = t.char_end AND t.char_start BETWEEN s.lower AND s.upper)
ORDER BY s.focus, t.token_index
