-- Logits belong to features.
SELECT 'logits: ' || l.space || ':' || l.feature || ' ' || l.side || ' ' || l.rank || ' is of no row of features' AS problem
FROM logits AS l
ANTI JOIN features AS f ON f.space = l.space AND f.feature = l.feature
