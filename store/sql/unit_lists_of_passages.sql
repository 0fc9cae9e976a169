-- The same of some passages. Parameters: $alignment, $passages (list)
SELECT passage_id, first_unit, units_a, units_b, text_ids
FROM unit_contexts
WHERE alignment = $alignment AND passage_id IN (SELECT unnest($passages::INTEGER[]))
ORDER BY passage_id
