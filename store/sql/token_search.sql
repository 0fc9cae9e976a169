-- The features of each space that put most of their activation on the texts asked for, by their own twenty strongest
-- token texts. Parameters: $text (stripped, lower case), $white (what is stripped), $limit (features a space)
WITH texts AS (
  SELECT DISTINCT token FROM feature_tokens WHERE lower(trim(token, $white)) = $text
),
hits AS (
  SELECT
    t.space,
    t.feature,
    list(t.token ORDER BY t.rank) AS matched,
    sum(t.mass_share) AS mass_share,
    sum(t.n_active) AS n_active
  FROM feature_tokens AS t
  JOIN texts USING (token)
  GROUP BY t.space, t.feature
),
places AS (
  SELECT
    *,
    -- Sums of floats differ in their last digits from run to run, which must not change the order of equals.
    row_number() OVER (PARTITION BY space ORDER BY round(mass_share, 9) DESC, n_active DESC, feature) AS place,
    count(*) OVER (PARTITION BY space) AS n_hits
  FROM hits
),
words AS (
  SELECT space, feature, list(token ORDER BY rank) AS tokens
  FROM feature_tokens
  JOIN (SELECT space, feature FROM places WHERE place <= $limit) USING (space, feature)
  WHERE rank <= 5
  GROUP BY space, feature
)
SELECT
  p.space,
  p.feature,
  p.n_hits::BIGINT AS n_hits,
  p.matched,
  p.mass_share,
  p.n_active::BIGINT AS n_active,
  f.n_active AS n_active_all,
  words.tokens
FROM places AS p
JOIN features AS f ON f.space = p.space AND f.feature = p.feature
JOIN words ON words.space = p.space AND words.feature = p.feature
WHERE p.place <= $limit
ORDER BY p.space, p.place
