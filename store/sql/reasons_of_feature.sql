-- What each reason that a feature brings into any match of its own says of its row of `features`, as reasons.sql
rare     n_active < $rare
dense    firing_rate > $dense
special  coalesce(special_share > $special, false)
