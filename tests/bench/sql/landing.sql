-- Where each token of the first model lies in the other tokenizer. Parameters: $model
CREATE TEMP TABLE landing AS
WITH places AS MATERIALIZED (
  SELECT unnest(range(token_a, token_a + n_tokens_a))::INTEGER AS token_a, token_b + n_tokens_b - 1 AS token_index FROM units
)
SELECT token_a, token_index, passage_id, token_id AS word
FROM places JOIN (SELECT token_index, passage_id, token_id FROM tokens WHERE model = $model) USING (token_index);
