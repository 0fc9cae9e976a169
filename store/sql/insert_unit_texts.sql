-- The texts of aligned units in the tokens of A's model, numbered in their order and counted. The unit of each token and its
-- text stay in `unit_spelled` for insert_unit_contexts.sql.
CREATE OR REPLACE TEMP TABLE unit_spelled AS
SELECT u.alignment, u.passage_id, u.unit, string_agg(t.text, '' ORDER BY t.token_index) AS text
FROM (SELECT *, unnest(range(token_a, token_a + n_tokens_a))::INTEGER AS token_index FROM units) AS u
JOIN (
  SELECT DISTINCT c.alignment, s.model FROM comparisons AS c JOIN spaces AS s ON s.space = c.space_a
) AS s ON s.alignment = u.alignment
JOIN tokens AS t ON t.model = s.model AND t.token_index = u.token_index
GROUP BY u.alignment, u.passage_id, u.unit;
INSERT INTO unit_texts
SELECT alignment, (row_number() OVER (PARTITION BY alignment ORDER BY text) - 1)::INTEGER AS text_id, text, count(*) AS n_units
FROM unit_spelled
GROUP BY alignment, text
ORDER BY alignment, text_id
