-- The passages of `chosen` units, which know them
placed AS (
  SELECT * FROM chosen
)
