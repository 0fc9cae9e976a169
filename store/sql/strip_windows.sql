-- The tokens around each focus by the numbers of their texts, one more than shown on either side to tell whether the passage
-- goes on. Parameters: $model, $passages and $focus and $n_focus (lists), $width (tokens)
WITH asked AS (
  SELECT
    unnest($passages::INTEGER[]) AS passage_id,
    unnest($focus::INTEGER[]) AS focus,
    unnest($n_focus::INTEGER[]) AS n_focus
)
SELECT
  focus,
  n_focus,
  greatest(focus - $width - 1, first_token) AS first_token,
  text_ids[
    greatest(focus - $width - 1, first_token) - first_token + 1 : focus + n_focus + $width + 1 - first_token
  ] AS text_ids
FROM asked
JOIN contexts AS c ON c.model = $model AND c.passage_id = asked.passage_id
ORDER BY focus
