"""The tables of Concepts: features that fire on a word, all concepts, and one concept's pairs and features."""

from dashboard.queries.families import NO_RANDOM
from dashboard.queries.text import judged, literal, passing, top_tokens, where
from store.records import PairFilter
from store.token_search import WHITE


def _white() -> str:
    """What a search does not tell apart at the ends of a token, as SQL that can be seen."""
    return " || ".join(literal(one) if one == " " else f"chr({ord(one)})" for one in WHITE)


def hits(text: str, rows: int) -> str:
    """The features that fire on a word, up to `rows` of each space; `text` is what was searched, bare."""
    order = "round(mass_share, 9) DESC, h.n_active DESC, feature"
    return (
        "WITH hits AS (\n"
        "  SELECT space, feature, list(token ORDER BY rank) AS matched, sum(mass_share) AS mass_share,\n"
        "         sum(n_active)::BIGINT AS n_active\n"
        "  FROM feature_tokens\n"
        f"  WHERE lower(trim(token, {_white()})) = {literal(text)}\n  GROUP BY space, feature\n)\n"
        "SELECT space, feature, matched, mass_share, h.n_active, f.n_active AS n_active_all,\n"
        f"       {top_tokens('h.space', 'h.feature')} AS tokens\n"
        "FROM hits AS h JOIN features AS f USING (space, feature)\n"
        f"QUALIFY row_number() OVER (PARTITION BY space ORDER BY {order}) <= {rows}\n"
        f"ORDER BY space, {order}"
    )


def concepts(share: float, filter: PairFilter) -> str:
    """How many features of each space belong to each concept, and how many of them have a match that passes."""
    return (
        "WITH passing AS (\n"
        "  SELECT c.space_a, feature_a, c.space_b, feature_b\n"
        f"  FROM {judged(filter.thresholds)} JOIN comparisons AS c USING (comparison)\n"
        f"{where([NO_RANDOM, *passing(filter)], '  ')}\n"
        "),\n"
        "matched AS (\n"
        "  SELECT space_a AS space, feature_a AS feature FROM passing UNION SELECT space_b, feature_b FROM passing\n"
        ")\n"
        "SELECT w.concept, s.space, w.n_found, count(f.feature) AS n_features, count(m.feature) AS n_matched\n"
        "FROM (SELECT concept, sum(n_found)::BIGINT AS n_found FROM concepts GROUP BY concept) AS w\n"
        "CROSS JOIN spaces AS s\n"
        "LEFT JOIN concept_features AS f\n"
        f"  ON f.concept = w.concept AND f.space = s.space AND f.mass_share >= {share!r}\n"
        "LEFT JOIN matched AS m ON m.space = f.space AND m.feature = f.feature\n"
        "GROUP BY ALL\nORDER BY w.concept, s.space"
    )


def pairs(concept: str, share: float, filter: PairFilter) -> str:
    """Mutual best matches that pass and have a feature of the concept on either side, largest context first."""
    both = "greatest(coalesce(a.mass_share, 0), coalesce(b.mass_share, 0))"
    tests = [NO_RANDOM, *passing(filter), f"{both} >= {share!r}"]
    return (
        f"WITH own AS (SELECT space, feature, mass_share FROM concept_features WHERE concept = {literal(concept)})\n"
        "SELECT comparison, feature_a, feature_b, top_token_a, top_token_b, pearson, pearson_token, pearson_context,\n"
        "       a.mass_share AS share_a, b.mass_share AS share_b\n"
        f"FROM {judged(filter.thresholds)} JOIN comparisons AS c USING (comparison)\n"
        "LEFT JOIN own AS a ON a.space = c.space_a AND a.feature = feature_a\n"
        "LEFT JOIN own AS b ON b.space = c.space_b AND b.feature = feature_b\n"
        f"{where(tests)}\nORDER BY pearson_context DESC, comparison, feature_a, feature_b"
    )


def members(concept: str, share: float, rows: int) -> str:
    """The features of a concept, up to `rows` of each space, largest share first."""
    return (
        "SELECT c.space, c.feature, c.mass_share, c.n_active, f.n_active AS n_active_all,\n"
        f"       {top_tokens('c.space', 'c.feature')} AS tokens\n"
        "FROM concept_features AS c JOIN features AS f USING (space, feature)\n"
        f"WHERE c.concept = {literal(concept)} AND c.mass_share >= {share!r}\n"
        f"QUALIFY row_number() OVER (PARTITION BY c.space ORDER BY c.mass_share DESC, c.feature) <= {rows}\n"
        "ORDER BY c.space, c.mass_share DESC, c.feature"
    )
