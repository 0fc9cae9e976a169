-- The reasons why a match may be trivial, in one place (METHODS, section 5). The publisher puts these macros into the
-- database, so that the pages, visitors and the duckdb shell all judge alike:
--     SELECT * FROM judged_matches(rare := 50, token := 0.9) WHERE comparison = 'p70~p160' AND len(reasons) = 0
-- Bit i of `reason_bits` is the i-th reason: filters test the integer, names are made only for rows that are shown.

-- White space and punctuation alone, or an English function word. Plain string functions: a list of words or a pattern
-- with Unicode classes took longer to plan or to compile than the whole question took to answer.
CREATE OR REPLACE MACRO is_stop_token(text) AS (
  trim(
    text,
    E' \t\n\r\f\b!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~¡¢£¤¥¦§¨«¬¯°±´¶·¸»¿×÷‐‑‒–—―‖‘’‚“”„†‡•…‰′″‹›€−、。「」『』【】！，．：；？（）'
    || chr(11) || chr(160) || chr(8203) || chr(8204) || chr(8205) || chr(8206) || chr(8207) || chr(8232) || chr(8233)
    || chr(8239) || chr(8288) || chr(12288) || chr(65279)
  ) = ''
  OR contains(
    ' a about above after again against all also am an and any are as at be because been before being '
    || 'below between both but by can could did do does doing down during each either else ever every few '
    || 'for from further had has have having he her here hers herself him himself his how however i if in '
    || 'into is it its itself just may me might more most must my myself neither no nor not now of off on '
    || 'once only onto or other our ours ourselves out over own per same shall she should since so some such '
    || 'than that the their theirs them themselves then there these they this those though through thus to '
    || 'too under unless until up upon us very via was we were what when where whether which while who whom '
    || 'whose why will with within without would yet you your yours yourself yourselves ',
    ' ' || lower(trim(text, E' \t\n\r')) || ' '
  )
);

CREATE OR REPLACE MACRO reason_names(bits) AS list_filter(
  [
    'rare', 'dense', 'special', 'position', 'token', 'single_token', 'stop_token', 'not_mutual', 'hub', 'chance', 'thin'
  ],
  lambda name, place: (bits >> (place - 1)::INTEGER) & 1 = 1
);

CREATE OR REPLACE MACRO judged_matches(
  rare := 30, dense := 0.10, special := 0.5, position := 0.5, token := 0.8, single_token := 0.8, hub := 3,
  chance := 0.05, thin := 10
) AS TABLE
WITH judged AS (
  SELECT
    m.*,
    a.top_token AS top_token_a,
    b.top_token AS top_token_b,
    a.n_active AS n_active_a,
    b.n_active AS n_active_b,
    (least(a.n_active, b.n_active) < rare)::INTEGER
    + 2 * (greatest(a.firing_rate, b.firing_rate) > dense)::INTEGER
    -- greatest() skips NULL; what is unknown on both sides is no reason.
    + 4 * coalesce(greatest(a.special_share, b.special_share) > special, false)::INTEGER
    + 8 * (m.pearson_position > position * m.pearson)::INTEGER
    + 16 * (m.pearson_token > token * m.pearson)::INTEGER
    + 32 * coalesce(a.top_token_share >= single_token AND b.top_token_share >= single_token, false)::INTEGER
    + 64 * (a.stop AND b.stop)::INTEGER
    + 128 * (NOT m.mutual_best)::INTEGER
    + 256 * (m.hub_size > hub)::INTEGER
    + 512 * coalesce(m.q_value > chance, false)::INTEGER
    + 1024 * (m.n_both < thin)::INTEGER AS reason_bits
  FROM matches AS m
  JOIN comparisons AS c ON c.comparison = m.comparison
  JOIN (SELECT *, coalesce(is_stop_token(top_token), false) AS stop FROM features) AS a
    ON a.space = c.space_a AND a.feature = m.feature_a
  JOIN (SELECT *, coalesce(is_stop_token(top_token), false) AS stop FROM features) AS b
    ON b.space = c.space_b AND b.feature = m.feature_b
)
SELECT *, reason_names(reason_bits) AS reasons FROM judged;
