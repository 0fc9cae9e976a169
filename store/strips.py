"""Strips: stretches of a passage around a token, from the rows that the store's SQL gives."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from store import records as r

Rows = list[dict[str, Any]]
Ask = Callable[..., Rows]
"""`Store._dicts`: the name of a question and its bound values -> rows."""
Texts = Callable[[str, Iterable[int]], dict[int, str]]
"""`Store._texts`: a model and numbers of its vocabulary -> texts."""
Side = tuple[r.Space, int]
"""A space and a feature of it."""


def examples(
    ask: Ask, texts: Texts, page: Rows, space: r.Space, feature: int, *, stratum: str, width: int
) -> list[r.Strip]:
    """One strip for each row of `page` (rank, token_index, passage_id, source), in its order."""
    passages, focus = [row["passage_id"] for row in page], [row["token_index"] for row in page]
    found = _around(ask, texts, space.model, passages, focus, [1] * len(page), width)
    activations = _activations(ask, (space, feature), found.values())
    return [
        _strip(
            row["passage_id"], row["source"], found[row["token_index"]], activations, stratum=stratum, rank=row["rank"]
        )
        for row in page
    ]


def pairs(
    ask: Ask, texts: Texts, page: Rows, model: str, activations: Sequence[dict[int, float]], *, width: int
) -> list[r.PairStrip]:
    """One pair of strips for each row of `units.strongest`, where a unit is a token of both models.

    `activations`: of A and of B, by token.
    """
    passages, focus = [row["passage_id"] for row in page], [row["unit"] for row in page]
    found = _around(ask, texts, model, passages, focus, [1] * len(page), width)
    strips = []
    for row in page:
        a, b = (_strip(row["passage_id"], row["source"], found[row["unit"]], own) for own in activations)
        strips.append(r.PairStrip(a, b, row["activation_a"], row["activation_b"]))
    return strips


def aligned_pairs(
    ask: Ask, texts: Texts, page: Rows, side_a: Side, side_b: Side, *, width: int, first_rows: tuple[int, int]
) -> list[r.PairStrip]:
    """The same with the tokens of each unit in `page` (store/sql/unit_tokens.sql).

    B shows the text that A shows, in B's tokens. `first_rows`: the rows of `tokens` at which both models begin.
    """
    passages = [row["passage_id"] for row in page]
    focus, n_focus = [row["token_a"] for row in page], [row["n_tokens_a"] for row in page]
    found_a = _around(ask, texts, side_a[0].model, passages, focus, n_focus, width)
    found_b = _beside(ask, texts, page, found_a, (side_a[0].model, side_b[0].model), first_rows)
    on_a, on_b = _activations(ask, side_a, found_a.values()), _activations(ask, side_b, found_b.values())
    strips = []
    for row in page:
        a = _strip(row["passage_id"], row["source"], found_a[row["token_a"]], on_a)
        b = _strip(row["passage_id"], row["source"], found_b[row["token_b"]], on_b)
        # Both show one stretch of text, so what lies beyond it is the same.
        b = r.Strip(b.passage_id, b.source, b.tokens, a.cut_left, a.cut_right)
        strips.append(r.PairStrip(a, b, row["activation_a"], row["activation_b"]))
    return strips


def _around(
    ask: Ask, texts: Texts, model: str, passages: list[int], focus: list[int], n_focus: list[int], width: int
) -> dict[int, Rows]:
    """The tokens around each focus."""
    places = {"passages": passages, "focus": focus, "n_focus": n_focus}
    windows = ask("strip_windows", model=model, width=width, **places) if focus else []
    spelled = texts(model, (_number(one) for window in windows for one in window["text_ids"]))
    return {
        window["focus"]: [
            _token(spelled, number, window["first_token"] + place, window["focus"], window["n_focus"], width)
            for place, number in enumerate(window["text_ids"])
        ]
        for window in windows
    }


def _beside(
    ask: Ask, texts: Texts, page: Rows, found_a: dict[int, Rows], models: tuple[str, str], first_rows: tuple[int, int]
) -> dict[int, Rows]:
    """B's tokens of the stretches of text that A's strips show, by B's focus."""
    if not page:
        return {}
    shown = [[t["token_index"] for t in found_a[row["token_a"]] if t["is_shown"]] for row in page]
    ends = {"lower": [tokens[0] for tokens in shown], "upper": [tokens[-1] + 1 for tokens in shown]}
    characters_a = _characters(ask, first_rows[0], **ends)
    rows = ask("contexts", model=models[1], passages=[row["passage_id"] for row in page])
    contexts = {row["passage_id"]: row for row in rows}
    lower = [row["first_token"] for row in rows]
    upper = [row["first_token"] + len(row["text_ids"]) for row in rows]
    characters_b = _characters(ask, first_rows[1], lower=lower, upper=upper)
    spelled = texts(models[1], (_number(one) for row in rows for one in row["text_ids"]))
    found: dict[int, Rows] = {}
    for row, tokens in zip(page, shown, strict=True):
        stretch = characters_a[tokens[0]][0], characters_a[tokens[-1]][1]
        context = contexts[row["passage_id"]]
        found[row["token_b"]] = [
            _token(spelled, number, token, row["token_b"], row["n_tokens_b"])
            for token, number in enumerate(context["text_ids"], context["first_token"])
            if _overlaps(characters_b[token], stretch)
        ]
    return found


def _overlaps(characters: tuple[int, int], stretch: tuple[int, int]) -> bool:
    start, end = characters
    # A special token stands for no character.
    return stretch[0] <= start <= stretch[1] if start == end else start < stretch[1] and end > stretch[0]


def _characters(ask: Ask, row: int, *, lower: list[int], upper: list[int]) -> dict[int, tuple[int, int]]:
    found = ask("characters", row=row, lower=lower, upper=upper)
    return {one["token_index"]: (one["char_start"], one["char_end"]) for one in found}


def _number(number: int) -> int:
    """The number of a text as contexts have it: of a special token -1 - its text's."""
    return number if number >= 0 else -1 - number


def _token(
    texts: dict[int, str], number: int, token: int, focus: int, n_focus: int, width: int | None = None
) -> dict[str, Any]:
    return {
        "token_index": token,
        "text": texts[_number(number)],
        "is_special": number < 0,
        "is_focus": focus <= token < focus + n_focus,
        "is_shown": width is None or focus - width <= token < focus + n_focus + width,
    }


def _activations(ask: Ask, side: Side, stretches: Iterable[Rows]) -> dict[int, float]:
    """A feature's activations in stretches of tokens, each one after the other."""
    ends = [(tokens[0]["token_index"], tokens[-1]["token_index"] + 1) for tokens in stretches]
    if not ends:
        return {}
    lower, upper = [first for first, _ in ends], [last for _, last in ends]
    rows = ask("strip_activations", space=side[0].space, feature=side[1], lower=lower, upper=upper)
    return {row["token_index"]: row["activation"] for row in rows}


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
