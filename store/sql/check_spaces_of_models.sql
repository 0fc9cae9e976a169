-- Each space reads a model.
SELECT 'spaces: ' || space || ' reads ' || model || ', which is no row of models' AS problem
FROM spaces
WHERE model NOT IN (SELECT model FROM models)
