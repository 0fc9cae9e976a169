"""Records -> HTML with inline styles only: token strips, chips, ids, small bars. Every text is escaped.

Shades are translucent over whatever background the theme has, and text keeps the theme's colour, so both stay readable
in light and dark. The strongest shade stays below the point where either would lose contrast.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from dashboard import links, list_links, marks, reasons, words
from dashboard.charts import A_RGB, B_RGB, GREY_RGB
from dashboard.links import FeatureRef, UnmatchedView
from store import records as r

MONO = "font-family:'Source Code Pro',ui-monospace,SFMono-Regular,Menlo,Consolas,monospace"
HEADING = "font-size:1.55rem;margin:0;padding:0;line-height:1.5;font-weight:600;overflow-wrap:anywhere"
SUBHEADING = "font-size:1.12rem;margin:0;padding:.5rem 0 1rem;font-weight:600;overflow-wrap:anywhere"
"""As Streamlit's own title and header, for text that must not be markdown."""
LINE = "1px solid rgba(140,140,150,.22)"
FAINT = "opacity:.7"
"""Still a contrast of 4.5 on any shade that stands behind a line of text."""
_RGB = {"a": A_RGB, "b": B_RGB, "grey": GREY_RGB}
WEAKEST, STRONGEST = 0.12, 0.55
"""Opacity of the shade of an activation just above 0, and of the feature's maximum."""


def shade(side: str, strength: float) -> str:
    """CSS colour of a strength of 0 to 1; outside values are clipped, 0 is transparent."""
    red, green, blue = _RGB[side]
    clipped = min(max(strength, 0.0), 1.0)
    alpha = 0.0 if clipped == 0 else WEAKEST + (STRONGEST - WEAKEST) * clipped
    return f"rgba({red},{green},{blue},{alpha:.3f})"


def strength(activation: float | None, top: float | None) -> float:
    """Activation as a fraction of the feature's maximum; 0 where either is unknown."""
    return activation / top if activation and top else 0.0


def _value(activation: float | None) -> str:
    return "does not fire" if not activation else f"{activation:.3g}"


BANDS = ".42em"
"""Room above and below a token for the two bands."""


def _token(token: r.StripToken, background: str, title: str, padding: str = ".1em") -> str:
    style = f"background:{background};border-radius:2px;padding:{padding} 0;unicode-bidi:isolate"
    if token.is_focus:
        style += ";border-bottom:2px solid currentColor"
    if token.is_special:
        style += f";{FAINT};font-style:italic"
    return f'<span title="{escape(title)}" style="{style}">{marks.html(token.text)}</span>'


def _one(token: r.StripToken, side: str, top: float | None) -> str:
    name = "special token, never counted" if token.is_special else f"{side.upper()}: {_value(token.activation)}"
    return _token(token, shade(side, strength(token.activation, top)), f"{marks.plain(token.text)}\n{name}")


def _line(tokens: Iterable[str], left: bool, right: bool) -> str:
    ends = [f'<span style="{FAINT}">…</span>' if cut else "" for cut in (left, right)]
    # Chromium breaks a line between inline spans only where the text itself allows it.
    return f"{ends[0]}{'<wbr>'.join(tokens)}{ends[1]}"


def _text(body: str) -> str:
    style = f"{MONO};font-size:.84rem;line-height:1.75;white-space:break-spaces;overflow-wrap:anywhere"
    return f'<div style="{style}">{body}</div>'


