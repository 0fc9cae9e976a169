-- Some texts of an alignment's units by their numbers. Parameters: $alignment, $text_ids (list)
SELECT text_id, text, n_units AS n_tokens
FROM unit_texts
WHERE alignment = $alignment AND text_id IN (SELECT unnest($text_ids::INTEGER[]))
ORDER BY text_id
