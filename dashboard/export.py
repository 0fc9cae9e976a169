"""Pairs and unmatched features as files that a spreadsheet may open."""

import csv
import io
from collections.abc import Sequence

from store import records as r

_COLUMNS = (
    "comparison", "feature_a", "feature_b", "pearson", "pearson_token", "pearson_position", "pearson_context",
    "z_context", "cosine", "jaccard", "n_both", "n_a_only", "n_b_only", "margin", "hub_size", "p_value", "q_value",
)  # fmt: skip
_UNMATCHED = (
    "space", "feature", "n_active", "firing_rate", "max_activation", "mass", "token_entropy_bits", "partner",
    "pearson", "chance_q95", "label",
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
    lines = [
        [
            *(getattr(row.match, name) for name in _COLUMNS),
            *(" | ".join(side) for side in (row.tokens_a, row.tokens_b)),
            " ".join(row.match.reasons),
        ]
        for row in rows
    ]
    return _csv([*_COLUMNS, "top_tokens_a", "top_tokens_b", "reasons"], lines)


def unmatched_csv(rows: Sequence[r.Unmatched]) -> bytes:
    """UTF-8 CSV with a header: how alive each feature is, its best match, what chance gives, top tokens, reasons."""
    lines = [
        [*(getattr(row, name) for name in _UNMATCHED), " | ".join(row.tokens), " ".join(row.reasons)] for row in rows
    ]
    return _csv([*_UNMATCHED, "top_tokens", "reasons"], lines)


def _csv(head: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([safe(cell) for cell in row] for row in rows)
    # Token text may hold halves of surrogate pairs, which UTF-8 cannot carry.
    return out.getvalue().encode("utf-8", "replace")
