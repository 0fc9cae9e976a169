-- A feature's histogram, from the weakest bin. Parameters: $space, $feature
SELECT lower, upper, count FROM histograms WHERE space = $space AND feature = $feature ORDER BY bin
