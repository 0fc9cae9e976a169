-- The reasons why a match may be trivial, in one place. The publisher puts these macros into the
-- database, so that the pages, visitors and the duckdb shell all judge alike:
--     SELECT * FROM judged_matches(rare := 50, token := 0.9) WHERE comparison = 'p70~p160' AND len(reasons) = 0
-- Bit i of `reason_bits` is the i-th reason: filters test the integer, names are made only for rows that are shown.

-- White space and punctuation alone (ranges of characters: classes such as \pP take longer to compile than a question
-- takes to answer), or an English function word.
CREATE OR REPLACE MACRO is_stop_token(text) AS (
  regexp_full_match(
    text,
    '[\x00-/:-@\[-`{-\x{A9}\x{AB}-\x{B1}\x{B4}\x{B6}-\x{B8}\x{BB}\x{BF}×÷\x{2000}-\x{206F}\x{20A0}-\x{20CF}\x{2190}-\x{22FF}\x{3000}-\x{3004}\x{3008}-\x{3020}\x{FE00}-\x{FE6F}\x{FEFF}-\x{FF0F}\x{FF1A}-\x{FF20}]*'
  )
  OR contains(
    ' a about above after again against all also am an and any are as at be because been before being '
    || 'below between both but by can could did do does doing down during each either else ever every few '
    || 'for from further had has have having he her here hers herself him himself his how however i if in '
    || 'into is it its itself just may me might more most must my myself neither no nor not now of off on '
    || 'once only onto or other our ours ourselves out over own per same shall she should since so some such '
    || 'than that the their theirs them themselves then there these they this those though through thus to '
    || 'too under unless until up upon us very via was we were what when where whether which while who whom '
    || 'whose why will with within without would yet you your yours yourself yourselves ',
    ' ' || lower(trim(text)) || ' '
  )
);

CREATE OR REPLACE MACRO reason_names(bits) AS list_filter(
  [
    'rare', 'dense', 'special', 'position', 'token', 'single_token', 'stop_token', 'not_mutual', 'hub', 'chance', 'thin'
  ],
  lambda name, place: (bits >> (place - 1)::INTEGER) & 1 = 1
);

-- Every feature with the reasons that it brings into any match of its own, whatever it is matched with.
CREATE OR REPLACE MACRO judged_features(rare := 30, dense := 0.10, special := 0.5) AS TABLE
WITH judged AS (
  SELECT
    *,
-- include: named_feature_bits
    AS reason_bits
  FROM features
)
SELECT *, reason_names(reason_bits) AS reasons FROM judged;

-- `stop_token` asks for a share of the activation too, on purpose: a feature that fires on any word of some passages has
-- a function word as its top token as well, with the few per cent of that word's frequency, and is not about it.
-- 0 gives the literal rule, both top tokens from the list.
CREATE OR REPLACE MACRO judged_matches(
  rare := 30, dense := 0.10, special := 0.5, position := 0.5, token := 0.8, single_token := 0.8, stop_token := 0.2,
  hub := 3, chance := 0.05, thin := 10
) AS TABLE
WITH judged AS (
  SELECT
    m.* EXCLUDE (least_active, largest_rate, largest_special, least_top_share, both_stop, reason_bits),
    a.top_token AS top_token_a,
    b.top_token AS top_token_b,
    a.n_active AS n_active_a,
    b.n_active AS n_active_b,
    a.firing_rate AS firing_rate_a,
    b.firing_rate AS firing_rate_b,
    a.special_share AS special_share_a,
    b.special_share AS special_share_b,
    a.top_token_share AS top_token_share_a,
    b.top_token_share AS top_token_share_b,
-- include: named_bits
    AS reason_bits
  FROM matches AS m
  JOIN comparisons AS c ON c.comparison = m.comparison
  JOIN features AS a ON a.space = c.space_a AND a.feature = m.feature_a
  JOIN features AS b ON b.space = c.space_b AND b.feature = m.feature_b
)
SELECT *, reason_names(reason_bits) AS reasons FROM judged;
