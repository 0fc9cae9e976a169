-- The same of some passages. Parameters: $model, $passages (list)
SELECT passage_id, first_token, text_ids
FROM contexts
WHERE model = $model AND passage_id IN (SELECT unnest($passages::INTEGER[]))
ORDER BY passage_id
