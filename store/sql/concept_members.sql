-- The features of a concept, up to some of each space, largest share first. Parameters: $concept, $share, $limit
WITH places AS (
  SELECT *, row_number() OVER (PARTITION BY space ORDER BY mass_share DESC, feature) AS place
  FROM concept_features
  WHERE concept = $concept AND mass_share >= $share
)
SELECT p.space, p.feature, p.mass_share, p.n_active, f.n_active AS n_active_all
FROM places AS p
JOIN features AS f ON f.space = p.space AND f.feature = p.feature
WHERE p.place <= $limit
ORDER BY p.space, p.place
