-- Where a feature fires, in any order. Parameters: $space, $feature
SELECT token_index, activation FROM activations WHERE space = $space AND feature = $feature
