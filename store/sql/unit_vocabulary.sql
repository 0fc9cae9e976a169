-- The texts of an alignment's units, by their numbers. Parameters: $whose
SELECT text, n_units AS n_tokens FROM unit_texts WHERE alignment = $whose ORDER BY text_id
