"""Passages -> HTML: tokens with the shades of one feature, or with one feature's band above and another's below."""

from collections.abc import Iterable, Sequence
from html import escape

from dashboard import marks, markup, words
from store import records as r


def _value(activation: float | None) -> str:
    return "does not fire" if not activation else f"{activation:.3g}"


BANDS = ".42em"
"""Room above and below a token for the two bands."""


def _token(token: r.StripToken, background: str, title: str, padding: str = ".1em") -> str:
    style = f"background:{background};border-radius:2px;padding:{padding} 0;unicode-bidi:isolate"
    if token.is_focus:
        style += ";border-bottom:2px solid currentColor"
    if token.is_special:
        style += f";{markup.FAINT};font-style:italic"
    return f'<span title="{escape(title)}" style="{style}">{marks.html(token.text)}</span>'


def _one(token: r.StripToken, side: str, top: float | None) -> str:
    name = "special token, never counted" if token.is_special else f"{side.upper()}: {_value(token.activation)}"
    return _token(
        token, markup.shade(side, markup.strength(token.activation, top)), f"{marks.plain(token.text)}\n{name}"
    )


def _line(tokens: Iterable[str], left: bool, right: bool) -> str:
    ends = [f'<span style="{markup.FAINT}">…</span>' if cut else "" for cut in (left, right)]
    # Chromium breaks a line between inline spans only where the text itself allows it.
    return f"{ends[0]}{'<wbr>'.join(tokens)}{ends[1]}"


def _text(body: str) -> str:
    style = f"{markup.MONO};font-size:.84rem;line-height:1.75;white-space:break-spaces;overflow-wrap:anywhere"
    return f'<div style="{style}">{body}</div>'


def _row(values: Sequence[tuple[str, float | None, str]], source: str, body: str) -> str:
    """Activations on the left (side, value, tooltip), the text, and where it comes from."""
    shown = "".join(
        f'<div title="{escape(tip)}" style="border-left:3px solid {markup.shade(side, 1.0 if value else 0.0)};'
        f'padding-left:.4rem;{"" if value else markup.FAINT}">{f"{value:.3g}" if value else words.NONE}</div>'
        for side, value, tip in values
    )
    return (
        f'<div style="display:flex;gap:.9rem;padding:.45rem 0;border-top:{markup.LINE}">'
        f'<div style="{markup.MONO};font-size:.78rem;line-height:1.5;flex:0 0 3.6rem">{shown}</div>'
        f'<div style="flex:1 1 0;min-width:0">{_text(body)}'
        f'<div style="font-size:.72rem;{markup.FAINT};{markup.MONO};'
        f'overflow-wrap:anywhere">{escape(marks.plain(source, 90))}</div></div></div>'
    )


def strip(one: r.Strip, top: float | None, side: str = "a") -> str:
    """A stretch of text shaded by one feature; `top` is the feature's largest activation."""
    focus = next((token.activation for token in one.tokens if token.is_focus), None)
    body = _line((_one(token, side, top) for token in one.tokens), one.cut_left, one.cut_right)
    return _row([(side, focus, "activation at the underlined token")], one.source, body)


def aligned(a: r.Strip, b: r.Strip) -> list[tuple[tuple[r.StripToken, ...], tuple[r.StripToken, ...]]] | None:
    """Tokens of both sides, cut where both have a boundary; None when the two do not spell the same text."""
    cells: list[tuple[tuple[r.StripToken, ...], tuple[r.StripToken, ...]]] = []
    left, right = list(a.tokens), list(b.tokens)
    while left and right:
        here, there = [left.pop(0)], [right.pop(0)]
        length, other = len(here[0].text), len(there[0].text)
        while length != other:
            queue, cell = (left, here) if length < other else (right, there)
            if not queue:
                return None
            cell.append(queue.pop(0))
            length, other = sum(len(t.text) for t in here), sum(len(t.text) for t in there)
        if "".join(t.text for t in here) != "".join(t.text for t in there):
            return None
        cells.append((tuple(here), tuple(there)))
    return None if left or right else cells


def pair_strip(pair: r.PairStrip, top_a: float | None, top_b: float | None) -> str:
    """The same stretch under both: A's band above a token, B's below; two lines where the tokens differ."""
    values = [
        ("a", pair.activation_a or None, "largest activation of A among this passage's units of the group"),
        ("b", pair.activation_b or None, "largest activation of B among this passage's units of the group"),
    ]
    cells = aligned(pair.a, pair.b)
    cut = pair.a.cut_left or pair.b.cut_left, pair.a.cut_right or pair.b.cut_right
    if cells is not None and all(len(x) == len(y) == 1 for x, y in cells):
        tokens: Iterable[str] = (_halves(x[0], y[0], top_a, top_b) for x, y in cells)
        return _row(values, pair.a.source, f'<div style="line-height:2.3">{_line(tokens, *cut)}</div>')
    if cells is not None:
        return _row(values, pair.a.source, _line((_stacked(x, y, top_a, top_b) for x, y in cells), *cut))
    above = _line((_one(token, "a", top_a) for token in pair.a.tokens), pair.a.cut_left, pair.a.cut_right)
    below = _line((_one(token, "b", top_b) for token in pair.b.tokens), pair.b.cut_left, pair.b.cut_right)
    return _row(values, pair.a.source, f"<div>{above}</div><div>{below}</div>")


def _halves(a: r.StripToken, b: r.StripToken, top_a: float | None, top_b: float | None) -> str:
    upper, lower = (
        markup.shade("a", markup.strength(a.activation, top_a)),
        markup.shade("b", markup.strength(b.activation, top_b)),
    )
    title = f"{marks.plain(a.text)}\nA: {_value(a.activation)}\nB: {_value(b.activation)}"
    if a.is_special:
        title = f"{marks.plain(a.text)}\nspecial token, never counted"
    focus = a if a.is_focus else b
    # Bands that leave the middle free: two colours that meet behind a word look as if it were struck out.
    bands = f"linear-gradient({upper} 0 30%,transparent 30% 70%,{lower} 70% 100%)"
    return _token(focus, bands, title, BANDS)


def _stacked(a: Sequence[r.StripToken], b: Sequence[r.StripToken], top_a: float | None, top_b: float | None) -> str:
    rows = "".join(
        f'<span style="display:block;line-height:1.35">{"".join(_one(token, side, top) for token in tokens)}</span>'
        for side, tokens, top in (("a", a, top_a), ("b", b, top_b))
    )
    return f'<span style="display:inline-block;vertical-align:top;margin:.15rem 1px .15rem 0">{rows}</span>'
