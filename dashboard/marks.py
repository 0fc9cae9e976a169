"""Token text as something that can be seen: white space, control and direction characters become marks.

A token may hold anything, right-to-left overrides included; nothing of it may reorder or break the page around it.
"""

import unicodedata
from html import escape

SPACE, NEWLINE, TAB, RETURN = "·", "⏎", "⇥", "␍"
_WHITE = {" ": SPACE, "\n": NEWLINE, "\t": TAB, "\r": RETURN}
_FAINT = '<span style="opacity:.4">{}</span>'
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
LONGEST = 40
"""Characters of a token that are shown; the rest is counted."""


def mark(character: str) -> str | None:
    """The mark that stands for a character that cannot be seen or would act on its neighbours; None for any other."""
    if character in _WHITE:
        return _WHITE[character]
    category = unicodedata.category(character)
    if category in _HIDDEN or (category == "Zs" and character != " "):
        return f"[U+{ord(character):04X}]"
    return None


def _pieces(text: str, limit: int) -> tuple[list[tuple[str, bool]], int]:
    """(shown text, is a mark) of the first `limit` characters, and how many were left out.

    A space inside a token stays a space; at its ends it is marked, because there it tells one token from another.
    """
    # One more mark than a character or two saved would be no shortening.
    kept = text if len(text) <= limit + 3 else text[:limit]
    pieces = []
    for place, character in enumerate(kept):
        shown = mark(character)
        inside = character == " " and 0 < place < len(text) - 1
        pieces.append((character, False) if shown is None or inside else (shown, True))
    return pieces, len(text) - len(kept)


def plain(text: str, limit: int = LONGEST) -> str:
    """Token text for tooltips, tables and downloads; the empty token is `∅`."""
    pieces, left_out = _pieces(text, limit)
    body = "".join(shown for shown, _ in pieces) or "∅"
    return f"{body}… ({len(text):,} characters)" if left_out else body


def html(text: str, limit: int = LONGEST) -> str:
    """The same as HTML: escaped, isolated from the direction of its neighbours, marks faint."""
    pieces, left_out = _pieces(text, limit)
    body = "".join(_FAINT.format(escape(shown)) if is_mark else escape(shown) for shown, is_mark in pieces)
    body = body or _FAINT.format("∅")
    return body + _FAINT.format(f"… {len(text):,} chars") if left_out else body
