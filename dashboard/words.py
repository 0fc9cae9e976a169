"""Evidence in words: every sentence, chip and number that a page shows, derived here from records and nowhere else."""

from collections.abc import Sequence
from dataclasses import replace

from dashboard import marks
from dashboard.links import PairsView
from store import records as r

UNKNOWN = "not measured"
NONE = "\N{EN DASH}"
"""An empty cell of a table."""
MINUS = "\N{MINUS SIGN}"


def number(value: float | None, digits: int = 2) -> str:
    """`.78`, `−.05`, `1.00`: a correlation-like number without its leading zero; unknown says so."""
    if value is None:
        return UNKNOWN
    text = f"{abs(value):.{digits}f}"
    shown = text[1:] if text.startswith("0.") else text
    return f"{MINUS}{shown}" if value < 0 and float(text) != 0 else shown


def count(value: int | None) -> str:
    return UNKNOWN if value is None else f"{value:,}"


def compact(value: int | None) -> str:
    """`1.0 M`, `24.6 k`, `812`."""
    if value is None:
        return UNKNOWN
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g} {letter}"
    return str(value)


def percent(value: float | None) -> str:
    """A fraction as a percentage of two significant digits below one per cent, whole above ten."""
    if value is None:
        return UNKNOWN
    share = 100 * value
    if share == 0:
        return "0 %"
    if abs(share) < 0.01:
        return "< .01 %"
    return f"{share:.0f} %" if abs(share) >= 10 else f"{share:.2g} %"


def fit(space: r.Space) -> tuple[str, str]:
    """The variance that a space explains, and what to do where an SAE explains too little."""
    if space.variance_explained is None:
        return NONE, ""
    poor = space.kind == "sae" and space.variance_explained < r.POOR_FIT
    advice = "this SAE does not rebuild what it reads: check hook, model, prepend_bos and normalisation"
    return f"{percent(space.variance_explained)} (low)" if poor else percent(space.variance_explained), advice * poor


def probability(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    return "< .001" if value < 0.001 else number(value, 3)


def share(part: float, whole: float) -> float | None:
    """part / whole; None where the whole is nothing."""
    return part / whole if whole > 0 else None


def token_share(match: r.Match) -> float | None:
    """Share of r that the token alone explains, 0 to 1; None for an r that is not above 0."""
    part = share(match.pearson_token, match.pearson)
    return None if part is None else min(max(part, 0.0), 1.0)


def evidence(match: r.Match) -> str:
    """`r .782 = token .072 + context .710`."""
    whole, token = round(match.pearson, 3), round(match.pearson_token, 3)
    # From the rounded numbers, so that the line adds up to the eye; at most .001 from pearson_context.
    context = round(whole - token, 3)
    sign = MINUS if context < 0 else "+"
    return f"r {number(whole, 3)} = token {number(token, 3)} {sign} context {number(abs(context), 3)}"


def sentence(match: r.Match) -> str:
    """What the counts say, for somebody who has not read the methods."""
    either_a, either_b = match.n_both + match.n_a_only, match.n_both + match.n_b_only
    text = f"Both fire on {count(match.n_both)} units; A fires on {count(either_a)}, B on {count(either_b)}. "
    part = token_share(match)
    if part is not None:
        text += f"Knowing the token explains {'under 1 %' if part < 0.01 else percent(part)} of r. "
    if match.margin is None:
        return text + "There is no runner-up to compare with."
    if match.margin < 0:
        return text + f"Another feature of B is {number(-match.margin)} ahead of it."
    return text + f"The runner-up is {number(match.margin)} behind."


def threshold(name: str, thresholds: r.Thresholds) -> str:
    """Where a reason begins, in words, for the glossary and tooltips."""
    t = thresholds
    words = {
        "rare": f"fires on fewer than {t.rare} tokens",
        "dense": f"fires on more than {percent(t.dense)} of tokens",
        "special": f"more than {percent(t.special)} of its activation",
        "position": f"pearson_position above {percent(t.position)} of pearson",
        "token": f"pearson_token above {percent(t.token)} of pearson",
        "single_token": f"top_token_share at least {percent(t.single_token)}",
        "stop_token": f"top_token_share at least {percent(t.stop_token)}, and a list of words",
        "not_mutual": "rank 1 from both sides",
        "hub": f"hub_size above {t.hub}",
        "chance": f"q_value above {t.chance:g}",
        "thin": f"n_both below {t.thin} units",
    }
    return words[name]


def ordinal(rank: int | None) -> str:
    """`best`, `2nd`, `13th`, `beyond 10th`."""
    if rank is None:
        return "beyond 10th"
    if rank == 1:
        return "best"
    ending = "th" if 10 <= rank % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank}{ending}"


_BOUNDS = {
    "min_pearson": ("r", "r is below the limit"),
    "min_context": ("context", "the part of r that only the context explains is below the limit"),
    "min_active": ("firing", "one side fires on fewer tokens than the limit"),
}
"""Limits of the filter: (label, why a match is dropped by it)."""


def step(name: str) -> str:
    """A step of the funnel, as its label."""
    return _BOUNDS[name][0] if name in _BOUNDS else name.replace("_", " ")


def kept_by(name: str) -> str:
    """What a step of the funnel leaves: `not rare`, `mutual`, `candidates`."""
    if name in _BOUNDS:
        return f"{step(name)} high enough"
    if name == "not_mutual":
        return "mutual best"
    return f"not {step(name)}" if name in r.REASONS else step(name)


