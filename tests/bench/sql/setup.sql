-- What the recipe rests on: chance from hashes, so that the same recipe gives the same rows; a text by Zipf's law; and
-- for each feature how often it fires, on which word, and how much of that the other model shares.
-- A passage is a special token and 127 words; plain word q of the text is word 1 + q % 127 of passage q // 127.
CREATE TEMP MACRO u(a, b, what) AS (hash(a::BIGINT, b::BIGINT, what) >> 11)::DOUBLE / 9007199254740992;
CREATE TEMP MACRO zipf(chance, n) AS least(n - 1, floor(pow(n + 3, chance) * pow(3, 1 - chance) - 3))::INTEGER;
CREATE TEMP MACRO word_at(q) AS zipf(u(q, 0, 'text'), $n_words);
CREATE TEMP MACRO token_of(q) AS (q + q // 127 + 1)::INTEGER;
CREATE TEMP MACRO plain_of(token) AS token - token // 128 - 1;
CREATE TEMP MACRO normal(a, what) AS sqrt(-2 * ln(1 - u(a, 1, what))) * cos(2 * pi() * u(a, 2, what));

-- Some stop words and marks, then words of two or three syllables, most with a space before them.
CREATE TEMP TABLE words AS
WITH syllables AS (
  SELECT list(c || v ORDER BY c, v) AS parts
  FROM unnest(string_split('b d f g k l m n p r s t v z', ' ')) AS consonants(c), unnest(string_split('a e i o u', ' ')) AS vowels(v)
),
listed AS (
  SELECT [',', '.', ' the', ' of', ' and', chr(10), ' to', ' in', ' a', '(', ')', ' is', ' for', '=', ':', ' that', ' with',
    ' as', '"', ' it'] AS texts
)
SELECT
  word::INTEGER AS word,
  CASE WHEN word < 20 THEN texts[word + 1]
    ELSE CASE WHEN word % 5 > 0 THEN ' ' ELSE '' END
      || CASE WHEN word >= 4900 THEN parts[1 + word // 4900] ELSE '' END
      || parts[1 + word % 70] || parts[1 + word // 70 % 70]
  END AS text
FROM range($n_words::BIGINT) AS numbers(word), syllables, listed;

-- Where each word stands: its k-th occurrence.
CREATE TEMP TABLE occurrences AS
SELECT word, (row_number() OVER (PARTITION BY word ORDER BY q) - 1)::INTEGER AS k, q
FROM (SELECT q::INTEGER AS q, word_at(q) AS word FROM range($n_plain::BIGINT) AS places(q));
CREATE TEMP TABLE frequencies AS SELECT word, count(*)::INTEGER AS n_found FROM occurrences GROUP BY word;

-- What both models may have learned: a log-normal number of sites, a few nearly everywhere, and a word that some, much or
-- hardly any of it is about.
CREATE TEMP TABLE latents AS
WITH drawn AS (
  SELECT
    latent,
    exp(2 * normal(latent, 'weight')) AS weight,
    zipf(u(latent, 0, 'word'), $n_words) AS word,
    CASE latent % 4 WHEN 0 THEN 0.04 WHEN 1 THEN 0.15 + 0.4 * u(latent, 0, 'share') WHEN 2 THEN 0.5 ELSE 0.97 END AS share,
    pow(u(latent, 0, 'shared'), 0.7) AS shared,
    0.5 + 12 * u(latent, 0, 'scale') AS scale
  FROM range($n_features::BIGINT) AS numbers(latent)
),
sized AS (
  SELECT
    *,
    CASE WHEN latent % 4096 = 17 THEN 0.16 * $n_plain
      ELSE least(0.09 * $n_plain, 1.03 * $n_active * weight / sum(weight) FILTER (latent % 4096 <> 17) OVER ())
    END AS n
  FROM drawn
)
SELECT
  latent::INTEGER AS latent,
  word,
  shared,
  scale,
  greatest(1, least(share * n, 0.9 * n_found))::INTEGER AS n_word,
  greatest(1, n - n_word)::INTEGER AS n_rest,
  n_found
FROM sized JOIN frequencies USING (word);

CREATE TEMP TABLE strongest_tokens (
  space VARCHAR, feature INTEGER, rank INTEGER, token VARCHAR, mass_share DOUBLE, n_active INTEGER
);
CREATE TEMP TABLE pieces (token_index INTEGER, passage_id INTEGER, position INTEGER, text VARCHAR, char_start INTEGER);
