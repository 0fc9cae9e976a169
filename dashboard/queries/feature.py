"""The tables of one feature: its best matches, its examples, its activations."""

from dashboard.queries.text import judged, literal
from store.records import Space, Thresholds


def elsewhere(space: str, feature: int, thresholds: Thresholds) -> str:
    """The feature's best match in every comparison that its space is part of."""
    here = literal(space)
    return (
        f"SELECT m.comparison, m.feature_a, m.feature_b, if(c.space_a = {here}, c.space_b, c.space_a) AS other_space,\n"
        f"       if(c.space_a = {here}, m.top_token_b, m.top_token_a) AS other_top_token,\n"
        "       m.pearson, m.pearson_token, m.pearson_context, m.n_both, m.rank_ab, m.rank_ba, m.reasons\n"
        f"FROM {judged(thresholds)} AS m JOIN comparisons AS c USING (comparison)\n"
        f"WHERE (c.space_a = {here} AND m.feature_a = {feature} AND m.rank_ab = 1)\n"
        f"   OR (c.space_b = {here} AND m.feature_b = {feature} AND m.rank_ba = 1)\n"
        "ORDER BY other_space, m.comparison, m.feature_a, m.feature_b"
    )


def examples(space: Space, feature: int, stratum: str) -> str:
    """The tokens that stand for a stratum, with the passages around them."""
    return (
        "SELECT e.space, e.feature, e.stratum, e.rank, e.activation, t.text AS token, t.position, e.passage_id,\n"
        "       p.source, p.text\n"
        "FROM examples AS e JOIN passages AS p USING (passage_id)\n"
        f"JOIN tokens AS t ON t.model = {literal(space.model)} AND t.token_index = e.token_index\n"
        f"WHERE e.space = {literal(space.space)} AND e.feature = {feature} AND e.stratum = {literal(stratum)}\n"
        "ORDER BY e.rank"
    )


def activations(space: Space, feature: int) -> str:
    """Everything that the feature fires on, strongest first."""
    return (
        "SELECT a.space, a.feature, a.activation, t.text AS token, t.position, t.passage_id\n"
        "FROM activations AS a\n"
        f"JOIN tokens AS t ON t.model = {literal(space.model)} AND t.token_index = a.token_index\n"
        f"WHERE a.space = {literal(space.space)} AND a.feature = {feature}\n"
        "ORDER BY a.activation DESC, a.token_index"
    )
