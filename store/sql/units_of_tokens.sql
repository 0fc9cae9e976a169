-- The units of the tokens of some passages. Parameters: $alignment, $passages (list)
SELECT passage_id, first_unit, units_a, units_b
FROM unit_contexts
WHERE alignment = $alignment AND passage_id IN (SELECT unnest($passages::INTEGER[]))
ORDER BY passage_id
