-- Vocabulary and contexts say of each token what tokens says.
WITH listed AS (
  SELECT
    model,
    passage_id,
    first_token + unnest(range(len(text_ids)))::INTEGER AS token_index,
    unnest(text_ids) AS text_id
  FROM contexts
),
spelled AS (
  SELECT l.model, l.passage_id, l.token_index, l.text_id < 0 AS is_special, v.text
  FROM listed AS l
  LEFT JOIN vocabulary AS v ON v.model = l.model AND v.text_id = CASE WHEN l.text_id < 0 THEN -1 - l.text_id ELSE l.text_id END
)
SELECT 'contexts: token ' || coalesce(t.token_index, s.token_index) || ' of ' || coalesce(t.model, s.model)
  || ' is not what tokens says it is' AS problem
FROM tokens AS t
FULL JOIN spelled AS s ON s.model = t.model AND s.token_index = t.token_index
WHERE s.text IS DISTINCT FROM t.text OR s.passage_id IS DISTINCT FROM t.passage_id OR s.is_special IS DISTINCT FROM t.is_special
