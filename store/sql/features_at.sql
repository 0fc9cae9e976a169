-- What the list of unmatched features says of some. Parameters: $space, $features (list)
SELECT feature, firing_rate, max_activation, label
FROM features
WHERE space = $space AND feature IN (SELECT unnest($features::INTEGER[]))
ORDER BY feature
