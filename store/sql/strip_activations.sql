-- A feature's activations in some stretches of tokens. Parameters: $space, $feature, $lower and $upper (lists: first token
-- and one past the last of each)
SELECT token_index, activation::DOUBLE AS activation
FROM activations
WHERE space = $space
  AND feature = $feature
  AND token_index IN (
    SELECT unnest(range(lower, upper))::INTEGER
    FROM (SELECT unnest($lower::BIGINT[]) AS lower, unnest($upper::BIGINT[]) AS upper)
  )
ORDER BY token_index
