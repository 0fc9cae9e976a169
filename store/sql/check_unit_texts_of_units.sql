-- The lists of units name as many tokens as units has, and the texts those of as many units, numbered in their order from 0.
WITH counted AS (
  SELECT alignment, count(*) AS n, sum(n_tokens_a) AS n_a, sum(n_tokens_b) AS n_b FROM units GROUP BY alignment
),
listed AS (
  SELECT
    alignment,
    sum(list_count(units_a)) AS n_a,
    sum(list_count(units_b)) AS n_b,
    sum(list_count(text_ids)) AS n
  FROM unit_contexts
  GROUP BY alignment
),
spelled AS (
  SELECT alignment, text_id, count(*) AS n FROM (SELECT alignment, unnest(text_ids) AS text_id FROM unit_contexts) GROUP BY ALL
),
numbered AS (
  SELECT *, row_number() OVER (PARTITION BY alignment ORDER BY text) - 1 AS place FROM unit_texts
)
SELECT 'unit_contexts: ' || coalesce(c.alignment, l.alignment) || ' lists ' || coalesce(l.n, 0) || ' units of ' || coalesce(l.n_a, 0)
  || ' and ' || coalesce(l.n_b, 0) || ' tokens; units has ' || coalesce(c.n, 0) || ' of ' || coalesce(c.n_a, 0) || ' and '
  || coalesce(c.n_b, 0) AS problem
FROM listed AS l
FULL JOIN counted AS c ON c.alignment = l.alignment
WHERE l.n IS DISTINCT FROM c.n OR l.n_a IS DISTINCT FROM c.n_a OR l.n_b IS DISTINCT FROM c.n_b
UNION ALL
SELECT 'unit_texts: text ' || coalesce(n.text_id, s.text_id) || ' of ' || coalesce(n.alignment, s.alignment) || CASE
    WHEN n.text_id <> n.place THEN ' is number ' || n.place || ' of its texts'
    ELSE ' is that of ' || coalesce(n.n_units, 0) || ' units; unit_contexts lists ' || coalesce(s.n, 0) END AS problem
FROM numbered AS n
FULL JOIN spelled AS s ON s.alignment = n.alignment AND s.text_id = n.text_id
WHERE n.n_units IS DISTINCT FROM s.n OR n.text_id <> n.place
