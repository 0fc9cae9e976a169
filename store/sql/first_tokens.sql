-- The passages of a model and the first token of each, in order. Parameters: $model
SELECT passage_id, first_token FROM contexts WHERE model = $model ORDER BY passage_id
