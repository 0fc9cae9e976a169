-- What two features do on each text of a unit, by the mass that both put on it. Texts are numbered in their order.
-- Parameters: those of the part `fired`, $model_a, $limit
WITH
-- include: fired
,
chosen AS (
  SELECT * FROM fired
),
-- include: passages
,
-- include: unit_texts
,
by_text AS (
  SELECT
    text_id,
    count(*) FILTER (WHERE activation_a > 0) AS n_a,
    count(*) FILTER (WHERE activation_b > 0) AS n_b,
    count(*) FILTER (WHERE activation_a > 0 AND activation_b > 0) AS n_both,
    sum(activation_a) AS mass_a,
    sum(activation_b) AS mass_b
  FROM spelled
  GROUP BY text_id
),
shares AS (
  SELECT
    *,
    mass_a / nullif(sum(mass_a) OVER (), 0) AS mass_share_a,
    mass_b / nullif(sum(mass_b) OVER (), 0) AS mass_share_b
  FROM by_text
)
SELECT text_id, n_a, n_b, n_both, mass_share_a, mass_share_b
FROM shares
-- Sums of floats differ in their last digits from run to run, which must not change the order of equals.
ORDER BY round(coalesce(mass_share_a, 0) + coalesce(mass_share_b, 0), 9) DESC, text_id
LIMIT $limit
