-- Where some passages come from. Parameters: $passages (list)
SELECT passage_id, source FROM passages WHERE passage_id IN (SELECT unnest($passages::INTEGER[])) ORDER BY passage_id
