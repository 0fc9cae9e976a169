-- Tokens of the model with a tokenizer of its own; texts that are no word yet are numbered after the words.
-- Parameters: $model
INSERT INTO words
SELECT (SELECT max(word) FROM words) + row_number() OVER (ORDER BY text), text
FROM (SELECT DISTINCT text FROM pieces ANTI JOIN words USING (text));
INSERT INTO tokens
SELECT $model, token_index, passage_id, position, word, pieces.text, char_start, char_start + length(pieces.text), false
FROM pieces JOIN words USING (text)
ORDER BY token_index;
