-- What two features do on each token text, by the mass that both put on it. Parameters: those of the part `fired`,
-- $model_a, $limit
WITH
-- include: fired
,
by_text AS (
  SELECT
    t.text AS token,
    count(*) FILTER (WHERE activation_a > 0) AS n_a,
    count(*) FILTER (WHERE activation_b > 0) AS n_b,
    count(*) FILTER (WHERE activation_a > 0 AND activation_b > 0) AS n_both,
    sum(activation_a) AS mass_a,
    sum(activation_b) AS mass_b
  FROM fired
  JOIN tokens AS t ON t.model = $model_a AND t.token_index = fired.token_a
  GROUP BY t.text
),
-- include: token_page
,
occurrences AS (
  SELECT text AS token, count(*) AS n_units
  FROM tokens
  WHERE model = $model_a AND NOT is_special AND text IN (SELECT token FROM page)
  GROUP BY text
)
SELECT page.token, n_units, n_a, n_b, n_both, mass_share_a, mass_share_b
FROM page JOIN occurrences ON occurrences.token = page.token
ORDER BY weight DESC, page.token
