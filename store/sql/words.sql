-- The five token texts with the largest mass of each of some features of a space, by number. Parameters: $space, $features
-- (list). A space at a time: a join on the names of spaces takes five times as long.
SELECT space, feature, rank, text_id, mass_share
FROM feature_tokens
WHERE space = $space AND rank <= 5 AND feature IN (SELECT unnest($features::INTEGER[]))
ORDER BY feature, rank
