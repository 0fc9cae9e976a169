"""SQL behind the Families page: the whole list in one query, and one family's pairs."""

from collections.abc import Sequence

from dashboard import reasons
from dashboard.examples import literal
from store.records import Family, PairFilter


def families(filter: PairFilter, min_spaces: int, rows: int = 1000) -> str:
    """The list as a query: the same matches, followed from feature to feature."""
    thresholds = ", ".join(
        f"{name} := {getattr(filter.thresholds, name)!r}" for name in reasons.changed(filter.thresholds)
    )
    tests = ["m.mutual_best", f"m.pearson >= {filter.min_pearson!r}", f"m.pearson_context >= {filter.min_context!r}"]
    tests.append(f"least(m.n_active_a, m.n_active_b) >= {filter.min_active}")
    tests.append(f"NOT list_has_any(m.reasons, [{', '.join(literal(name) for name in filter.hide)}])")
    return (
        "WITH RECURSIVE links AS (\n"
        "  SELECT {'space': c.space_a, 'feature': m.feature_a} AS a,\n"
        "         {'space': c.space_b, 'feature': m.feature_b} AS b, m.pearson_context\n"
        f"  FROM judged_matches({thresholds}) AS m JOIN comparisons AS c ON c.comparison = m.comparison\n"
        "  WHERE NOT EXISTS (FROM spaces WHERE kind = 'random_sae' AND space IN (c.space_a, c.space_b))\n    AND "
        + "\n    AND ".join(tests)
        + "\n"
        "),\n"
        "steps AS (SELECT a AS here, b AS there FROM links UNION SELECT b, a FROM links),\n"
        "reached AS (\n"
        "  SELECT here AS member, here AS other FROM steps\n"
        "  UNION SELECT r.member, s.there FROM reached AS r JOIN steps AS s ON s.here = r.other\n"
        "),\n"
        "members AS (SELECT member, min(other) AS family FROM reached GROUP BY member)\n"
        "SELECT family.space, family.feature, count(DISTINCT member.space) AS n_spaces,\n"
        "       list(member.space || ':' || member.feature ORDER BY member) AS members,\n"
        "       (SELECT min(pearson_context) FROM links JOIN members AS o ON o.member = links.a\n"
        "        WHERE o.family = members.family) AS weakest_context\n"
        "FROM members\nGROUP BY family\n"
        f"HAVING count(DISTINCT member.space) >= {min_spaces}\n"
        f"ORDER BY n_spaces DESC, weakest_context DESC, family\nLIMIT {rows}"
    )


def pairs(family: Family, comparisons: Sequence[str]) -> str:
    """Everything that is stored about the candidate pairs among a family's features."""
    members = ", ".join(f"({literal(m.space)}, {m.feature})" for m in family.members)
    names = ", ".join(literal(name) for name in comparisons) or "NULL"
    return (
        "SELECT m.*\nFROM judged_matches() AS m JOIN comparisons AS c ON c.comparison = m.comparison\n"
        f"WHERE m.comparison IN ({names})\n"
        f"  AND (c.space_a, m.feature_a) IN ({members})\n  AND (c.space_b, m.feature_b) IN ({members})\n"
        "ORDER BY m.pearson_context DESC, m.comparison, m.feature_a, m.feature_b"
    )
