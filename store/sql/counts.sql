SELECT table_name, n_rows FROM contents ORDER BY table_name
