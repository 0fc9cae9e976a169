-- The features of each space that put most of their activation on some texts, by their own twenty strongest token texts.
-- Parameters: $spaces and $text_ids (lists of one length), $limit (features a space)
WITH hits AS (
  SELECT
    space,
    feature,
    list(text_id ORDER BY rank) AS text_ids,
    sum(mass_share) AS mass_share,
    sum(n_active) AS n_active
  FROM feature_tokens
  JOIN (SELECT unnest($spaces::VARCHAR[]) AS space, unnest($text_ids::INTEGER[]) AS text_id) AS asked USING (space, text_id)
  GROUP BY space, feature
),
places AS (
  SELECT
    *,
    -- Sums of floats differ in their last digits from run to run, which must not change the order of equals.
    row_number() OVER (PARTITION BY space ORDER BY round(mass_share, 9) DESC, n_active DESC, feature) AS place,
    count(*) OVER (PARTITION BY space) AS n_hits
  FROM hits
)
SELECT space, feature, n_hits::BIGINT AS n_hits, text_ids, mass_share, n_active::BIGINT AS n_active
FROM places
WHERE place <= $limit
ORDER BY space, place
