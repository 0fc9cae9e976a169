"""A neighbourhood as HTML: A's neighbours, lines to their best matches, B's neighbours and where the lost ones lead.

The lines are links cut out of the middle column by `clip-path`, since pages show no SVG. Rows have one height, so a
line's ends are known in rem; its width is whatever the page leaves. Where that is narrow the columns stack, the lines
go, and the arrow at the end of each row says the same.
"""

from collections.abc import Sequence
from html import escape

from dashboard import links, marks, markup, neighbour_links, words
from dashboard.charts import A_RGB, B_RGB, GREY_RGB
from dashboard.links import FeatureRef
from store import records as r

ROW = 2.15
"""Height of a row, in rem."""
HEAD = 4.3
"""Height of what stands above the rows of either column, in rem."""
MIDDLE = 14.0
"""Width of the column of lines, in rem."""
NARROW = 50.0
"""Width, in rem, below which the columns stack."""
HALF, REACH = 0.075, 0.5
"""Half the thickness of a line that is seen, and of the strip around it that can be clicked, in rem."""
STEPS = 14
_NUMBER = "font-variant-numeric:tabular-nums;text-align:right;white-space:nowrap;font-size:.82rem"


def picture(
    fingerprint: str,
    c: r.Comparison,
    found: r.Neighbourhood,
    own: tuple[r.Feature, r.Feature | None],
) -> str:
    """The three columns; `own` are the feature of A and its best match (None: it has none)."""
    outside = beyond(found)
    left = _column("a", fingerprint, c.space_a, own[0], "its neighbours", "its match")
    left += "".join(_row_a(fingerprint, c, one) for one in found.of_a)
    right = ""
    if own[1] is not None:
        right = _column("b", fingerprint, c.space_b, own[1], "its neighbours", "led here by")
        right += "".join(_row_b(fingerprint, c, one, found.of_a) for one in found.of_b)
        if outside:
            right += _between("elsewhere in B: best matches of those that are lost")
            right += "".join(_row_lost(fingerprint, c, one, found) for one in outside)
    basis = f"flex:1 1 max(17rem,({NARROW}rem - 100%)*999);min-width:0"
    width = f"flex:none;width:min({MIDDLE}rem,max(0rem,(100% - {NARROW}rem)*999))"
    drawn = "".join(_line(fingerprint, c, one, found, outside) for one in found.of_a)
    between = _own_line(fingerprint, c, found)
    return (
        '<div style="display:flex;flex-wrap:wrap;row-gap:1.2rem">'
        f'<div style="{basis}">{left}</div>'
        f'<div style="{width};position:relative;overflow:hidden">{between}{drawn}</div>'
        f'<div style="{basis}">{right}</div></div>'
    )


def beyond(found: r.Neighbourhood) -> list[r.CarriedNeighbour]:
    """Of A's neighbours that are lost, those with a match, one for each match, in the order of A's."""
    lost: dict[int, r.CarriedNeighbour] = {}
    for one in found.of_a:
        if one.partner is not None and not one.is_kept:
            lost.setdefault(one.partner, one)
    return list(lost.values())


# Rows ------------------------------------------------------------------------------------------------------------
def _column(side: str, fingerprint: str, space: str, one: r.Feature, title: str, last: str) -> str:
    """The feature in the middle of it all, and what stands in the rows beneath."""
    ref = FeatureRef(space, one.feature)
    name = markup.feature_link(fingerprint, ref, side)
    top = markup.token(one.top_token, "", side, 0.45) if one.top_token is not None else ""
    fires = f'<span style="{markup.FAINT};font-size:.8rem">fires on {words.count(one.n_active)}</span>'
    head = (
        f'<div style="display:flex;gap:.6rem;align-items:center;height:{HEAD - 1.7}rem;padding:0 .4rem;overflow:hidden;'
        f'font-size:1.05rem;white-space:nowrap">{name} {top} {fires}</div>'
    )
    small = f"{markup.FAINT};font-size:.74rem;height:1.7rem"
    titles = _cells(
        "",
        escape(title),
        "",
        '<span title="Pearson correlation of the activations with the feature above">r</span>',
        '<span title="tokens that it fires on">fires</span>',
        escape(last),
        small,
    )
    return head + titles


