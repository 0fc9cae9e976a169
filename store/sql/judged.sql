-- The columns of a match with its reasons as bits. Parameters: the thresholds that were moved
* EXCLUDE (least_active, largest_rate, largest_special, least_top_share, both_stop) REPLACE ($bits AS reason_bits)
