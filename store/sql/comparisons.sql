SELECT * FROM comparisons ORDER BY comparison
