-- Token texts with most of a feature's mass. Parameters: $space, $feature
SELECT rank, token, mass_share, n_active FROM feature_tokens WHERE space = $space AND feature = $feature ORDER BY rank
