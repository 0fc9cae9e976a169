-- One feature's statistics. Parameters: $space, $feature
SELECT * FROM features WHERE space = $space AND feature = $feature ORDER BY feature
