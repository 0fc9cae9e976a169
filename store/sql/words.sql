-- The five token texts with the largest mass of every feature of a space, by number. Parameters: $space
SELECT feature, rank, text_id, mass_share
FROM feature_tokens
WHERE space = $space AND rank <= 5
ORDER BY feature, rank
