"""Text of a store as something that can be seen: white space, control and direction characters become marks.

A token may hold anything, right-to-left overrides included; nothing of it may reorder or break the page around it.
"""

import unicodedata
from html import escape
from itertools import groupby

SPACE, NEWLINE, TAB, RETURN = "·", "⏎", "⇥", "⇤"
_WHITE = {" ": SPACE, "\n": NEWLINE, "\t": TAB, "\r": RETURN}
_GLYPH = '<span style="opacity:.6">{}</span>'
_SPELLED = '<span style="font-size:.8em">{}</span>'
"""What is read letter by letter must stay readable on the strongest shade, so it is small and not faint."""
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
UNSEEN = frozenset(
    map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2800, 0x3164, *range(0xFE00, 0xFE10),
              0xFFA0, *range(0xE0100, 0xE01F0)))
)  # fmt: skip
"""Letters, accents and symbols by their category that a font draws as nothing."""
LONGEST = 40
"""Characters of a token that are shown; the rest is counted."""
STACKED = 4
"""Accents that a letter may carry; a hundred would cover the lines above."""
CIRCLE = "◌"
"""Carries an accent that a text begins with, which would else sit on what stands before it."""
FIRST_STRONG, POP = "\u2068", "\u2069"
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


def mark(character: str) -> str | None:
    """The mark that stands for a character that cannot be seen or would act on its neighbours; None for any other."""
    if character in _WHITE:
        return _WHITE[character]
    category = unicodedata.category(character)
    if category in _HIDDEN or character in UNSEEN or (category == "Zs" and character != " "):
        return f"[U+{ord(character):04X}]"
    return None


def _pieces(text: str, limit: int) -> tuple[list[tuple[str, bool]], int]:
    """(shown text, is a mark) of the first `limit` characters, and how many were left out.

    A space inside a token stays a space; at its ends it is marked, because there it tells one token from another.
    """
    # One more mark than a character or two saved would be no shortening.
    kept = text if len(text) <= limit + 3 else text[:limit]
    pieces: list[tuple[str, bool]] = []
    accents = 0  # on one letter
    for place, character in enumerate(kept):
        shown = mark(character)
        if shown is None and unicodedata.category(character) in ("Mn", "Me"):
            accents += 1
            if accents > STACKED:
                shown = "[accent]"
            elif accents == 1 and (not pieces or pieces[-1][1]):
                pieces.append((CIRCLE, False))
        else:
            accents = 0
        inside = character == " " and 0 < place < len(text) - 1
        pieces.append((character, False) if shown is None or inside else (shown, True))
    return _counted(pieces), len(text) - len(kept)


def _counted(pieces: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """A run of one spelled mark as one mark with a number: `[U+0000 ×40]`."""
    found: list[tuple[str, bool]] = []
    for piece, run in groupby(pieces):
        n = len(list(run))
        spelled = piece[1] and len(piece[0]) > 1
        found += [(f"{piece[0][:-1]} ×{n}]", True)] if spelled and n > 1 else [piece] * n
    return found


def _turns(pieces: list[tuple[str, bool]]) -> bool:
    """Whether it runs from right to left, and would turn its neighbours around."""
    return any(unicodedata.bidirectional(shown) in _RIGHT_TO_LEFT for shown, is_mark in pieces if not is_mark)


def plain(text: str, limit: int = LONGEST) -> str:
    """Text of a store for tooltips, charts and titles; the empty token is `∅`."""
    pieces, left_out = _pieces(text, limit)
    body = "".join(shown for shown, _ in pieces) or "∅"
    body = f"{FIRST_STRONG}{body}{POP}" if _turns(pieces) else body
    return f"{body}… ({len(text):,} characters)" if left_out else body


def html(text: str, limit: int = LONGEST) -> str:
    """The same as HTML: escaped, isolated from the direction of its neighbours, marks faint."""
    pieces, left_out = _pieces(text, limit)
    body = "".join(_faint(shown) if is_mark else escape(shown) for shown, is_mark in pieces) or _faint("∅")
    body = f"<bdi>{body}</bdi>" if _turns(pieces) else body
    return body + _SPELLED.format(f"… {len(text):,} chars") if left_out else body


def _faint(shown: str) -> str:
    return (_GLYPH if len(shown) == 1 else _SPELLED).format(escape(shown))


def lines(text: str) -> str:
    """A whole text, such as a run file, with its own lines and tabs; only what cannot be seen becomes marks."""
    return "".join(
        character if character in "\n\t" or (shown := mark(character)) is None or character == " " else shown
        for character in text
    )
