SELECT * FROM models ORDER BY model
