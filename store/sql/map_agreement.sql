-- Whether two spaces lie alike. Parameters: $comparison
SELECT * FROM map_agreement WHERE comparison = $comparison ORDER BY method, measure
