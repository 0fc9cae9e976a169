-- Matches name a comparison and two features, and their numbers agree with one another.
WITH judged AS (
  SELECT
    m.*,
    c.comparison IS NULL AS no_comparison,
    a.feature IS NULL OR b.feature IS NULL AS no_feature,
    c.alignment = 'identical' AND n_both + n_a_only > a.n_active AS too_many_a,
    c.alignment = 'identical' AND n_both + n_b_only > b.n_active AS too_many_b,
    n_both < 0 OR n_a_only < 0 OR n_b_only < 0 OR n_both + n_a_only + n_b_only > c.n_units AS no_counts,
    abs(pearson) > 1.000001 OR abs(pearson_context - (pearson - pearson_token)) > 0.000001 OR isnan(pearson) AS no_pearson,
    abs(jaccard * (n_both + n_a_only + n_b_only) - n_both) > 0.5 AS no_jaccard,
    mutual_best AND (rank_ab IS DISTINCT FROM 1 OR rank_ba IS DISTINCT FROM 1) AS no_mutual,
    NOT coalesce(p_value, 0) BETWEEN 0 AND 1 OR NOT coalesce(q_value, 0) BETWEEN 0 AND 1 AS no_probability,
    NOT coalesce(neighbour_overlap, 0) BETWEEN 0 AND 1 OR NOT coalesce(neighbour_rbo, 0) BETWEEN -0.000001 AND 1.000001
      AS no_overlap,
    a.n_active AS n_active_a,
    b.n_active AS n_active_b
  FROM matches AS m
  LEFT JOIN comparisons AS c ON c.comparison = m.comparison
  LEFT JOIN features AS a ON a.space = c.space_a AND a.feature = m.feature_a
  LEFT JOIN features AS b ON b.space = c.space_b AND b.feature = m.feature_b
)
SELECT 'matches: ' || comparison || ' ' || feature_a || ' ' || feature_b || CASE
    WHEN no_comparison THEN ' is of no row of comparisons'
    WHEN no_feature THEN ' is of no row of features'
    WHEN too_many_a THEN ' says A fires on ' || n_both + n_a_only || ' units; features says n_active ' || n_active_a
    WHEN too_many_b THEN ' says B fires on ' || n_both + n_b_only || ' units; features says n_active ' || n_active_b
    WHEN no_counts THEN ' counts ' || n_both || ', ' || n_a_only || ', ' || n_b_only || ' units, which cannot be'
    WHEN no_pearson THEN ' has pearson ' || pearson || ', token ' || pearson_token || ', context ' || pearson_context
    WHEN no_jaccard THEN ' has jaccard ' || jaccard || ', which its counts do not give'
    WHEN no_mutual THEN ' is mutual_best without being first on both sides'
    WHEN no_probability THEN ' has a p_value or q_value outside 0 to 1'
    ELSE ' keeps a share of its neighbours outside 0 to 1' END AS problem
FROM judged
WHERE no_comparison OR no_feature OR too_many_a OR too_many_b OR no_counts OR no_pearson OR no_jaccard OR no_mutual
  OR no_probability OR no_overlap
