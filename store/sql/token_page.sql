-- The texts with most of both features' mass. Parameters: $limit
shares AS (
  SELECT
    *,
    mass_a / nullif(sum(mass_a) OVER (), 0) AS mass_share_a,
    mass_b / nullif(sum(mass_b) OVER (), 0) AS mass_share_b,
    -- Sums of floats differ in their last digits from run to run, which must not change the order of equals.
    round(coalesce(mass_share_a, 0) + coalesce(mass_share_b, 0), 9) AS weight
  FROM by_text
),
page AS (
  SELECT * FROM shares ORDER BY weight DESC, token LIMIT $limit
)
