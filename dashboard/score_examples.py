"""SQL behind the Scores page: its table as a query."""

from dashboard.examples import literal
from dashboard.score_links import ScoresView


def scores(view: ScoresView, rows: int = 1000) -> str:
    """The rows that the table lists, in its order."""
    tests = {
        "comparison": [("comparison", view.comparison)],
        "metric": [("metric", view.metric)],
        "all": [],
    }[view.table]
    where = " AND ".join(f"{name} = {literal(value)}" for name, value in tests if value is not None)
    return (
        "SELECT comparison, metric, parameters, subset, level, value, reason,\n"
        "       null_mean, null_sd, null_q95, p_value, q_value, p_best, n_rows\nFROM scores\n"
        + (f"WHERE {where}\n" if where else "")
        + "ORDER BY comparison, metric, length(parameters), parameters,\n"
        + "         CASE WHEN subset LIKE 'concept:%' THEN 1000 ELSE length(subset) END, subset, level\n"
        + f"LIMIT {rows}"
    )
