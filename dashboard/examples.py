"""SQL that the pages offer to visitors: the rows behind a page, and questions that work on any store."""

from dataclasses import fields

from dashboard.links import BOUNDS, STEPS, PairsView
from store.records import SORTS, Comparison, PairFilter, Space, Thresholds


def literal(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def _judged(thresholds: Thresholds) -> str:
    changed = [
        f"{item.name} := {getattr(thresholds, item.name)!r}"
        for item in fields(Thresholds)
        if getattr(thresholds, item.name) != item.default
    ]
    return f"judged_matches({', '.join(changed)})"


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
    order = view.sort if view.sort in SORTS else SORTS[0]
    descending = "" if order.startswith("feature") else " DESC NULLS LAST"
    ties = ", ".join(name for name in ("feature_a", "feature_b") if name != order)
    return (
        "SELECT comparison, feature_a, feature_b, top_token_a, top_token_b,\n"
        "       pearson, pearson_token, pearson_context, n_both, margin, reasons\n"
        f"FROM {_judged(chosen.thresholds)}\nWHERE " + "\n  AND ".join(tests) + "\n"
        f"ORDER BY {order}{descending}, {ties}\nLIMIT {rows}"
    )


def match(comparison: Comparison, a: int, b: int) -> str:
    """Everything that is stored about one candidate pair."""
    return (
        f"SELECT *\nFROM judged_matches()\nWHERE comparison = {literal(comparison.comparison)}\n"
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
        name = comparisons[0].comparison
        found[f"Hubs of {name}"] = (
            "SELECT comparison, feature_b, count(*) AS as_best\nFROM matches\n"
            f"WHERE comparison = {literal(name)} AND rank_ab = 1\n"
            "GROUP BY comparison, feature_b\nORDER BY as_best DESC, feature_b\nLIMIT 50"
        )
    return found
