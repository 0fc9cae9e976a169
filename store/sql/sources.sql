-- Where the passages come from. No parameters
SELECT passage_id, source FROM passages ORDER BY passage_id