def _cells(rank: str, name: str, token: str, value: str, fires: str, last: str, style: str) -> str:
    """One line of fixed columns; everything that may be long gives way."""
    spread = "" if token else "overflow:visible;white-space:nowrap;"
    return (
        f'<div style="display:flex;align-items:center;gap:.55rem;padding:0 .4rem;box-sizing:border-box;{style}">'
        f'<span style="{_NUMBER};flex:0 0 1.1rem;{markup.FAINT}">{rank}</span>'
        f'<span style="flex:0 0 3.4rem;overflow:hidden;{spread}">{name}</span>'
        f'<span style="flex:1 1 0;min-width:0;overflow:hidden;white-space:nowrap">{token}</span>'
        f'<span style="{_NUMBER};flex:0 0 2.1rem">{value}</span>'
        f'<span style="{_NUMBER};flex:0 0 3.1rem">{fires}</span>'
        f'<span style="{_NUMBER};flex:0 0 4.9rem">{last}</span></div>'
    )


def _look(side: str | None) -> str:
    """Of a row: shaded in its side's colour where it is kept, plain where it is not."""
    back = f"background:{markup.shade(side, 0.06)};" if side else ""
    return f"height:{ROW}rem;border-top:{markup.LINE};{back}"


def _row_a(fingerprint: str, c: r.Comparison, one: r.CarriedNeighbour) -> str:
    ref = FeatureRef(c.space_a, one.feature)
    here = neighbour_links.href(fingerprint, c.comparison, ref)
    shown = marks.plain(one.top_token) if one.top_token is not None else "no top token"
    tip = f"{shown}\nlook at the neighbours of {ref}"
    chip = markup.token(one.top_token or "", tip, "a", 0.3 if one.is_kept else 0.12)
    if one.partner is None:
        last = f'<span style="{markup.FAINT}">no match</span>'
    else:
        side = "b" if one.is_kept else "grey"
        last = markup.link(
            _pair(fingerprint, c, one),
            f'<span style="{markup.FAINT}">→</span> {_id(str(one.partner), side, one.is_kept)}',
            said(c, one),
            "text-decoration:none",
        )
    return _cells(
        str(one.rank),
        markup.feature_link(fingerprint, ref, "a", str(one.feature)),
        markup.link(here, chip, tip, "text-decoration:none"),
        words.number(one.value),
        words.compact(one.n_active),
        last,
        _look("a" if one.is_kept else None),
    )


def _row_b(fingerprint: str, c: r.Comparison, one: r.Neighbour, of_a: Sequence[r.CarriedNeighbour]) -> str:
    leading = [other for other in of_a if other.is_kept and other.partner == one.feature]
    tip = "no neighbour of A has its best match here"
    last = f'<span title="{tip}" style="{markup.FAINT}">nobody</span>'
    if leading:
        last = ", ".join(
            markup.link(_pair(fingerprint, c, o), _id(str(o.feature), "a", True), said(c, o), "text-decoration:none")
            for o in leading[:2]
        )
        last += f" +{len(leading) - 2}" if len(leading) > 2 else ""
    ref = FeatureRef(c.space_b, one.feature)
    return _cells(
        str(one.rank),
        markup.feature_link(fingerprint, ref, "b", str(one.feature)),
        markup.token(one.top_token or "", "", "b", 0.3 if leading else 0.12),
        words.number(one.value),
        words.compact(one.n_active),
        last,
        _look("b" if leading else None),
    )


def _row_lost(fingerprint: str, c: r.Comparison, one: r.CarriedNeighbour, found: r.Neighbourhood) -> str:
    """A feature of B that is no neighbour, and who leads there."""
    leading = [other for other in found.of_a if other.partner == one.partner]
    ref = FeatureRef(c.space_b, one.partner or 0)
    who = ", ".join(str(other.feature) for other in leading)
    shown = who if len(leading) < 3 else f"{leading[0].feature} +{len(leading) - 1}"
    chip = markup.token(one.partner_token or "", "", "grey", 0.12)
    if one.partner == found.partner:
        tip = "these neighbours of A have the same best match as A's feature itself"
        chip += f'<span title="{tip}" style="{markup.FAINT};font-size:.76rem">the match itself</span>'
    return _cells(
        "",
        markup.feature_link(fingerprint, ref, "grey", str(one.partner)),
        chip,
        "",
        "",
        f'<span title="best match of A\'s {who}" style="{markup.FAINT}">{shown}</span>',
        f"{_look(None)};opacity:.8",
    )


def _between(text: str) -> str:
    style = f"height:{ROW}rem;display:flex;align-items:end;padding:0 .4rem .2rem;font-size:.74rem;box-sizing:border-box"
    return f'<div style="{style};{markup.FAINT};border-top:{markup.LINE}">{escape(text)}</div>'


def _id(text: str, side: str, strong: bool) -> str:
    weight = "font-weight:600" if strong else "font-weight:400;opacity:.75"
    style = f"{markup.MONO};font-size:.82rem;{weight};border-bottom:2px solid {markup.shade(side, 1.0)}"
    return f'<span style="{style}">{escape(text)}</span>'


