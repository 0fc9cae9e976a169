-- How much of a concept the features of a space hold, those that hold any. Parameters: $concept, $space
SELECT feature, mass_share FROM concept_features WHERE concept = $concept AND space = $space ORDER BY feature
