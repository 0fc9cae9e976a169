-- The second model has the tokens of the first. Parameters: $model, $like
INSERT INTO tokens SELECT $model, * EXCLUDE (model) FROM tokens WHERE model = $like;
