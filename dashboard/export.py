"""Pairs as a file that a spreadsheet may open."""

import csv
import io
from collections.abc import Sequence

from store import records as r

_COLUMNS = (
    "comparison", "feature_a", "feature_b", "pearson", "pearson_token", "pearson_position", "pearson_context",
    "z_context", "cosine", "jaccard", "n_both", "n_a_only", "n_b_only", "margin", "hub_size", "p_value", "q_value",
)  # fmt: skip
LIMIT = 20_000
"""Rows of a download."""


def safe(value: object) -> object:
    """Text that a spreadsheet would run as a formula gets a leading apostrophe; numbers stay; unknown is empty."""
    if value is None:
        return ""
    if isinstance(value, str) and value.lstrip()[:1] in ("=", "+", "-", "@") and value.strip():
        return f"'{value}"
    # A cell may also begin with a tab or a carriage return, which some spreadsheets skip before they look for `=`.
    return f"'{value}" if isinstance(value, str) and value[:1] in ("\t", "\r") else value


def pairs_csv(rows: Sequence[r.PairRow]) -> bytes:
    """UTF-8 CSV with a header: evidence, top tokens of both sides, reasons."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*_COLUMNS, "top_tokens_a", "top_tokens_b", "reasons"])
    for row in rows:
        values = [safe(getattr(row.match, name)) for name in _COLUMNS]
        tokens = [safe(" | ".join(side)) for side in (row.tokens_a, row.tokens_b)]
        writer.writerow([*values, *tokens, " ".join(row.match.reasons)])
    # Token text may hold halves of surrogate pairs, which UTF-8 cannot carry.
    return out.getvalue().encode("utf-8", "replace")
