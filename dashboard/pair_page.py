"""One pair as a page that leaves as one file: what the Pair page shows, without the dashboard around it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from dashboard import card_markup, charts, facts, links, marks, markup, standalone, words
from dashboard.links import FeatureRef, PairsView
from store import records as r

GROUPS = {"both": ("Both fire", 10), "only_a": ("Only A fires", 5), "only_b": ("Only B fires", 5)}
"""Group -> (its title, passages that are shown)."""
READ = (
    "The band above a token is A's activation (blue), the band below it B's (orange), each as strong as it is beside "
    "the feature's largest; the numbers on the left are both at the strongest place.",
    "r is the correlation of the two features over all units; grey is the part that knowing the token explains, blue "
    "what only the context explains. Judge by the text: do both fire for one reason, and where do they part?",
)
"""How to read it."""


@dataclass(frozen=True)
class Side:
    """One of the two features and what is known of it."""

    feature: r.Feature
    space: r.Space
    model: r.Model
    tokens: Sequence[r.FeatureToken]
    histogram: Sequence[r.HistogramBin]
    logits: Sequence[r.Logit]

    @property
    def ref(self) -> FeatureRef:
        return FeatureRef(self.feature.space, self.feature.feature)


@dataclass(frozen=True)
class Pair:
    """Everything that the page says."""

    build: r.Build
    comparison: r.Comparison
    sides: tuple[Side, Side]
    match: r.Match | None
    """None where the two were never candidates of each other."""
    view: PairsView
    """The filter and the thresholds of the link."""
    counts: Mapping[str, int]
    """Units of each group."""
    strips: Mapping[str, Sequence[r.PairStrip]]
    """Passages of each group."""


def page(pair: Pair, base: str | None, today: date) -> bytes:
    """A file of HTML; `base` is the address of a page of the dashboard, to which it links back."""
    a, b = pair.sides
    title = words.page_title(str(a.ref), str(b.ref), pair.match)
    return standalone.document(title, "\n".join(_parts(pair, today)), base)


def _parts(pair: Pair, today: date) -> list[str]:
    a, b = pair.sides
    fingerprint = pair.build.fingerprint
    names = (markup.feature_link(fingerprint, side.ref, letter) for side, letter in zip((a, b), "ab", strict=True))
    back = links.href("pair", links.pair_query(fingerprint, a.ref, b.ref, pair.view))
    return [
        f"<h1>{' ↔ '.join(names)}</h1>",
        f'<p class="quiet">{_place(a, "A")}<br>{_place(b, "B")}</p>',
        *_evidence(pair),
        "<h2>Where they fire</h2>",
        *(_group(pair, name) for name in GROUPS),
        '<h2>The two features</h2><div class="columns">',
        _card(a, "a"),
        _card(b, "b"),
        "</div>",
        "<h2>How to read this</h2>",
        *(f"<p>{escape(line)}</p>" for line in READ),
        f'<p class="quiet">{escape(pair.comparison.comparison)}: {escape(words.alignment(pair.comparison))}.</p>',
        standalone.foot(markup.link(back, "Open this pair in Homolog"), pair.build, today),
    ]


def _place(side: Side, letter: str) -> str:
    """Which model a side reads, and where."""
    hook = f" at {side.space.hook}" if side.space.hook else ""
    text = f"{letter}: {side.space.model} ({words.computed(side.model)}){hook}, {words.kind(side.space)}"
    return escape(marks.plain(text, 300))


def _evidence(pair: Pair) -> list[str]:
    if pair.match is None:
        return ["<p>These two were never candidates of each other: r and its parts are not known.</p>"]
    return [
        f"<div>{card_markup.evidence(pair.match)}</div>",
        f"<p>{escape(words.sentence(pair.match))}</p>",
        card_markup.reason_lines(pair.match, pair.view.filter.thresholds),
        card_markup.numbers(facts.measures(pair.match)),
    ]


def _group(pair: Pair, name: str) -> str:
    title, most = GROUPS[name]
    n = pair.counts.get(name, 0)
    found = pair.strips.get(name, ())[:most]
    top_a, top_b = (side.feature.max_activation for side in pair.sides)
    shown = "".join(markup.pair_strip(one, top_a, top_b) for one in found)
    much = f"{words.count(n)} unit{'' if n == 1 else 's'}"
    if found:
        much += f", the {'strongest passage' if len(found) == 1 else f'{len(found)} strongest passages'}"
    return f'<p><b>{title}</b> <span class="quiet">{much}</span></p><section>{shown}</section>'


def _card(side: Side, letter: str) -> str:
    feature = side.feature
    label = f" · {escape(marks.plain(feature.label, 80))}" if feature.label else ""
    head = (
        f'<div style="font-size:1.05rem;overflow-wrap:anywhere">{markup.underlined(str(side.ref), letter)}{label}</div>'
    )
    if feature.n_active == 0:
        return f'<div class="card">{head}<p>It never fires on this text.</p></div>'
    effects = "".join(
        f"<div>{card_markup.effects(side.logits, which, letter)}</div>" for which in ("promoted", "suppressed")
    )
    return (
        f'<div class="card">{head}{card_markup.numbers(facts.facts(feature))}'
        f"{card_markup.top_tokens(side.tokens, letter)}{histogram(side.histogram, letter)}"
        + (f'<div class="columns narrow">{effects}</div>' if side.logits else "")
        + "</div>"
    )


WIDTH, HEIGHT, LEFT, BOTTOM = 320, 104, 34, 16
"""Of a histogram, in its own units: the whole, and the room for its numbers."""


def histogram(bins: Sequence[r.HistogramBin], side: str) -> str:
    """A feature's activations above 0 as an SVG, counts on a square-root scale as on the pages."""
    if not bins:
        return ""
    top, most = bins[-1].upper, max(one.count for one in bins)
    wide, high = WIDTH - LEFT, HEIGHT - BOTTOM - 6
    drawn = ""
    for one in bins:
        if one.count:
            x, width = LEFT + wide * one.lower / top, wide * (one.upper - one.lower) / top
            height = high * (one.count / most) ** 0.5
            drawn += (
                f'<rect x="{x:.2f}" y="{HEIGHT - BOTTOM - height:.2f}" width="{max(width - 0.6, 0.4):.2f}" '
                f'height="{height:.2f}"><title>{one.lower:.3g} to {one.upper:.3g}: {one.count:,} tokens</title></rect>'
            )
    text = (
        f'<text x="{LEFT}" y="{HEIGHT - 3}">0</text>'
        f'<text x="{(WIDTH + LEFT) / 2:.0f}" y="{HEIGHT - 3}" text-anchor="middle">activation</text>'
        f'<text x="{WIDTH}" y="{HEIGHT - 3}" text-anchor="end">{top:.3g}</text>'
        f'<text x="{LEFT - 4}" y="14" text-anchor="end">{words.compact(most)}</text>'
        f'<text x="{LEFT - 4}" y="{HEIGHT - BOTTOM}" text-anchor="end">0</text>'
    )
    label = f"histogram of activations, from 0 to {top:.3g}; the fullest of {len(bins)} bins holds {most:,} tokens"
    colour = charts.A if side == "a" else charts.B
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}" style="margin:.5rem 0">'
        f'<g fill="{colour}" fill-opacity=".85">{drawn}</g><g font-size="9.5" opacity=".72">{text}</g></svg>'
    )
