-- Where some features of a space of the first tokenizer fire. Parameters: $space, $first, $last, $n_own, $factor and
-- $shift (which latent a feature is), $shared (how much of a latent's sharing is left), $kept (share of its sites)
CREATE OR REPLACE TEMP TABLE batch AS
WITH own AS (
  SELECT *, (latent::BIGINT * $factor + $shift) % $n_own AS feature
  FROM latents
  WHERE latent < $n_own AND feature >= $first AND feature < $last AND u(latent, 0, $space || ' dead') > 0.06
),
rolled AS (
  SELECT
    *,
    CASE WHEN u(latent, site, 'both') < $shared * shared THEN u(latent, site, 'site') ELSE u(latent, site, $space) END AS chance
  FROM own, unnest(range(n_word::BIGINT + n_rest)) AS sites(site)
),
-- Each site is drawn from a stretch of its own, so that no two are one, and they come in order.
on_word AS (
  SELECT
    * EXCLUDE (chance),
    (site * n_found // n_word)::INTEGER AS lower,
    lower + floor(chance * ((site + 1) * n_found // n_word - lower))::INTEGER AS k
  FROM rolled
  WHERE site < n_word
),
elsewhere AS (
  SELECT
    * EXCLUDE (chance, site),
    site - n_word AS own_site,
    own_site * $n_plain // n_rest AS lower,
    lower + floor(chance * ((own_site + 1) * $n_plain // n_rest - lower))::BIGINT AS q,
    word_at(q) AS there
  FROM rolled
  WHERE site >= n_word
),
fired AS (
  SELECT feature, latent, scale, q::BIGINT AS q, word FROM on_word JOIN occurrences USING (word, k)
  UNION ALL
  SELECT feature, latent, scale, q, there FROM elsewhere WHERE there <> word
)
SELECT
  feature::INTEGER AS feature,
  token_of(q) AS token_index,
  (q // 127)::INTEGER AS passage_id,
  word,
  (scale * (0.05 - ln(1 - u(latent, q, 'strength'))) * (0.85 + 0.3 * u(latent, q, $space)))::FLOAT AS activation
FROM fired
WHERE u(latent, q, $space || ' kept') < $kept * (0.7 + 0.3 * u(latent, 0, $space))
ORDER BY feature, token_index;
