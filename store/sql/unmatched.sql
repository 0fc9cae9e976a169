-- One page of unmatched features. Parameters: those of unmatched_flagged.sql, $clear, $sort, $limit, $offset
WITH
-- include: unmatched_flagged
SELECT
  space,
  feature,
  n_active,
  firing_rate,
  max_activation,
  mass,
  token_entropy_bits,
  label,
  partner,
  pearson,
  n_units_a,
  flags & 7 AS reason_bits
FROM flagged
WHERE (flags & $clear) = 0
ORDER BY
  CASE $sort WHEN 'mass' THEN mass WHEN 'n_active' THEN n_active WHEN 'token_entropy_bits' THEN token_entropy_bits END
    DESC NULLS LAST,
  feature
LIMIT $limit OFFSET $offset
