-- The texts of a model's tokens, by their numbers. Parameters: $whose
SELECT text, n_tokens FROM vocabulary WHERE model = $whose ORDER BY text_id
