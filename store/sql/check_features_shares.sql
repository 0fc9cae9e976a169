-- Shares lie in 0 to 1, and the firing rate is n_active over the model's tokens that are not special.
WITH plain AS (
  SELECT s.space, count(t.token_index) AS n
  FROM spaces AS s LEFT JOIN tokens AS t ON t.model = s.model AND NOT t.is_special
  GROUP BY s.space
)
SELECT 'features: ' || f.space || ':' || f.feature || CASE
    WHEN NOT f.firing_rate BETWEEN 0 AND 1 OR abs(f.firing_rate * p.n - f.n_active) > 0.5
      THEN ' says firing_rate ' || f.firing_rate || '; it fires on ' || f.n_active || ' of ' || p.n || ' tokens'
    ELSE ' has a share outside 0 to 1' END AS problem
FROM features AS f
JOIN plain AS p ON p.space = f.space
WHERE NOT f.firing_rate BETWEEN 0 AND 1 OR abs(f.firing_rate * p.n - f.n_active) > 0.5
  OR NOT coalesce(f.top_token_share, 0) BETWEEN 0 AND 1.000001 OR NOT coalesce(f.special_share, 0) BETWEEN 0 AND 1.000001
