-- Everything that the store says about some features, from where they fire. Parameters: $space, $first, $last, $n_tokens
INSERT INTO activations SELECT $space, feature, token_index, activation FROM batch;

CREATE OR REPLACE TEMP TABLE by_token AS
SELECT feature, word, sum(activation::DOUBLE) AS mass, count(*)::INTEGER AS n, mass / sum(mass) OVER (PARTITION BY feature) AS share
FROM batch GROUP BY feature, word;

CREATE OR REPLACE TEMP TABLE strongest AS
SELECT feature, rank, text, share, n
FROM (SELECT *, row_number() OVER (PARTITION BY feature ORDER BY mass DESC, word)::INTEGER AS rank FROM by_token QUALIFY rank <= 20)
JOIN words USING (word)
ORDER BY feature, rank;

INSERT INTO features
WITH fired AS (
  SELECT feature, count(*)::INTEGER AS n, max(activation) AS largest, avg(activation::DOUBLE) AS average FROM batch GROUP BY feature
),
spread AS (
  SELECT feature, greatest(0, -sum(share * log2(share))) AS bits FROM by_token GROUP BY feature
)
SELECT
  $space, f.feature, coalesce(fired.n, 0), coalesce(fired.n, 0) / $n_tokens, largest, average, s.text, s.share, bits,
  CASE WHEN fired.n IS NOT NULL THEN pow(u(f.feature, 0, 'special'), 20) END,
  0.5 + u(f.feature, 0, 'norm'),
  CASE WHEN f.feature % 100 = 7 THEN 'about ' || trim(s.text) END
FROM (SELECT unnest(range($first, $last))::INTEGER AS feature) AS f
LEFT JOIN fired ON fired.feature = f.feature
LEFT JOIN spread ON spread.feature = f.feature
LEFT JOIN strongest AS s ON s.feature = f.feature AND s.rank = 1
ORDER BY f.feature;

-- For the schema's own statement to insert, once the space is known.
INSERT INTO strongest_tokens
SELECT $space AS space, feature, rank, text AS token, share AS mass_share, n AS n_active FROM strongest;

INSERT INTO examples
WITH fifths AS (
  SELECT *, greatest(1, least(5, ceil(5 * activation / max(activation) OVER (PARTITION BY feature))))::INTEGER AS fifth FROM batch
),
-- One row holds what an example is.
chosen AS (
  SELECT
    feature,
    max_by({t: token_index, p: passage_id, a: activation}, activation, 20) AS top,
    max_by({t: token_index, p: passage_id, a: activation}, hash(token_index), 10) AS random,
    max_by({t: token_index, p: passage_id, a: activation}, hash(token_index), 5) FILTER (fifth = 1) AS q1,
    max_by({t: token_index, p: passage_id, a: activation}, hash(token_index), 5) FILTER (fifth = 2) AS q2,
    max_by({t: token_index, p: passage_id, a: activation}, hash(token_index), 5) FILTER (fifth = 3) AS q3,
    max_by({t: token_index, p: passage_id, a: activation}, hash(token_index), 5) FILTER (fifth = 4) AS q4,
    max_by({t: token_index, p: passage_id, a: activation}, hash(token_index), 5) FILTER (fifth = 5) AS q5
  FROM fifths
  GROUP BY feature
),
listed AS (
  UNPIVOT chosen ON top, random, q1, q2, q3, q4, q5 INTO NAME stratum VALUE rows
),
ranked AS (
  SELECT feature, stratum, unnest(range(1, len(rows) + 1))::INTEGER AS rank, unnest(rows) AS one FROM listed
)
SELECT $space, feature, stratum, rank, one.t, one.p, one.a FROM ranked ORDER BY feature, stratum, rank;

INSERT INTO histograms
WITH largest AS (
  SELECT feature, max(activation)::DOUBLE AS largest FROM batch GROUP BY feature
),
counted AS (
  SELECT feature, greatest(0, least(49, ceil(50 * activation / largest) - 1))::INTEGER AS bin, count(*)::INTEGER AS n
  FROM batch JOIN largest USING (feature)
  GROUP BY ALL
)
SELECT $space, l.feature, b.bin, largest * b.bin / 50, largest * (b.bin + 1) / 50, coalesce(n, 0)
FROM largest AS l
CROSS JOIN (SELECT unnest(range(50))::INTEGER AS bin) AS b
LEFT JOIN counted AS c ON c.feature = l.feature AND c.bin = b.bin
ORDER BY l.feature, b.bin;

-- Materialized, or the word would be looked up by trying every one.
INSERT INTO logits
WITH places AS MATERIALIZED (
  SELECT feature, side, sign, rank, zipf(u(feature, rank, side), $n_words) AS word
  FROM (SELECT unnest(range($first, $last))::INTEGER AS feature)
  CROSS JOIN (VALUES ('promoted', 1), ('suppressed', -1)) AS sides(side, sign)
  CROSS JOIN (SELECT unnest(range(1, 11))::INTEGER AS rank)
)
SELECT $space, feature, side, rank, text, (sign * (0.2 + u(feature, 0, side)) / sqrt(rank))::FLOAT
FROM places JOIN words USING (word)
ORDER BY feature, side, rank;
