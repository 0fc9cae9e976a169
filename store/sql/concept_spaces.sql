-- How many features of each space belong to each concept, and how many of these have a mutual best match that passes.
-- Parameters: $share, $comparisons, $spaces_a and $spaces_b as in concept_pairs.sql, those of passing.sql
WITH counted AS (
  SELECT
    unnest($comparisons::VARCHAR[]) AS comparison, unnest($spaces_a::VARCHAR[]) AS space_a, unnest($spaces_b::VARCHAR[]) AS space_b
),
passing AS (
  SELECT space_a, feature_a, space_b, feature_b
  FROM picked_matches JOIN counted USING (comparison)
  WHERE mutual_best
-- include: passing
),
matched AS (
  SELECT space_a AS space, feature_a AS feature FROM passing
  UNION
  SELECT space_b, feature_b FROM passing
),
belonging AS (
  SELECT
    f.concept,
    f.space,
    count(*) FILTER (f.mass_share >= $share) AS n_features,
    count(matched.feature) FILTER (f.mass_share >= $share) AS n_matched,
    max(f.mass_share) AS largest
  FROM concept_features AS f
  LEFT JOIN matched ON matched.space = f.space AND matched.feature = f.feature
  GROUP BY f.concept, f.space
)
SELECT names.concept, s.space, coalesce(b.n_features, 0) AS n_features, coalesce(n_matched, 0) AS n_matched, largest
FROM (SELECT DISTINCT concept FROM concepts) AS names
CROSS JOIN spaces AS s
LEFT JOIN belonging AS b ON b.concept = names.concept AND b.space = s.space
ORDER BY names.concept, s.space
