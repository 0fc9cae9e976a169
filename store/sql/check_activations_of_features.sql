-- The activations of each feature against its row in features.
WITH counted AS (
  SELECT
    space,
    feature,
    count(*) AS n,
    min(activation) AS smallest,
    max(activation) AS largest,
    min(token_index) AS first_token,
    max(token_index) AS last_token
  FROM activations
  GROUP BY space, feature
),
lengths AS (
  SELECT s.space, coalesce(count(t.token_index), 0) AS n_tokens
  FROM spaces AS s LEFT JOIN tokens AS t ON t.model = s.model
  GROUP BY s.space
),
judged AS (
  SELECT
    coalesce(f.space, c.space) || ':' || coalesce(f.feature, c.feature) AS name,
    f.space IS NULL AS is_unknown,
    f.n_active,
    f.max_activation,
    coalesce(c.n, 0) AS n,
    c.* EXCLUDE (space, feature, n),
    l.n_tokens
  FROM features AS f
  FULL JOIN counted AS c ON c.space = f.space AND c.feature = f.feature
  LEFT JOIN lengths AS l ON l.space = c.space
)
SELECT CASE
    WHEN is_unknown THEN 'activations: ' || name || ' is no row of features; ' || n || ' activations'
    WHEN n <> n_active THEN 'features: ' || name || ' says n_active ' || n_active || '; activations holds ' || n
    WHEN smallest <= 0 OR isnan(largest) OR isinf(largest) THEN 'activations: ' || name || ' has a value that is not above 0'
    WHEN first_token < 0 OR last_token >= n_tokens
      THEN 'activations: ' || name || ' fires on token ' || CASE WHEN first_token < 0 THEN first_token ELSE last_token END
        || '; its model has ' || n_tokens
    ELSE 'features: ' || name || ' says max_activation ' || coalesce(max_activation::VARCHAR, 'NULL') || '; activations says '
      || coalesce(largest::VARCHAR, 'NULL')
  END AS problem
FROM judged
WHERE is_unknown OR n <> n_active OR smallest <= 0 OR isnan(largest) OR isinf(largest) OR first_token < 0
  OR last_token >= n_tokens OR largest IS DISTINCT FROM max_activation
