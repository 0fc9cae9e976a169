"""Strips: stretches of a passage around a token, from the rows that the store's SQL gives."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from store import records as r
from store.lists import Ints, Lists

Rows = list[dict[str, Any]]
Side = tuple[r.Space, int]
"""A space and a feature of it."""


@dataclass(frozen=True)
class Read:
    """What strips are read from: questions of `Store`."""

    ask: Callable[..., Rows]
    """The name of a question and its bound values -> rows."""
    texts: Callable[[str, Iterable[int]], dict[int, str]]
    """A model and numbers of its vocabulary -> texts."""
    contexts: Callable[[str, Ints], Lists]
    """A model and passages -> their tokens."""
    first_row: Callable[[str], int]
    """A model -> the row of `tokens` at which it begins."""


def examples(read: Read, page: Rows, space: r.Space, feature: int, *, stratum: str, width: int) -> list[r.Strip]:
    """One strip for each row of `page` (rank, token_index, passage_id, source), in its order."""
    found = _around(read, space.model, page, [range(row["token_index"], row["token_index"] + 1) for row in page], width)
    activations = _activations(read, (space, feature), found)
    return [
        _strip(row["passage_id"], row["source"], tokens, activations, stratum=stratum, rank=row["rank"])
        for row, tokens in zip(page, found, strict=True)
    ]


def pairs(
    read: Read, page: Rows, model: str, activations: Sequence[dict[int, float]], *, width: int
) -> list[r.PairStrip]:
    """One pair of strips for each row of `units.strongest`, where a unit is a token of both models.

    `activations`: of A and of B, by token.
    """
    found = _around(read, model, page, [range(row["unit"], row["unit"] + 1) for row in page], width)
    strips = []
    for row, tokens in zip(page, found, strict=True):
        a, b = (_strip(row["passage_id"], row["source"], tokens, own) for own in activations)
        strips.append(r.PairStrip(a, b, row["activation_a"], row["activation_b"]))
    return strips


def aligned_pairs(
    read: Read, page: Rows, focus: Sequence[tuple[range, range]], side_a: Side, side_b: Side, *, width: int
) -> list[r.PairStrip]:
    """The same where a unit is some tokens of A and some of B: `focus`, one pair for each row of `page`.

    B shows the text that A shows, in B's tokens.
    """
    found_a = _around(read, side_a[0].model, page, [on_a for on_a, _ in focus], width)
    found_b = _beside(read, page, found_a, [on_b for _, on_b in focus], (side_a[0].model, side_b[0].model))
    on_a, on_b = _activations(read, side_a, found_a), _activations(read, side_b, found_b)
    strips = []
    for row, tokens_a, tokens_b in zip(page, found_a, found_b, strict=True):
        a = _strip(row["passage_id"], row["source"], tokens_a, on_a)
        b = _strip(row["passage_id"], row["source"], tokens_b, on_b)
        # Both show one stretch of text, so what lies beyond it is the same.
        b = r.Strip(b.passage_id, b.source, b.tokens, a.cut_left, a.cut_right)
        strips.append(r.PairStrip(a, b, row["activation_a"], row["activation_b"]))
    return strips


def _around(read: Read, model: str, page: Rows, focus: Sequence[range], width: int) -> list[Rows]:
    """The tokens around each focus, one more than shown on either side to tell whether the passage goes on."""
    windows = []
    for (first, ids), own in zip(_contexts(read, model, page), focus, strict=True):
        lower = max(own.start - width - 1, first)
        windows.append((lower, ids[lower - first : own.stop + width + 1 - first]))
    spelled = read.texts(model, (_number(one) for _, ids in windows for one in ids))
    return [
        [
            _token(spelled, number, token, own, is_shown=own.start - width <= token < own.stop + width)
            for token, number in enumerate(ids, lower)
        ]
        for (lower, ids), own in zip(windows, focus, strict=True)
    ]


def _beside(read: Read, page: Rows, found_a: list[Rows], focus: Sequence[range], models: tuple[str, str]) -> list[Rows]:
    """B's tokens of the stretches of text that A's strips show."""
    contexts = _contexts(read, models[1], page)
    shown = [[token["token_index"] for token in tokens if token["is_shown"]] for tokens in found_a]
    characters_a = _characters(read, models[0], [range(tokens[0], tokens[-1] + 1) for tokens in shown])
    characters_b = _characters(read, models[1], [range(first, first + len(ids)) for first, ids in contexts])
    spelled = read.texts(models[1], (_number(one) for _, ids in contexts for one in ids))
    found = []
    for (first, ids), own, tokens in zip(contexts, focus, shown, strict=True):
        stretch = characters_a[tokens[0]][0], characters_a[tokens[-1]][1]
        found.append(
            [
                _token(spelled, number, token, own)
                for token, number in enumerate(ids, first)
                if _overlaps(characters_b[token], stretch)
            ]
        )
    return found


def _contexts(read: Read, model: str, page: Rows) -> list[tuple[int, list[int]]]:
    """The first token of each row's passage, and the numbers of the texts of all its tokens."""
    passages = np.array([row["passage_id"] for row in page], np.int64)
    contexts = read.contexts(model, passages)
    firsts = contexts.first("first_token", passages).tolist()
    texts = [contexts.whole("text_ids", one).tolist() for one in passages.tolist()]
    return list(zip(firsts, texts, strict=True))


def _overlaps(characters: tuple[int, int], stretch: tuple[int, int]) -> bool:
    start, end = characters
    # A special token stands for no character.
    return stretch[0] <= start <= stretch[1] if start == end else start < stretch[1] and end > stretch[0]


def _characters(read: Read, model: str, stretches: Sequence[range]) -> dict[int, tuple[int, int]]:
    """Where the tokens of some stretches stand in their passages' texts: first character, one past the last."""
    rows = _stretched(read, "characters", stretches, row=read.first_row(model)) if stretches else []
    return {one["token_index"]: (one["char_start"], one["char_end"]) for one in rows}


def _activations(read: Read, side: Side, stretches: Sequence[Rows]) -> dict[int, float]:
    """A feature's activations in stretches of tokens, each one after the other."""
    ranges = [range(tokens[0]["token_index"], tokens[-1]["token_index"] + 1) for tokens in stretches]
    rows = _stretched(read, "strip_activations", ranges, space=side[0].space, feature=side[1]) if ranges else []
    return {row["token_index"]: row["activation"] for row in rows}


def _stretched(read: Read, name: str, stretches: Sequence[range], **asked: object) -> Rows:
    return read.ask(name, lower=[one.start for one in stretches], upper=[one.stop for one in stretches], **asked)


def _number(number: int) -> int:
    """The number of a text as contexts have it: of a special token -1 - its text's."""
    return number if number >= 0 else -1 - number


def _token(texts: dict[int, str], number: int, token: int, focus: range, *, is_shown: bool = True) -> dict[str, Any]:
    return {
        "token_index": token,
        "text": texts[_number(number)],
        "is_special": number < 0,
        "is_focus": token in focus,
        "is_shown": is_shown,
    }


def _strip(
    passage_id: int,
    source: str,
    rows: Rows,
    activations: dict[int, float],
    *,
    stratum: str | None = None,
    rank: int | None = None,
) -> r.Strip:
    tokens = tuple(
        r.StripToken(t["token_index"], t["text"], activations.get(t["token_index"]), t["is_special"], t["is_focus"])
        for t in rows
        if t["is_shown"]
    )
    cut_left, cut_right = not rows[0]["is_shown"], not rows[-1]["is_shown"]
    return r.Strip(passage_id, source, tokens, cut_left, cut_right, stratum, rank)
