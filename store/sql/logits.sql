-- Output tokens that a feature promotes, then those that it suppresses. Parameters: $space, $feature
SELECT side, rank, token, value::DOUBLE AS value FROM logits WHERE space = $space AND feature = $feature ORDER BY side, rank