# Lines -----------------------------------------------------------------------------------------------------------
def _pair(fingerprint: str, c: r.Comparison, one: r.CarriedNeighbour) -> str:
    a, b = FeatureRef(c.space_a, one.feature), FeatureRef(c.space_b, one.partner or 0)
    return links.href("pair", links.pair_query(fingerprint, a, b))


def said(c: r.Comparison, one: r.CarriedNeighbour) -> str:
    """What a line means, for its tooltip."""
    where = f"B's {words.ordinal(one.partner_rank)} neighbour" if one.partner_rank != 1 else "B's nearest"
    what = f"kept: {where}" if one.is_kept else "lost: no neighbour of B's"
    r_of = f"r {words.number(one.pearson)}"
    return f"{c.space_a}:{one.feature} → {c.space_b}:{one.partner}, {r_of}\n{what}\nopens the pair"


def _line(
    fingerprint: str,
    c: r.Comparison,
    one: r.CarriedNeighbour,
    found: r.Neighbourhood,
    outside: Sequence[r.CarriedNeighbour],
) -> str:
    """From a neighbour of A to where its match lies; nothing where it has none."""
    if one.partner is None or found.partner is None:
        return ""
    if one.is_kept:
        place = next((i for i, other in enumerate(found.of_b) if other.feature == one.partner), 0)
        paint = f"linear-gradient(90deg,{_colour(A_RGB, 0.95)},{_colour(B_RGB, 0.95)})"
    else:
        place = len(found.of_b) + 1 + next(i for i, other in enumerate(outside) if other.partner == one.partner)
        grey = _colour(GREY_RGB, 0.75)
        # Across the line's own direction, or dashes would lean where it is steep.
        turn = 135 if place >= one.rank else 90
        paint = f"repeating-linear-gradient({turn}deg,{grey} 0 .45rem,transparent .45rem .8rem)"
    start, end = (HEAD + ROW * (i + 0.5) for i in (one.rank - 1, place))
    return _strip(_pair(fingerprint, c, one), said(c, one), start, end, paint, HALF if one.is_kept else HALF * 0.8)


def _own_line(fingerprint: str, c: r.Comparison, found: r.Neighbourhood) -> str:
    """The match of the feature in the middle, with its r above."""
    if found.partner is None:
        return ""
    a, b = FeatureRef(c.space_a, found.feature_a), FeatureRef(c.space_b, found.partner)
    target, height = links.href("pair", links.pair_query(fingerprint, a, b)), (HEAD - 1.7) / 2
    paint = f"linear-gradient(90deg,{_colour(A_RGB, 0.95)},{_colour(B_RGB, 0.95)})"
    shown = f"best match, r {words.number(found.pearson)}"
    label = markup.link(target, shown, f"{a} ↔ {b}\nopens the pair", "text-decoration:none")
    style = f"position:absolute;top:0;width:100%;text-align:center;font-size:.78rem;height:{height}rem"
    return (
        f'<div style="{style};white-space:nowrap;overflow:hidden;line-height:{height}rem">{label}</div>'
        f"{_strip(target, f'{a} ↔ {b}', height + 0.1, height + 0.1, paint, HALF * 1.4)}"
    )


def _strip(target: str, title: str, start: float, end: float, paint: str, half: float) -> str:
    """A link along the curve, `start` and `end` in rem from the top; only its middle is painted."""
    place = "position:absolute;inset:0"
    inner = f'<div style="{place};background:{paint};clip-path:{_outline(start, end, half)}"></div>'
    return markup.link(target, inner, title, f"{place};display:block;clip-path:{_outline(start, end, REACH)}")


def _outline(start: float, end: float, half: float) -> str:
    """A CSS polygon around an S-shaped curve, equally thick all along in a column that is `MIDDLE` wide."""
    upper, lower = [], []
    for step in range(STEPS + 1):
        t = step / STEPS
        y = start + (end - start) * t * t * (3 - 2 * t)
        slope = (end - start) * 6 * t * (1 - t) / MIDDLE
        reach = half * (1 + slope * slope) ** 0.5
        upper.append(f"{100 * t:.3g}% {y - reach:.2f}rem")
        lower.append(f"{100 * t:.3g}% {y + reach:.2f}rem")
    return f"polygon({','.join([*upper, *reversed(lower)])})"


def _colour(rgb: tuple[int, int, int], alpha: float) -> str:
    return f"rgba({rgb[0]},{rgb[1]},{rgb[2]},{alpha})"
