-- The texts of a model's tokens, by their numbers. Parameters: $model
SELECT text FROM vocabulary WHERE model = $model ORDER BY text_id
