-- Where a feature fires. Parameters: $space, $feature
SELECT token_index, activation FROM activations WHERE space = $space AND feature = $feature ORDER BY token_index
