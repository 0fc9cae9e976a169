-- The tokens of all passages by the numbers of their texts. Parameters: $model
SELECT passage_id, first_token, text_ids FROM contexts WHERE model = $model ORDER BY passage_id
