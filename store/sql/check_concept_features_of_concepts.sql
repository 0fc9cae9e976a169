-- A concept's features: concept and feature exist, shares are shares, and it fires there no more often than in all
SELECT
  'concept_features: ' || m.concept || ', ' || m.space || ':' || m.feature || ' '
  || CASE
    WHEN c.concept IS NULL THEN 'belongs to a concept without keywords'
    WHEN f.feature IS NULL THEN 'is no feature of the store'
    WHEN m.n_active > f.n_active THEN 'fires on ' || m.n_active || ' tokens of it, and on ' || f.n_active || ' in all'
    ELSE 'has a share of ' || m.mass_share
  END AS problem
FROM concept_features AS m
LEFT JOIN (SELECT DISTINCT concept FROM concepts) AS c ON c.concept = m.concept
LEFT JOIN features AS f ON f.space = m.space AND f.feature = m.feature
WHERE c.concept IS NULL OR f.feature IS NULL OR m.n_active > f.n_active OR NOT m.mass_share BETWEEN 0 AND 1
