-- How many features of each space belong to each concept, and how many of these have a mutual best match that passes.
-- Parameters: those of family_links.sql, $share
WITH passing AS (
-- include: family_links
),
matched AS (
  SELECT space_a AS space, feature_a AS feature FROM passing
  UNION
  SELECT space_b, feature_b FROM passing
),
names AS (
  SELECT DISTINCT concept FROM concepts
)
SELECT
  names.concept,
  s.space,
  count(*) FILTER (f.mass_share >= $share) AS n_features,
  count(matched.feature) FILTER (f.mass_share >= $share) AS n_matched,
  max(f.mass_share) AS largest
FROM names
CROSS JOIN spaces AS s
LEFT JOIN concept_features AS f ON f.concept = names.concept AND f.space = s.space
LEFT JOIN matched ON matched.space = f.space AND matched.feature = f.feature
GROUP BY names.concept, s.space
ORDER BY names.concept, s.space
