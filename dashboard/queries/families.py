"""The tables of Families: the whole list, and one family's pairs."""

from dashboard.queries.text import judged, literal, passing, where
from store.records import Family, PairFilter

NO_RANDOM = "NOT EXISTS (FROM spaces WHERE kind = 'random_sae' AND space IN (c.space_a, c.space_b))"
"""Random directions share with any space, so a match with them says nothing."""


def families(filter: PairFilter, min_spaces: int) -> str:
    """The list: the matches that pass, followed from feature to feature."""
    return (
        "WITH RECURSIVE links AS (\n"
        "  SELECT {'space': c.space_a, 'feature': feature_a} AS a, {'space': c.space_b, 'feature': feature_b} AS b,\n"
        "         pearson_context\n"
        f"  FROM {judged(filter.thresholds)} JOIN comparisons AS c USING (comparison)\n"
        f"{where([NO_RANDOM, *passing(filter)], '  ')}\n"
        "),\n"
        "steps AS (SELECT a AS here, b AS there FROM links UNION SELECT b, a FROM links),\n"
        "reached AS (\n"
        "  SELECT here AS member, here AS other FROM steps\n"
        "  UNION SELECT r.member, s.there FROM reached AS r JOIN steps AS s ON s.here = r.other\n"
        "),\n"
        "members AS (SELECT member, min(other) AS family FROM reached GROUP BY member),\n"
        "words AS (\n"
        "  SELECT family, token, round(sum(mass_share), 9) AS mass\n"
        "  FROM members JOIN feature_tokens AS t ON t.space = member.space AND t.feature = member.feature\n"
        "  WHERE rank <= 5\n  GROUP BY family, token\n"
        ")\n"
        "SELECT family.space || ':' || family.feature AS family,\n"
        "       (SELECT list(token ORDER BY mass DESC, token)[:5] FROM words\n"
        "        WHERE words.family = members.family) AS tokens,\n"
        "       count(*) AS n_features, count(DISTINCT member.space) AS n_spaces, count(DISTINCT model) AS n_models,\n"
        "       list(member.space || ':' || member.feature ORDER BY member) AS members,\n"
        "       (SELECT min(pearson_context) FROM links JOIN members AS o ON o.member = links.a\n"
        "        WHERE o.family = members.family) AS weakest_context\n"
        "FROM members JOIN spaces ON spaces.space = member.space\nGROUP BY members.family\n"
        f"HAVING n_spaces >= {min_spaces}\n"
        "ORDER BY n_spaces DESC, weakest_context DESC, members.family"
    )


def pairs(family: Family, filter: PairFilter) -> str:
    """The candidate pairs among a family's features, and whether they connect it: whether they pass the filter."""
    members = ", ".join(f"({literal(m.space)}, {m.feature})" for m in family.members)
    return (
        f"SELECT comparison, feature_a, feature_b,\n       {' AND '.join(passing(filter))} AS connects,\n"
        "       pearson, pearson_token, pearson_context, n_both, reasons\n"
        f"FROM {judged(filter.thresholds)} JOIN comparisons AS c USING (comparison)\n"
        f"WHERE (c.space_a, feature_a) IN ({members})\n  AND (c.space_b, feature_b) IN ({members})\n"
        "ORDER BY pearson_context DESC, comparison, feature_a, feature_b"
    )
