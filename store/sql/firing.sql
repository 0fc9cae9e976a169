-- Which features have a text among their own twenty strongest, by text; only of some texts where these are bound.
-- Parameters: $space, $text_ids (list)
SELECT
  text_id,
  feature,
  rank,
  mass_share,
  n_active
FROM feature_tokens
WHERE space = $space
  AND text_id IS NOT NULL
  AND text_id IN (SELECT unnest($text_ids::INTEGER[])) -- if: text_ids
ORDER BY text_id, rank, feature