def why_dropped(name: str) -> str:
    """What is wrong with the matches that a step drops."""
    return _BOUNDS[name][1] if name in _BOUNDS else r.REASONS[name]


def passing(steps: Sequence[r.FunnelStep], only: str | None) -> int | None:
    """How many matches the table has: what the funnel leaves, or what the step `only` drops; None if unknown."""
    if only is None:
        return steps[-1].n_left if steps else None
    return next((one.n_dropped for one in steps if one.name == only), None)


def empty(funnel: Sequence[r.FunnelStep], only: str | None) -> str:
    """Why no pair is left, and what to do."""
    if only is not None:
        return f"No match was dropped by `{step(only)}` under these filters. Go back, or choose another step."
    guilty = [s for s in funnel[1:] if s.n_dropped]
    if not funnel or funnel[0].n_left == 0:
        return "This comparison has no candidate at all: its two spaces never fire together."
    if not guilty:
        return "No match passes these filters. Reset them to see all."
    last = guilty[-1]
    return (
        f"No match passes. The last filter that removed some was `{step(last.name)}`: "
        f"{count(last.n_left + last.n_dropped)} → {count(last.n_left)}. Relax it."
    )


def alive(space: r.Space) -> str:
    return f"{count(space.n_alive)} of {count(space.n_features)} features fire"


KINDS = {
    "sae": "sparse autoencoder",
    "neurons": "the model's own units: the baseline without an SAE",
    "random_sae": "an SAE with random weights: the floor",
    "imported": "activations computed elsewhere",
}


def summary(one: r.ComparisonSummary, role: str) -> str:
    """A comparison in a tooltip."""
    return (
        f"{one.comparison} ({role})\n{count(one.n_homologues)} contextual homologues among {count(one.n_mutual)} "
        "mutual best "
        f"matches\nmedian r of A's best matches {number(one.median_pearson)}, from context {number(one.median_context)}"
    )


def page_title(a: str, b: str, match: r.Match | None) -> str:
    """Names the pair in a browser's history and in a chat's preview."""
    return f"{a} ↔ {b} · r {number(match.pearson)} · Homolog" if match else f"{a} ↔ {b} · Homolog"


def listed(view: PairsView, comparison: str) -> PairsView:
    """The list in which a pair of this comparison is looked at."""
    return replace(view, comparison=comparison, page=1)


def scatter(found: r.UnitScatter) -> str:
    """What the scatter of units shows."""
    if found.cells:
        return (
            f"{count(found.n_units)} units where either fires, as shaded cells: the stronger the shade, the more units."
        )
    if len(found.points) < found.n_units:
        return (
            f"{count(len(found.points))} of the {count(found.n_units)} units where either fires. Hover for the token."
        )
    return f"Every one of the {count(found.n_units)} units where either fires. Hover for the token."


def no_floor(ranges: Sequence[r.NullFloor]) -> str:
    """Why there is no picture of chance; empty where there is one."""
    if not ranges:
        return (
            "Chance is not known here: it is measured by matching every passage with another, and this text is a "
            "single passage. Run the job on more text."
        )
    if all(one.q95 is None for one in ranges):
        return (
            f"Chance is not known here: too few features of A fire ({count(sum(one.n_features for one in ranges))}) to "
            "say what the best of a search among shuffled passages looks like."
        )
    return ""


def floor(ranges: Sequence[r.NullFloor], rare: int) -> str:
    """What chance looks like, in numbers: for the rarest features that are not `rare`, and for the fullest range."""
    known = [one for one in ranges if one.q95 is not None]
    first = next((one for one in known if one.n_active_low >= rare), known[0])
    most = max(known, key=lambda one: (one.n_features, -one.n_active_low))
    text = f"Features of A that fire {_range(first)} times reach r = {number(first.q95)} by chance once in twenty"
    if most is not first:
        text += f"; those that fire {_range(most)} times, r = {number(most.q95)}"
    return (
        f"{text}. Grey is chance: best matches when B reads other passages. So each dot is a best match, too: one for "
        "each feature of A, blue if it passes the filters."
    )


def _range(one: r.NullFloor) -> str:
    low, high = count(one.n_active_low), count(one.n_active_high)
    return low if low == high else f"{low} to {high}"


def region(chosen: r.Region) -> str:
    """What a rectangle on the scatter leaves."""
    token, whole = (number(chosen.token_low), number(chosen.token_high)), (number(chosen.r_low), number(chosen.r_high))
    return f"Only matches with r from {whole[0]} to {whole[1]} of which the token explains {token[0]} to {token[1]}."


def alignment(comparison: r.Comparison) -> str:
    """What a unit of a comparison is."""
    if comparison.alignment == "identical":
        return f"both sides have the same tokens, so a unit is a token ({comparison.n_units:,} units)"
    return f"the two models cut text differently; a unit ends where both cut ({comparison.n_units:,} units)"


def kind(space: r.Space) -> str:
    """What a space's dictionary is."""
    return KINDS.get(space.kind, space.kind)


def computed(model: r.Model) -> str:
    """What a model was loaded from, and how it computed."""
    load = marks.plain(model.load, 200)
    return f"{load}, {model.dtype} on {model.device}" if model.dtype and model.device else load
