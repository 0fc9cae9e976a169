-- The features that have some texts among their own twenty strongest, in any order.
-- Parameters: $spaces (list of all), $text_ids (list)
SELECT
  (list_position($spaces::VARCHAR[], space) - 1)::INTEGER AS place,
  feature,
  rank,
  text_id,
  mass_share,
  n_active
FROM feature_tokens
WHERE text_id IN (SELECT unnest($text_ids::INTEGER[]))
