-- How much of each concept the features of each space hold, in any order. No parameters
SELECT concept, space, feature, mass_share FROM concept_features