def _row(values: Sequence[tuple[str, float | None, str]], source: str, body: str) -> str:
    """Activations on the left (side, value, tooltip), the text, and where it comes from."""
    shown = "".join(
        f'<div title="{escape(tip)}" style="border-left:3px solid {shade(side, 1.0 if value else 0.0)};'
        f'padding-left:.4rem;{"" if value else FAINT}">{f"{value:.3g}" if value else words.NONE}</div>'
        for side, value, tip in values
    )
    return (
        f'<div style="display:flex;gap:.9rem;padding:.45rem 0;border-top:{LINE}">'
        f'<div style="{MONO};font-size:.78rem;line-height:1.5;flex:0 0 3.6rem">{shown}</div>'
        f'<div style="flex:1 1 0;min-width:0">{_text(body)}'
        f'<div style="font-size:.72rem;{FAINT};{MONO};'
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
    upper, lower = shade("a", strength(a.activation, top_a)), shade("b", strength(b.activation, top_b))
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


def chip(text: str, title: str = "", side: str = "grey") -> str:
    """A small rounded label."""
    style = f"display:inline-block;background:{shade(side, 0.15)};border-radius:.6rem;padding:.02rem .5rem;"
    style += "margin:.1rem .25rem .1rem 0;"
    return f'<span title="{escape(title)}" style="{style}font-size:.76rem;white-space:nowrap">{escape(text)}</span>'


def token(text: str, title: str = "", side: str = "grey", weight: float = 0.2) -> str:
    """One token text as a monospace chip."""
    style = f"{MONO};display:inline-block;background:{shade(side, weight)};border-radius:3px;padding:0 .3rem;"
    style += "margin:.08rem .2rem .08rem 0;font-size:.8rem;unicode-bidi:isolate;white-space:pre"
    tip = escape(title or marks.plain(text))
    return f'<span title="{tip}" style="{style}">{marks.html(text, 22)}</span>'


def link(target: str, body: str, title: str = "", style: str = "", rel: str = "") -> str:
    """`rel` is `prev` or `next` where a key steps there."""
    step = f' rel="{rel}"' if rel else ""
    return f'<a href="{escape(target)}" title="{escape(title)}"{step} style="color:inherit;{style}">{body}</a>'


def collect(fingerprint: str, pairs: Sequence[list_links.Pair], on: str, off: str, main: bool = False) -> str:
    """A link that the browser makes a switch: are these pairs in the visitor's reading list? `main` gets the key `a`.

    Without its code the link opens a list of just these pairs. `on` and `off` are its texts.
    """
    target = links.href("list", list_links.list_query(fingerprint, list_links.ListView(tuple(pairs))))
    style = f"color:inherit;text-decoration:none;border:{LINE};border-radius:.5rem;padding:.15rem .55rem"
    what = "this pair" if len(pairs) == 1 else f"these {len(pairs)} pairs"
    said = f'title="{what} in your reading list: add, or take out" aria-label="{what} in your reading list"'
    return (
        f'<a href="{escape(target)}" {said} data-pairs="{escape(list_links.written(pairs))}" data-on="{escape(on)}" '
        f'data-off="{escape(off)}"{" data-main" if main else ""} style="{style}">{escape(off)}</a>'
    )


def feature_link(fingerprint: str, f: FeatureRef, side: str, text: str | None = None) -> str:
    """A feature's id, monospace, underlined in its side's colour, leading to its page."""
    style = f"{MONO};text-decoration:none;border-bottom:2px solid {shade(side, 1.0)};font-weight:600;white-space:nowrap"
    return link(
        links.href("feature", links.feature_query(fingerprint, f)), escape(text or str(f)), f"feature {f}", style
    )


def sentence(parts: reasons.Sentence) -> str:
    """A sentence whose tokens are drawn as tokens."""
    return "".join(token(part.text) if isinstance(part, reasons.Token) else escape(part) for part in parts)


def reason_chips(match: r.Match, thresholds: r.Thresholds) -> str:
    """The reasons of a match in a cell of a table, each with its numbers as a tooltip."""
    return (
        "".join(chip(words.step(name), reasons.plain(reasons.why(name, match, thresholds))) for name in match.reasons)
        or words.NONE
    )


def unmatched_links(fingerprint: str, comparison: r.Comparison, thresholds: r.Thresholds) -> str:
    """Links to what each side of a comparison has and the other lacks."""
    found = []
    for side, own, other in (
        ("a", comparison.space_a, comparison.space_b),
        ("b", comparison.space_b, comparison.space_a),
    ):
        view = UnmatchedView(comparison.comparison, side, r.UnmatchedFilter(thresholds=thresholds))
        name = f"in {escape(own)}, not in {escape(other)}"
        tip = f"features of {own} without a match in {other}"
        found.append(link(links.href("unmatched", links.unmatched_query(fingerprint, view)), name, tip))
    return " · ".join(found)


def split_bar(match: r.Match, height: str = ".55rem") -> str:
    """r as a bar of full width 1: grey for what the token explains, blue for what only the context does."""
    token_part, r_part = (min(max(v, 0.0), 1.0) for v in (match.pearson_token, match.pearson))
    token_part = min(token_part, r_part)
    title = words.evidence(match)
    part = '<div style="width:{:.1f}%;background:{}"></div>'
    return (
        f'<div title="{escape(title)}" style="display:flex;height:{height};width:100%;min-width:4rem;border-radius:3px;'
        f'overflow:hidden;background:{shade("grey", 0.05)}">'
        + part.format(100 * token_part, "rgba(140,140,150,.75)")
        + part.format(100 * (r_part - token_part), f"rgba({A_RGB[0]},{A_RGB[1]},{A_RGB[2]},.9)")
        + "</div>"
    )


SCROLLS = '<div style="overflow-x:auto;position:relative" tabindex="0" role="group" aria-label="scrolls sideways">'
"""Opens what is wider than its place and scrolls by itself; a keyboard must reach it to scroll."""


def unseen(text: str) -> str:
    """Text for those who do not see the page: what stands there says it to everybody else."""
    style = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap"
    return f'<span style="{style}">{escape(text)}</span>'


def table(head: Sequence[tuple[str, str, bool]], rows: Iterable[Sequence[str]]) -> str:
    """A quiet table. `head`: (title, tooltip, is a number); cells are HTML already."""
    right = ["right" if number else "left" for _, _, number in head]
    heads = "".join(
        f'<th scope="col" title="{escape(tip)}" style="text-align:{align};font-weight:500;font-size:.76rem;{FAINT};'
        "padding:.3rem .5rem;"
        f'border:0;border-bottom:{LINE};white-space:nowrap">{escape(title) or unseen(tip)}</th>'
        for (title, tip, _), align in zip(head, right, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="text-align:{align};padding:.35rem .5rem;border:0;border-bottom:{LINE};'
            f'vertical-align:middle;font-size:.84rem{";white-space:nowrap" * (align == "right")}">{cell}</td>'
            for cell, align in zip(row, right, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'{SCROLLS}<table style="width:100%;border-collapse:collapse;border:0;margin:0">'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>{_explained(head)}"
    )


def _explained(head: Sequence[tuple[str, str, bool]]) -> str:
    """What the columns say, behind one word: a tooltip needs a mouse, and a phone or a keyboard has none."""
    known = "".join(
        f'<dt style="font-weight:600;padding-top:.25rem">{escape(title)}</dt><dd style="margin:0">{escape(tip)}</dd>'
        for title, tip, _ in head
        if title and tip
    )
    style = f"font-size:.76rem;{FAINT};padding:.3rem .5rem 0"
    return (
        f'<details style="{style}"><summary>Columns</summary><dl style="margin:0">{known}</dl></details>'
        if known
        else ""
    )


def grid(
    summaries: Sequence[r.ComparisonSummary],
    value: str,
    shown: dict[str, str],
    targets: dict[str, str],
    titles: dict[str, str],
    references: frozenset[str],
) -> str:
    """Space A by space B, a cell for each comparison, shaded by `value` (a field of ComparisonSummary) and a link.

    `shown`, `targets`, `titles`: comparison -> the cell's text, where it leads, its tooltip; `references` are grey.
    """
    largest = max((abs(getattr(one, value) or 0) for one in summaries), default=0) or 1

    def cell(one: r.ComparisonSummary) -> str:
        side = "grey" if one.comparison in references else "a"
        return link(
            targets[one.comparison],
            escape(shown[one.comparison]),
            titles[one.comparison],
            "display:block;text-decoration:none;text-align:center;padding:.65rem .3rem;font-weight:600;"
            f"border-radius:4px;background:{shade(side, abs(getattr(one, value) or 0) / largest)};"
            "font-variant-numeric:tabular-nums",
        )

    return crossed({(one.space_a, one.space_b): cell(one) for one in summaries})


def crossed(cells: Mapping[tuple[str, str], str]) -> str:
    """Space A by space B: (A, B) -> HTML of a cell, in the order in which they are given."""
    small = f"{MONO};font-size:.76rem;padding:.2rem .4rem;border:0;font-weight:500"
    columns = list(dict.fromkeys(b for _, b in cells))
    head = "".join(f'<th scope="col" style="{small};text-align:center">{escape(name)}</th>' for name in columns)
    body = ""
    for name in dict.fromkeys(a for a, _ in cells):
        row = f'<th scope="row" style="{small};text-align:right;white-space:nowrap">{escape(name)}</th>'
        for other in columns:
            row += f'<td style="border:0;padding:3px;vertical-align:top">{cells.get((name, other), "")}</td>'
        body += f'<tr style="border:0">{row}</tr>'
    corner = f'<th style="{small};{FAINT};text-align:right">A \\ B</th>'
    return (
        f'{SCROLLS}<table style="border-collapse:separate;border:0;width:100%;table-layout:auto;margin:0">'
        f'<thead><tr style="border:0">{corner}{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def underlined(text: str, side: str) -> str:
    """A feature's id inside a larger link."""
    style = f"{MONO};border-bottom:2px solid {shade(side, 1.0)};font-weight:600;white-space:nowrap"
    return f'<span style="{style}">{escape(text)}</span>'
