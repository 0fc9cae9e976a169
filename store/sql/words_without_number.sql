-- Of the five token texts with the largest mass of every feature of a space, those that stand in no passage.
-- Parameters: $space
SELECT feature, rank, token
FROM feature_tokens
WHERE space = $space AND rank <= 5 AND text_id IS NULL
ORDER BY feature, rank
