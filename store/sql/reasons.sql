-- What each reason of a match says of its row of `matches`, one a line, in the order of `reason_names`. Written once, here:
-- the macros, the publisher and the questions are made from it. Names with $ are thresholds.
rare          least_active < $rare
dense         largest_rate > $dense
special       coalesce(largest_special > $special, false)
position      pearson_position > $position * pearson
token         pearson_token > $token * pearson
single_token  coalesce(least_top_share >= $single_token, false)
stop_token    coalesce(both_stop AND least_top_share >= $stop_token, false)
not_mutual    NOT mutual_best
hub           hub_size > $hub
chance        coalesce(q_value > $chance, false)
thin          n_both < $thin
