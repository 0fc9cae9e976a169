-- Eight lists of words, and the features that fire on them.
INSERT INTO concepts
SELECT concept, lower(trim(text)), n_found
FROM (SELECT unnest(['animal', 'colour', 'emotion', 'food', 'money', 'number', 'place', 'time']) AS concept, unnest(range(8)) AS place)
JOIN words ON word >= 40 AND word < 600 AND word % 24 = place
JOIN frequencies USING (word)
ORDER BY ALL;

INSERT INTO concept_features
SELECT concept, space, feature, sum(mass_share), sum(n_active)::INTEGER
FROM feature_tokens JOIN concepts ON lower(trim(token)) = keyword
GROUP BY ALL
HAVING sum(mass_share) > 0.01
ORDER BY space, concept, feature;
