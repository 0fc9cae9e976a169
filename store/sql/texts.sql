-- Some texts of a model's vocabulary by their numbers. Parameters: $model, $text_ids (list)
SELECT text_id, text, n_tokens
FROM vocabulary
WHERE model = $model AND text_id IN (SELECT unnest($text_ids::INTEGER[]))
ORDER BY text_id
