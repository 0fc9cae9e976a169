-- Units where both, only A or only B fires. Parameters: those of the part `fired`
WITH
-- include: fired
SELECT
  count(*) FILTER (WHERE activation_a > 0 AND activation_b > 0) AS both,
  count(*) FILTER (WHERE activation_b = 0) AS only_a,
  count(*) FILTER (WHERE activation_a = 0) AS only_b
FROM fired
