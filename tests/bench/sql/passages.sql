-- Parameters: $model, $first, $last (passages)
INSERT INTO passages
SELECT passage_id, 'synthetic.part' || passage_id // 100 || ':' || passage_id % 100, string_agg(text, '' ORDER BY token_index)
FROM tokens
WHERE model = $model AND NOT is_special AND token_index >= 128 * $first AND token_index < 128 * $last
GROUP BY passage_id
ORDER BY passage_id;
