-- Mutual best matches that pass and have a feature of the concept on either side, largest context first; none with
-- random directions, as in family_links.sql.
-- Parameters: $concept, $share, $clear (bits of reasons), $min_pearson, $min_context, $min_active, $limit, thresholds
WITH own AS (
  SELECT space, feature, mass_share FROM concept_features WHERE concept = $concept
)
SELECT judged.* EXCLUDE (reason_bits), a.mass_share AS share_a, b.mass_share AS share_b
FROM judged_matches(
  rare := $rare, dense := $dense, special := $special, position := $position, token := $token,
  single_token := $single_token, stop_token := $stop_token, hub := $hub, chance := $chance, thin := $thin
) AS judged
JOIN comparisons AS c ON c.comparison = judged.comparison
JOIN spaces AS sa ON sa.space = c.space_a
JOIN spaces AS sb ON sb.space = c.space_b
LEFT JOIN own AS a ON a.space = c.space_a AND a.feature = judged.feature_a
LEFT JOIN own AS b ON b.space = c.space_b AND b.feature = judged.feature_b
WHERE judged.mutual_best
  AND (judged.reason_bits & $clear) = 0
  AND judged.pearson >= $min_pearson
  AND judged.pearson_context >= $min_context
  AND least(judged.n_active_a, judged.n_active_b) >= $min_active
  AND 'random_sae' NOT IN (sa.kind, sb.kind)
  AND (coalesce(a.mass_share, 0) >= $share OR coalesce(b.mass_share, 0) >= $share)
ORDER BY judged.pearson_context DESC, judged.comparison, judged.feature_a, judged.feature_b
LIMIT $limit
