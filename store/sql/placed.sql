-- Where each match of `kept` stands beside a pair. Parameters: $this_a, $this_b, $this_key
  SELECT
    feature_a,
    feature_b,
    coalesce(sort_key, '-inf'::DOUBLE) AS key,
    feature_a = $this_a AND feature_b = $this_b AS is_this,
    key > $this_key OR (key = $this_key AND (feature_a < $this_a OR (feature_a = $this_a AND feature_b < $this_b))) AS is_before
  FROM kept
