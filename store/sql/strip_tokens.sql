-- Tokens around each focus, one more than shown on either side to tell whether the passage goes on, with a feature's
-- activations. Parameters: $model, $space, $feature, $passages and $focus and $n_focus (lists), $width (tokens)
WITH asked AS (
  SELECT
    unnest($passages::INTEGER[]) AS passage_id,
    unnest($focus::INTEGER[]) AS focus,
    unnest($n_focus::INTEGER[]) AS n_focus
),
wanted AS (
  SELECT passage_id, focus, n_focus, unnest(range(focus - $width - 1, focus + n_focus + $width + 1))::INTEGER AS token_index
  FROM asked
)
SELECT
  w.focus,
  t.token_index,
  t.text,
  a.activation::DOUBLE AS activation,
  t.is_special,
  t.token_index >= w.focus AND t.token_index < w.focus + w.n_focus AS is_focus,
  t.token_index >= w.focus - $width AND t.token_index < w.focus + w.n_focus + $width AS is_shown
FROM wanted AS w
JOIN tokens AS t ON t.model = $model AND t.token_index = w.token_index AND t.passage_id = w.passage_id
LEFT JOIN (SELECT token_index, activation FROM activations WHERE space = $space AND feature = $feature) AS a
  ON a.token_index = t.token_index
ORDER BY w.focus, t.token_index
