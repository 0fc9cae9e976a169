"""A feature and a match in numbers, tokens and reasons, as HTML: for the pages, and for a pair that leaves as one."""

from collections.abc import Sequence
from html import escape

from dashboard import marks, markup, reasons, words
from store import records as r

SHOWN = 14
"""Top tokens of a card."""
EFFECTS = 8
"""Output tokens of either side."""


def numbers(items: Sequence[tuple[str, str, str]]) -> str:
    """A quiet line of facts: (name, value, tooltip)."""
    body = "".join(
        f'<div title="{escape(tip)}" style="white-space:nowrap"><div style="font-size:.72rem;'
        f'{markup.FAINT}">{escape(name)}</div>'
        f'<div style="font-size:.95rem;font-variant-numeric:tabular-nums">{escape(value)}</div></div>'
        for name, value, tip in items
    )
    return f'<div style="display:flex;flex-wrap:wrap;gap:.5rem 1.4rem;margin:.1rem 0 .3rem">{body}</div>'


def evidence(match: r.Match) -> str:
    """r and its two parts as a line and as a bar."""
    return (
        f'<div style="{markup.MONO};font-size:1.15rem;font-weight:600;'
        f'margin-bottom:.4rem">{escape(words.evidence(match))}</div>'
        f"{markup.split_bar(match, '.9rem')}"
        f'<div style="display:flex;justify-content:space-between;font-size:.72rem;{markup.FAINT}"><span>0</span>'
        "<span>grey: what the token explains · blue: what only the context explains</span><span>1</span></div>"
    )


def reason_lines(match: r.Match, thresholds: r.Thresholds) -> str:
    """Every reason of a match with its numbers, a line each; or that none holds, and which come closest."""
    if match.reasons:
        title = "Why it may be trivial"
        lines = [
            f"{markup.chip(words.step(name), r.REASONS[name])} {markup.sentence(reasons.why(name, match, thresholds))}"
            for name in match.reasons
        ]
    else:
        title = "No reason to call it trivial holds"
        chip = markup.chip("contextual homologue", "none of the reasons for a trivial match holds", "a")
        near = "; ".join(markup.sentence(one) for one in reasons.nearest(match, thresholds))
        lines = [f"{chip} {f'Nearest: {near}.' if near else ''}"]
    if moved := reasons.moved(thresholds):
        lines.append(f'<span style="{markup.FAINT}">Thresholds of this link: {escape(moved)}.</span>')
    body = "".join(f'<div style="line-height:1.9">{line}</div>' for line in lines)
    return f'<div style="font-size:.88rem"><div style="font-weight:600">{title}</div>{body}</div>'


def top_tokens(tokens: Sequence[r.FeatureToken], side: str) -> str:
    """Token texts with most of a feature's activation, each as strong as its share."""
    shown = "".join(
        markup.token(
            one.token,
            f"{marks.plain(one.token)}\n{words.percent(one.mass_share)} of its activation, on {one.n_active:,} "
            "occurrences",
            side,
            0.1 + 0.9 * one.mass_share,
        )
        for one in tokens[:SHOWN]
    )
    return (
        f'<div style="font-size:.72rem;{markup.FAINT}">Top tokens, by share of its activation</div><div>{shown}</div>'
    )


def effects(logits: Sequence[r.Logit], which: str, side: str) -> str:
    """Output tokens that a feature raises (`promoted`) or lowers (`suppressed`) most."""
    rows = sorted((one for one in logits if one.side == which), key=lambda one: one.rank)[:EFFECTS]
    title = "Output tokens it raises" if which == "promoted" else "Output tokens it lowers"
    values = [(one.token, one.value, f"{one.value:+.3g} logits per unit of activation") for one in rows]
    return bars(title, values, side)


def bars(title: str, rows: Sequence[tuple[str, float, str]], side: str) -> str:
    """Tokens with a small bar for their value: (token, value, tooltip)."""
    largest = max((abs(value) for _, value, _ in rows), default=0.0) or 1.0
    body = "".join(
        f'<div title="{escape(marks.plain(text))}&#10;{escape(tip)}" style="display:flex;align-items:center;gap:.4rem;'
        f'font-size:.8rem;line-height:1.55"><div style="{markup.MONO};flex:1 1 0;min-width:0;overflow:hidden;'
        f'text-overflow:ellipsis;white-space:nowrap;unicode-bidi:isolate">{marks.html(text, 22)}</div>'
        f'<div style="flex:0 0 34%"><div style="height:.5rem;border-radius:2px;width:{100 * abs(value) / largest:.0f}%;'
        f'background:{markup.shade(side, 0.9 if value >= 0 else 0.25)}"></div></div>'
        f'<div style="flex:0 0 2.6rem;text-align:right;font-variant-numeric:tabular-nums">{value:+.2f}</div></div>'
        for text, value, tip in rows
    )
    return f'<div style="font-size:.72rem;{markup.FAINT};margin-bottom:.15rem">{escape(title)}</div>{body}'
