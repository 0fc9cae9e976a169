"""Questions that the SQL page offers: each runs on any store, with this store's own names in it."""

from collections.abc import Sequence

from dashboard.links import UnmatchedView
from dashboard.queries import overview, pairs
from dashboard.queries.text import literal
from store.records import Comparison, Space

_ANY = {
    "What is in this store?": "SELECT table_name, n_rows\nFROM contents\nORDER BY n_rows DESC, table_name",
    "What does every column mean?": overview.columns(),
    "How much does each comparison share?": (
        "SELECT comparison, count(*) AS candidates,\n"
        "       count(*) FILTER (mutual_best) AS mutual,\n"
        "       count(*) FILTER (len(reasons) = 0) AS homologues,\n"
        "       median(pearson_context) FILTER (len(reasons) = 0) AS median_context\n"
        "FROM judged_matches()\nGROUP BY comparison\nORDER BY homologues DESC, comparison"
    ),
    "The best pairs without any reason": (
        "SELECT comparison, feature_a, feature_b, top_token_a, top_token_b, pearson, pearson_context, n_both\n"
        "FROM judged_matches()\nWHERE len(reasons) = 0\n"
        "ORDER BY pearson_context DESC, comparison, feature_a, feature_b\nLIMIT 100"
    ),
    "Pairs that agree although their top tokens differ": (
        "SELECT comparison, feature_a, feature_b, top_token_a, top_token_b, pearson, pearson_context\n"
        "FROM judged_matches()\nWHERE mutual_best AND lower(trim(top_token_a)) <> lower(trim(top_token_b))\n"
        "ORDER BY pearson DESC, comparison, feature_a, feature_b\nLIMIT 100"
    ),
    "Why are matches trivial?": (
        "-- One row a reason: a match with two reasons is counted twice\n"
        "SELECT comparison, reason, count(*) AS matches, count(*) FILTER (mutual_best) AS of_them_mutual\n"
        "FROM (SELECT comparison, mutual_best, unnest(reasons) AS reason FROM judged_matches())\n"
        "GROUP BY comparison, reason\nORDER BY comparison, matches DESC, reason"
    ),
    "Stricter thresholds of my own": (
        "-- Every threshold is an argument: rare, dense, special, position, token, single_token, stop_token, hub,\n"
        "-- chance, thin\n"
        "SELECT comparison, feature_a, feature_b, pearson, pearson_context\n"
        "FROM judged_matches(rare := 100, token := 0.5)\nWHERE len(reasons) = 0\n"
        "ORDER BY pearson DESC, comparison, feature_a, feature_b\nLIMIT 100"
    ),
    "Features that fire on one token only": (
        "SELECT space, feature, top_token, top_token_share, n_active\nFROM features\n"
        "WHERE top_token_share >= 0.95 AND n_active >= 30\nORDER BY n_active DESC, space, feature\nLIMIT 100"
    ),
    "Does a better match keep more of its company?": (
        "SELECT comparison, count(*) AS matches, corr(pearson_context, neighbour_overlap) AS correlation\n"
        "FROM matches\nWHERE mutual_best AND neighbour_overlap IS NOT NULL\nGROUP BY comparison\nORDER BY comparison"
    ),
    "Scores beyond chance": (
        "SELECT comparison, metric, parameters, subset, level, value, null_mean, null_q95, q_value\nFROM scores\n"
        "WHERE q_value <= 0.05\nORDER BY comparison, metric, parameters, subset, level\nLIMIT 200"
    ),
}


def general(comparisons: Sequence[Comparison], spaces: Sequence[Space]) -> dict[str, str]:
    """Title -> query."""
    found = dict(_ANY)
    if spaces:
        one = spaces[0]
        found[f"Where does the commonest feature of {one.space} fire?"] = _in_context(one)
    if comparisons:
        first = comparisons[0]
        name = literal(first.comparison)
        found[f"What does {first.space_a} have that {first.space_b} lacks?"] = pairs.unmatched(first, UnmatchedView())
        found[f"What chance looks like in {first.comparison}"] = (
            "SELECT n_active_low, n_active_high, n_features, n_maxima, median, q95, maximum\nFROM match_nulls\n"
            f"WHERE comparison = {name}\nORDER BY n_active_low"
        )
        found[f"Hubs of {first.comparison}"] = (
            "-- Features of B that many features of A have as their best match\n"
            "SELECT c.space_b AS space, feature_b AS feature, any_value(hub_size) AS hub_size\n"
            "FROM matches JOIN comparisons AS c USING (comparison)\n"
            f"WHERE comparison = {name} AND hub_size > 0\nGROUP BY ALL\nORDER BY hub_size DESC, feature\nLIMIT 50"
        )
    return found


def _in_context(space: Space) -> str:
    """The strongest activations of a feature with the words around them."""
    here = literal(space.space)
    return (
        "WITH strongest AS (\n  SELECT * FROM activations\n"
        f"  WHERE space = {here} AND feature = (\n"
        f"    SELECT feature FROM features WHERE space = {here} ORDER BY n_active DESC, feature LIMIT 1\n"
        "  )\n  ORDER BY activation DESC, token_index LIMIT 50\n)\n"
        "SELECT s.space, s.feature, s.activation, here.passage_id,\n"
        "       string_agg(t.text, '' ORDER BY t.token_index) FILTER (t.token_index < s.token_index) AS before,\n"
        "       any_value(here.text) AS token,\n"
        "       string_agg(t.text, '' ORDER BY t.token_index) FILTER (t.token_index > s.token_index) AS after\n"
        f"FROM strongest AS s\nJOIN tokens AS here ON here.model = {literal(space.model)}"
        " AND here.token_index = s.token_index\n"
        "JOIN tokens AS t ON t.model = here.model AND t.passage_id = here.passage_id\n"
        " AND t.token_index BETWEEN s.token_index - 8 AND s.token_index + 8\n"
        "GROUP BY s.space, s.feature, s.activation, s.token_index, here.passage_id\n"
        "ORDER BY s.activation DESC, s.token_index"
    )
