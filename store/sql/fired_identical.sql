-- Every unit where either feature fires; a unit is a token. Parameters: $space_a, $feature_a, $space_b, $feature_b
fired AS (
  SELECT
    coalesce(a.token_index, b.token_index) AS unit,
    coalesce(a.activation, 0)::DOUBLE AS activation_a,
    coalesce(b.activation, 0)::DOUBLE AS activation_b
  FROM (SELECT token_index, activation FROM activations WHERE space = $space_a AND feature = $feature_a) AS a
  FULL JOIN (SELECT token_index, activation FROM activations WHERE space = $space_b AND feature = $feature_b) AS b
    ON a.token_index = b.token_index
)
