-- The features of a space that fire, with the bits of their own reasons. Parameters: $space, $rare, $dense, $special
SELECT
  feature,
  n_active,
  coalesce(n_active * mean_activation, 'nan'::DOUBLE) AS mass,
  coalesce(token_entropy_bits, 'nan'::DOUBLE) AS token_entropy_bits,
-- include: feature_bits
  AS reason_bits
FROM features
WHERE space = $space AND n_active > 0
ORDER BY feature
