"""The tables of Pairs and Unmatched, and the candidates of one feature."""

from collections.abc import Sequence

from dashboard.links import BOUNDS, STEPS, PairsView, UnmatchedView
from dashboard.queries.text import bounds, judged, limits, literal, top_tokens, where, without
from store.records import ONE_SIDED, SORTS, Comparison, Thresholds

_MORE = (
    "       rank_ab, rank_ba, pearson_position, z_context, cosine, jaccard, n_a_only, n_b_only,\n"
    "       hub_size, p_value, q_value, neighbour_overlap"
)
"""Evidence beyond what a table shows."""


def pairs(comparison: Comparison, view: PairsView) -> str:
    """The matches that pass: the same filter, thresholds and order."""
    chosen = view.filter
    tests = [f"comparison = {literal(comparison.comparison)}"]
    # What a step of the funnel dropped had passed every step before it.
    before = STEPS[: STEPS.index(chosen.only)] if chosen.only is not None else STEPS
    tests += limits(chosen, before)
    tests += without(name for name in chosen.hide if name in before)
    if chosen.only in BOUNDS:
        tests.append(f"NOT ({bounds(chosen)[chosen.only]})")
    elif chosen.only is not None:
        tests.append(f"list_contains(reasons, {literal(chosen.only)})")
    tests += [
        f"{column} = {value}"
        for column, value in (("feature_a", chosen.feature_a), ("feature_b", chosen.feature_b))
        if value is not None
    ]
    if chosen.region is not None:
        edges = {"pearson_token": ("token_low", "token_high"), "pearson": ("r_low", "r_high")}
        tests += [
            f"{column} {sign} {limit!r}"
            for column, names in edges.items()
            for sign, name in zip((">=", "<="), names, strict=True)
            # As in the store, an edge at -1 or 1 is open.
            if abs(limit := getattr(chosen.region, name)) < 1
        ]
    order = view.sort if view.sort in SORTS else SORTS[0]
    descending = "" if order.startswith("feature") else " DESC NULLS LAST"
    ties = ", ".join(name for name in ("feature_a", "feature_b") if name != order)
    a, b = literal(comparison.space_a), literal(comparison.space_b)
    return (
        "SELECT comparison, feature_a, feature_b, pearson, pearson_token, pearson_context, n_both, margin, reasons,\n"
        f"       {top_tokens(a, 'feature_a')} AS tokens_a,\n       {top_tokens(b, 'feature_b')} AS tokens_b,\n{_MORE}\n"
        f"FROM {judged(chosen.thresholds)}\n{where(tests)}\n"
        f"ORDER BY {order}{descending}, {ties}"
    )


def unmatched(comparison: Comparison, view: UnmatchedView) -> str:
    """The features without a match: the same side, filter, thresholds and order."""
    chosen = view.filter
    own, other = ("a", "b") if view.side == "a" else ("b", "a")
    space = literal(comparison.space_a if view.side == "a" else comparison.space_b)
    here = literal(comparison.comparison)
    tests = [f"f.space = {space}", "f.n_active > 0", f"coalesce(m.pearson < {chosen.below!r}, true)"]
    if chosen.min_active:
        tests.append(f"f.n_active >= {chosen.min_active}")
    tests += without(chosen.hide, "f.reasons")
    order = "f.n_active * f.mean_activation" if view.sort == "mass" else f"f.{view.sort}"
    chance = join = ""
    if view.side == "a":
        # Firing counts of the null are in units, which are tokens only where both models cut the text alike.
        fires = "m.n_both + m.n_a_only"
        fires = f"coalesce({fires}, f.n_active)" if comparison.alignment == "identical" else fires
        chance = ", chance.q95 AS chance_q95"
        join = (
            f"LEFT JOIN match_nulls AS chance\n  ON chance.comparison = {here}"
            f" AND {fires} BETWEEN chance.n_active_low AND chance.n_active_high\n"
        )
    return (
        "SELECT f.space, f.feature, f.n_active, f.firing_rate, f.max_activation,\n"
        "       f.n_active * f.mean_activation AS mass, f.token_entropy_bits, f.label,\n"
        f"       {top_tokens(space, 'f.feature')} AS tokens,\n"
        f"       m.comparison, m.feature_a, m.feature_b, m.pearson{chance}, f.reasons\n"
        f"FROM {judged(chosen.thresholds, 'judged_features', ONE_SIDED)} AS f\n"
        f"LEFT JOIN matches AS m\n  ON m.comparison = {here}"
        f" AND m.feature_{own} = f.feature AND m.rank_{own}{other} = 1\n{join}"
        f"{where(tests)}\nORDER BY {order} DESC NULLS LAST, f.feature"
    )


def match(comparison: Comparison, a: int, b: int, thresholds: Thresholds) -> str:
    """Everything that is stored about one candidate pair, with its reasons under these thresholds."""
    return (
        f"SELECT * EXCLUDE (reason_bits)\nFROM {judged(thresholds)}\n"
        f"WHERE comparison = {literal(comparison.comparison)} AND feature_a = {a} AND feature_b = {b}"
    )


def candidates(comparison: Comparison, side: str, feature: int, thresholds: Thresholds) -> str:
    """All candidates of a feature of side `a` or `b`, best first."""
    other = "b" if side == "a" else "a"
    return (
        f"SELECT comparison, feature_a, feature_b, top_token_{other}, pearson, pearson_token, pearson_context,\n"
        f"       n_both, margin, reasons,\n{_MORE}\n"
        f"FROM {judged(thresholds)}\n"
        f"WHERE comparison = {literal(comparison.comparison)} AND feature_{side} = {feature}\n"
        "ORDER BY pearson DESC, feature_a, feature_b"
    )


def listed(pairs: Sequence[tuple[str, str, int, int]]) -> str:
    """Pairs of spaces and features in an order of their own, each where it is a candidate."""
    named = ",\n  ".join(
        f"({place}, {literal(space_a)}, {literal(space_b)}, {a}, {b})"
        for place, (space_a, space_b, a, b) in enumerate(pairs, 1)
    )
    return (
        f"WITH listed(place, space_a, space_b, feature_a, feature_b) AS (VALUES\n  {named}\n)\n"
        "SELECT comparison, feature_a, feature_b, top_token_a, top_token_b, pearson, pearson_token, pearson_context,\n"
        f"       n_both, margin, reasons,\n{_MORE}\n"
        "FROM listed JOIN comparisons USING (space_a, space_b) JOIN judged_matches() USING (comparison, feature_a, "
        "feature_b)\nORDER BY place"
    )
