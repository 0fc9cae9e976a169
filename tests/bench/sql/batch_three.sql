-- Some features of the space of the other tokenizer fire where those of the first space do, mostly.
-- Parameters: $space, $like, $first, $last
CREATE OR REPLACE TEMP TABLE batch AS
SELECT
  feature, l.token_index, l.passage_id, l.word,
  max((activation * (0.6 + 0.8 * u(feature, l.token_index, $space)))::FLOAT) AS activation
FROM (SELECT * FROM activations WHERE space = $like AND feature >= $first AND feature < $last) AS a
JOIN landing AS l ON l.token_a = a.token_index
WHERE u(feature, a.token_index, $space || ' kept') < 0.4 + 0.5 * u(feature, 0, $space)
GROUP BY ALL
ORDER BY feature, token_index;
