-- The units of all passages: of each token of both models, and the texts of the units. Parameters: $alignment
SELECT passage_id, first_unit, units_a, units_b, text_ids FROM unit_contexts WHERE alignment = $alignment ORDER BY passage_id
