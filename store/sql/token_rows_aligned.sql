-- What two features do on each unit's text (A's tokens of the unit, joined), by the mass that both put on it.
-- Parameters: those of the part `fired` (aligned), $model_a, $limit
WITH
-- include: fired
,
texts AS (
  SELECT
    f.unit,
    any_value(activation_a) AS activation_a,
    any_value(activation_b) AS activation_b,
    string_agg(t.text, '' ORDER BY t.token_index) AS text
  FROM (SELECT *, unnest(range(token_a, token_a + n_tokens_a))::INTEGER AS token_index FROM fired) AS f
  JOIN tokens AS t ON t.model = $model_a AND t.token_index = f.token_index
  GROUP BY f.unit
),
by_text AS (
  SELECT
    text AS token,
    count(*) FILTER (WHERE activation_a > 0) AS n_a,
    count(*) FILTER (WHERE activation_b > 0) AS n_b,
    count(*) FILTER (WHERE activation_a > 0 AND activation_b > 0) AS n_both,
    sum(activation_a) AS mass_a,
    sum(activation_b) AS mass_b
  FROM texts
  GROUP BY text
),
-- include: token_page
,
-- A unit can only have one of the page's texts if its first token begins one of them.
beginnings AS (
  SELECT DISTINCT unnest(list_transform(range(length(token) + 1), lambda n: left(token, n::INTEGER))) AS text FROM page
),
candidates AS (
  SELECT u.unit, unnest(range(u.token_a, u.token_a + u.n_tokens_a))::INTEGER AS token_index
  FROM aligned AS u
  JOIN tokens AS t ON t.model = $model_a AND t.token_index = u.token_a
  WHERE t.text IN (SELECT text FROM beginnings)
),
candidate_texts AS (
  SELECT c.unit, string_agg(t.text, '' ORDER BY t.token_index) AS token
  FROM candidates AS c
  JOIN tokens AS t ON t.model = $model_a AND t.token_index = c.token_index
  GROUP BY c.unit
),
occurrences AS (
  SELECT token, count(*) AS n_units FROM candidate_texts GROUP BY token
)
SELECT page.token, n_units, n_a, n_b, n_both, mass_share_a, mass_share_b
FROM page JOIN occurrences ON occurrences.token = page.token
ORDER BY weight DESC, page.token
