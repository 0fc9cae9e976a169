"""The tables of Overview and Glossary: comparisons, spaces, what the store holds and what its columns mean."""

from dashboard.queries.text import judged, literal, where
from store.records import Thresholds

SPACES = (
    "SELECT s.*, m.load, m.n_layers, m.d_model, m.n_parameters, m.dtype, m.device\n"
    "FROM spaces AS s JOIN models AS m USING (model)\nORDER BY s.space"
)
TABLES = "SELECT table_name, n_rows\nFROM contents\nORDER BY table_name"
PACKAGES = (
    "SELECT homolog_version, key AS package, value ->> '$' AS version\n"
    "FROM build, json_each(packages)\nORDER BY package"
)


def columns(asked: str = "") -> str:
    """The data dictionary, as far as it holds a word (lower case)."""
    tests = ["database_name = 'homolog'", "schema_name = 'main'"]
    tests += [f"contains(lower(concat_ws(' ', table_name, column_name, comment)), {literal(asked)})"] if asked else []
    return (
        "SELECT table_name, column_name, data_type, comment AS meaning\n"
        f"FROM duckdb_columns()\n{where(tests)}\nORDER BY table_name, column_index"
    )


def comparisons(thresholds: Thresholds) -> str:
    """How much each comparison's spaces share."""
    return (
        "SELECT comparison, any_value(c.space_a) AS space_a, any_value(c.space_b) AS space_b,\n"
        "       count(m.comparison) AS n_candidates, count(*) FILTER (mutual_best) AS n_mutual,\n"
        "       count(*) FILTER (mutual_best AND len(reasons) = 0) AS n_homologues,\n"
        "       count(*) FILTER (mutual_best AND list_contains(reasons, 'token')) AS n_token_explained,\n"
        "       median(pearson) FILTER (rank_ab = 1) AS median_pearson,\n"
        "       median(pearson_context) FILTER (rank_ab = 1) AS median_context\n"
        f"FROM comparisons AS c LEFT JOIN {judged(thresholds)} AS m USING (comparison)\n"
        "GROUP BY comparison\nORDER BY comparison"
    )
