"""Strips: stretches of a passage around a token, from the rows that the store's SQL gives."""

from collections.abc import Callable
from typing import Any

from store import records as r

Rows = list[dict[str, Any]]
Ask = Callable[..., Rows]
"""`Store._dicts`: the name of a question and its bound values -> rows."""


def examples(ask: Ask, page: Rows, space: r.Space, feature: int, *, stratum: str, width: int) -> list[r.Strip]:
    """One strip for each row of `page` (rank, token_index, passage_id, source), in its order."""
    passages, focus = [row["passage_id"] for row in page], [row["token_index"] for row in page]
    found = _around(ask, space, feature, passages, focus, [1] * len(page), width)
    return [
        _strip(row["passage_id"], row["source"], found[row["token_index"]], stratum=stratum, rank=row["rank"])
        for row in page
    ]


def pairs(
    ask: Ask,
    page: Rows,
    side_a: tuple[r.Space, int],
    side_b: tuple[r.Space, int],
    *,
    width: int,
    identical: bool,
) -> list[r.PairStrip]:
    """One pair of strips for each row of store/sql/pair_passages.sql. B shows the text that A shows, in B's tokens."""
    passages = [row["passage_id"] for row in page]
    focus_a, n_focus_a = [row["token_a"] for row in page], [row["n_tokens_a"] for row in page]
    focus_b, n_focus_b = [row["token_b"] for row in page], [row["n_tokens_b"] for row in page]
    found_a = _around(ask, *side_a, passages, focus_a, n_focus_a, width)
    if identical:
        found_b = _around(ask, *side_b, passages, focus_b, n_focus_b, width)
    else:
        shown = [[t for t in found_a[focus] if t["is_shown"]] for focus in focus_a]
        found_b = _beside(ask, side_b, side_a[0], passages, focus_b, n_focus_b, shown)
    strips = []
    for row in page:
        a = _strip(row["passage_id"], row["source"], found_a[row["token_a"]])
        b = _strip(row["passage_id"], row["source"], found_b[row["token_b"]])
        if not identical:
            # Both show one stretch of text, so what lies beyond it is the same.
            b = r.Strip(b.passage_id, b.source, b.tokens, a.cut_left, a.cut_right)
        strips.append(r.PairStrip(a, b, row["activation_a"], row["activation_b"]))
    return strips


def _around(
    ask: Ask, space: r.Space, feature: int, passages: list[int], focus: list[int], n_focus: list[int], width: int
) -> dict[int, Rows]:
    rows = ask(
        "strip_tokens",
        model=space.model,
        space=space.space,
        feature=feature,
        passages=passages,
        focus=focus,
        n_focus=n_focus,
        width=width,
    )
    return _by_focus(rows, focus)


def _beside(
    ask: Ask,
    side: tuple[r.Space, int],
    space_a: r.Space,
    passages: list[int],
    focus: list[int],
    n_focus: list[int],
    shown: list[Rows],
) -> dict[int, Rows]:
    space, feature = side
    rows = ask(
        "strip_tokens_beside",
        model=space.model,
        space=space.space,
        feature=feature,
        passages=passages,
        focus=focus,
        n_focus=n_focus,
        model_a=space_a.model,
        starts=[tokens[0]["token_index"] for tokens in shown],
        ends=[tokens[-1]["token_index"] for tokens in shown],
    )
    return _by_focus(rows, focus)


def _by_focus(rows: Rows, focus: list[int]) -> dict[int, Rows]:
    found: dict[int, Rows] = {token: [] for token in focus}
    for row in rows:
        found[row["focus"]].append(row)
    return found


def _strip(passage_id: int, source: str, rows: Rows, *, stratum: str | None = None, rank: int | None = None) -> r.Strip:
    tokens = tuple(
        r.StripToken(t["token_index"], t["text"], t["activation"], t["is_special"], t["is_focus"])
        for t in rows
        if t["is_shown"]
    )
    cut_left, cut_right = not rows[0]["is_shown"], not rows[-1]["is_shown"]
    return r.Strip(passage_id, source, tokens, cut_left, cut_right, stratum, rank)
