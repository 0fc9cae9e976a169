-- The keywords of every concept, most frequent first. No parameters
SELECT concept, keyword, n_found FROM concepts ORDER BY concept, n_found DESC, keyword
