-- Where the tokens of a model begin in their table. Parameters: $model
SELECT rowid AS row FROM tokens WHERE model = $model AND token_index = 0 ORDER BY rowid
