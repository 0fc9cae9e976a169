"""The tables of Scores: one score of every comparison, and the list."""

from dashboard.queries.text import literal, where
from dashboard.score_links import NAMES, ScoresView

_COLUMNS = "value, reason,\n       null_mean, null_sd, null_q95, p_value, q_value, p_best, n_rows"


def grid(view: ScoresView) -> str:
    """One score of every comparison, those included that it was not taken of."""
    same = "".join(f" AND s.{name} = {literal(str(getattr(view, name)))}" for name in NAMES)
    return (
        f"SELECT c.comparison, c.space_a, c.space_b, metric, parameters, subset, level, {_COLUMNS}\n"
        f"FROM comparisons AS c\nLEFT JOIN scores AS s\n  ON s.comparison = c.comparison{same}\nORDER BY c.comparison"
    )


def scores(view: ScoresView) -> str:
    """The rows that the table lists, in its order."""
    name = None if view.table == "all" else view.table
    tests = [] if name is None else [f"{name} = {literal(str(getattr(view, name)))}"]
    return (
        f"SELECT comparison, metric, parameters, subset, level, {_COLUMNS}\nFROM scores\n"
        + (f"{where(tests)}\n" if tests else "")
        + "ORDER BY comparison, metric, length(parameters), parameters,\n"
        + "         CASE WHEN subset LIKE 'concept:%' THEN 1000 ELSE length(subset) END, subset, level"
    )
