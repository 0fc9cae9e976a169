"""SQL that the pages offer to visitors: the rows behind a page, and questions that work on any store."""

from collections.abc import Sequence
from dataclasses import fields

from dashboard import reasons
from dashboard.links import BOUNDS, STEPS, PairsView, UnmatchedView
from store.records import ONE_SIDED, SORTS, Comparison, PairFilter, Space, Thresholds

THRESHOLDS = tuple(item.name for item in fields(Thresholds))


def literal(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def _judged(thresholds: Thresholds, macro: str = "judged_matches", names: Sequence[str] = THRESHOLDS) -> str:
    changed = [f"{name} := {getattr(thresholds, name)!r}" for name in reasons.changed(thresholds, names)]
    return f"{macro}({', '.join(changed)})"


def _bounds(chosen: PairFilter) -> dict[str, str]:
    return {
        "min_pearson": f"pearson >= {chosen.min_pearson!r}",
        "min_context": f"pearson_context >= {chosen.min_context!r}",
        "min_active": f"least(n_active_a, n_active_b) >= {chosen.min_active}",
    }


def pairs(comparison: str, view: PairsView, rows: int = 1000) -> str:
    """The Pairs page as a query: the same filter, thresholds and order."""
    chosen = view.filter
    tests = [f"comparison = {literal(comparison)}"]
    # What a step of the funnel dropped had passed every step before it.
    before = STEPS[: STEPS.index(chosen.only)] if chosen.only is not None else STEPS
    tests += [test for name, test in _bounds(chosen).items() if name in before]
    hidden = [name for name in chosen.hide if name in before]
    if hidden:
        tests.append(f"NOT list_has_any(reasons, [{', '.join(literal(name) for name in hidden)}])")
    if chosen.only in BOUNDS:
        tests.append(f"NOT ({_bounds(chosen)[chosen.only]})")
    elif chosen.only is not None:
        tests.append(f"list_contains(reasons, {literal(chosen.only)})")
    tests += [
        f"{column} = {value}"
        for column, value in (("feature_a", chosen.feature_a), ("feature_b", chosen.feature_b))
        if value is not None
    ]
    if chosen.region is not None:
        edges = {
            "pearson_token >=": "token_low",
            "pearson_token <=": "token_high",
            "pearson >=": "r_low",
            "pearson <=": "r_high",
        }
        # As in the store, an edge at -1 or 1 is open.
        limits = ((test, getattr(chosen.region, name)) for test, name in edges.items())
        tests += [f"{test} {limit!r}" for test, limit in limits if abs(limit) < 1]
    order = view.sort if view.sort in SORTS else SORTS[0]
    descending = "" if order.startswith("feature") else " DESC NULLS LAST"
    ties = ", ".join(name for name in ("feature_a", "feature_b") if name != order)
    return (
        "SELECT comparison, feature_a, feature_b, top_token_a, top_token_b,\n"
        "       pearson, pearson_token, pearson_context, n_both, margin, reasons\n"
        f"FROM {_judged(chosen.thresholds)}\nWHERE " + "\n  AND ".join(tests) + "\n"
        f"ORDER BY {order}{descending}, {ties}\nLIMIT {rows}"
    )


def unmatched(comparison: Comparison, view: UnmatchedView, rows: int = 1000) -> str:
    """The Unmatched page as a query: the same side, filter, thresholds and order."""
    chosen = view.filter
    own, other = ("a", "b") if view.side == "a" else ("b", "a")
    space = comparison.space_a if view.side == "a" else comparison.space_b
    tests = [f"f.space = {literal(space)}", "f.n_active > 0", f"coalesce(m.pearson < {chosen.below!r}, true)"]
    if chosen.min_active:
        tests.append(f"f.n_active >= {chosen.min_active}")
    if chosen.hide:
        tests.append(f"NOT list_has_any(f.reasons, [{', '.join(literal(name) for name in chosen.hide)}])")
    order = "f.n_active * f.mean_activation" if view.sort == "mass" else f"f.{view.sort}"
    return (
        f"SELECT f.space, f.feature, f.top_token, f.n_active, f.firing_rate, f.max_activation, f.token_entropy_bits,\n"
        f"       f.reasons, m.feature_{other} AS best_match, m.pearson\n"
        f"FROM {_judged(chosen.thresholds, 'judged_features', ONE_SIDED)} AS f\n"
        f"LEFT JOIN matches AS m\n  ON m.comparison = {literal(comparison.comparison)}"
        f" AND m.feature_{own} = f.feature AND m.rank_{own}{other} = 1\n"
        f"WHERE " + "\n  AND ".join(tests) + "\n"
        f"ORDER BY {order} DESC NULLS LAST, f.feature\nLIMIT {rows}"
    )


def match(comparison: Comparison, a: int, b: int, thresholds: Thresholds) -> str:
    """Everything that is stored about one candidate pair, with its reasons under these thresholds."""
    return (
        f"SELECT *\nFROM {_judged(thresholds)}\nWHERE comparison = {literal(comparison.comparison)}\n"
        f"  AND feature_a = {a} AND feature_b = {b}"
    )


def feature_activations(space: str, model: str, feature: int) -> str:
    """Strongest activations of a feature with their tokens."""
    return (
        "SELECT a.space, a.feature, a.activation, t.text AS token, t.passage_id, t.position\n"
        f"FROM activations AS a\nJOIN tokens AS t ON t.model = {literal(model)} AND t.token_index = a.token_index\n"
        f"WHERE a.space = {literal(space)} AND a.feature = {feature}\n"
        "ORDER BY a.activation DESC, a.token_index\nLIMIT 200"
    )


def general(comparisons: list[Comparison], spaces: list[Space]) -> dict[str, str]:
    """Title -> query; each runs on any store, with this store's own names in it."""
    found = {
        "What is in this store?": "SELECT table_name, n_rows\nFROM contents\nORDER BY n_rows DESC, table_name",
        "How much does each comparison share?": (
            "SELECT comparison, count(*) AS candidates,\n"
            "       count(*) FILTER (mutual_best) AS mutual,\n"
            "       count(*) FILTER (len(reasons) = 0) AS homologues\n"
            "FROM judged_matches()\nGROUP BY comparison\nORDER BY homologues DESC, comparison"
        ),
        "The best pairs without any reason": (
            "SELECT comparison, feature_a, feature_b, top_token_a, top_token_b, pearson, pearson_context, n_both\n"
            "FROM judged_matches()\nWHERE len(reasons) = 0\n"
            "ORDER BY pearson_context DESC, comparison, feature_a, feature_b\nLIMIT 100"
        ),
        "Why are matches trivial?": (
            "SELECT comparison, reason, count(*) AS matches\n"
            "FROM (SELECT comparison, unnest(reasons) AS reason FROM judged_matches())\n"
            "GROUP BY comparison, reason\nORDER BY comparison, matches DESC, reason"
        ),
        "Features that fire on one token only": (
            "SELECT space, feature, top_token, top_token_share, n_active\nFROM features\n"
            "WHERE top_token_share >= 0.95 AND n_active >= 30\nORDER BY n_active DESC, space, feature\nLIMIT 100"
        ),
        "Stricter thresholds of my own": (
            "SELECT comparison, feature_a, feature_b, pearson, pearson_context\n"
            "FROM judged_matches(rare := 100, token := 0.5)\nWHERE len(reasons) = 0\n"
            "ORDER BY pearson DESC, comparison, feature_a, feature_b\nLIMIT 100"
        ),
    }
    if spaces:
        found[f"Where does feature 0 of {spaces[0].space} fire?"] = feature_activations(
            spaces[0].space, spaces[0].model, 0
        )
    if comparisons:
        first = comparisons[0]
        name = first.comparison
        found[f"What does {first.space_a} have that {first.space_b} lacks?"] = unmatched(first, UnmatchedView())
        found[f"What chance looks like in {name}"] = (
            "SELECT n_active_low, n_active_high, n_features, n_maxima, median, q95, maximum\nFROM match_nulls\n"
            f"WHERE comparison = {literal(name)}\nORDER BY n_active_low"
        )
        found[f"Hubs of {name}"] = (
            "SELECT DISTINCT comparison, feature_b, hub_size\nFROM matches\n"
            f"WHERE comparison = {literal(name)} AND hub_size > 0\n"
            "ORDER BY hub_size DESC, feature_b\nLIMIT 50"
        )
    return found
