"""Why a match may be trivial: each reason in a sentence with the match's own numbers and tokens, and its limit.

A sentence is made of text and tokens, so that a page can draw the tokens and a tooltip can spell them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

from dashboard import marks
from dashboard.words import count, number, ordinal, percent, probability, share, step, token_share
from store import records as r


@dataclass(frozen=True)
class Token:
    """A token within a sentence."""

    text: str


Sentence = tuple[str | Token, ...]


def plain(sentence: Sentence) -> str:
    """For a tooltip: white space of tokens made visible."""
    return "".join(f"`{marks.plain(part.text)}`" if isinstance(part, Token) else part for part in sentence)


def why(name: str, match: r.Match, thresholds: r.Thresholds) -> Sentence:
    """A reason that holds, with this match's own numbers and the limit that they passed."""
    limit = over(name, thresholds)
    return (*_SAID[name](match, thresholds), f" ({limit})") if limit else _SAID[name](match, thresholds)


def over(name: str, thresholds: r.Thresholds) -> str | None:
    """What is beyond a reason's limit: `more than 80 %`; None for a reason without one."""
    t = thresholds
    words = {
        "rare": f"fewer than {count(t.rare)}",
        "dense": f"more than {percent(t.dense)}",
        "special": f"more than {percent(t.special)}",
        "position": f"more than {percent(t.position)}",
        "token": f"more than {percent(t.token)}",
        "single_token": f"at least {percent(t.single_token)}",
        "stop_token": f"at least {percent(t.stop_token)}",
        "hub": f"more than {count(t.hub)}",
        "chance": f"more than {number(t.chance) if t.chance >= 0.01 else f'{t.chance:g}'}",
        "thin": f"fewer than {count(t.thin)}",
    }
    return words.get(name)


def changed(thresholds: r.Thresholds, names: Sequence[str] = tuple(r.REASONS)) -> list[str]:
    """The thresholds, of those named, that differ from the default."""
    return [
        item.name
        for item in fields(r.Thresholds)
        if item.name in names and getattr(thresholds, item.name) != item.default
    ]


def moved(thresholds: r.Thresholds) -> str:
    """Which thresholds a link has moved, in words; empty for none."""
    default = r.Thresholds()
    return ", ".join(
        f"{step(name)} {over(name, thresholds)} (default: {over(name, default)})" for name in changed(thresholds)
    )


def nearest(match: r.Match, thresholds: r.Thresholds, most: int = 3) -> list[Sentence]:
    """The reasons that come closest to holding, closest first, each with its limit; unknown ones are left out."""
    ratios = {name: ratio for name, of in _RATIO.items() if (ratio := of(match, thresholds)) is not None and ratio > 0}
    chosen = sorted(ratios, key=lambda name: (-ratios[name], list(r.REASONS).index(name)))[:most]
    return [(*_SAID[name](match, thresholds), f" (a reason if {over(name, thresholds)})") for name in chosen]


def _sides(match: r.Match, name: str, holds: Callable[[float], bool], rarest: bool = False) -> list[tuple[str, float]]:
    """(side, value) of every side that passes a limit, or of the side that comes closest to it."""
    known = [(side.upper(), value) for side in "ab" if (value := getattr(match, f"{name}_{side}")) is not None]
    closest = sorted(known, key=lambda one: one[1], reverse=not rarest)[:1]
    return [one for one in known if holds(one[1])] or closest


def _rare(match: r.Match, t: r.Thresholds) -> Sentence:
    sides = _sides(match, "n_active", lambda n: n < t.rare, rarest=True)
    return (" and ".join(f"{side} fires on {count(int(n))} tokens" for side, n in sides),)


def _dense(match: r.Match, t: r.Thresholds) -> Sentence:
    sides = _sides(match, "firing_rate", lambda rate: rate > t.dense)
    return (" and ".join(f"{side} fires on {percent(rate)} of tokens" for side, rate in sides),)


def _special(match: r.Match, t: r.Thresholds) -> Sentence:
    sides = _sides(match, "special_share", lambda part: part > t.special)
    named = " and ".join(f"{percent(part)} of {side}'s" for side, part in sides)
    return (f"{named} activation is on special tokens such as begin-of-text",)


def _position(match: r.Match, t: r.Thresholds) -> Sentence:
    part = share(match.pearson_position, match.pearson)
    if part is None:
        return (f"r = {number(match.pearson)}, and the position's part of it is {number(match.pearson_position)}",)
    return (f"{percent(part)} of r = {number(match.pearson)} is explained by the position in the passage",)


def _token(match: r.Match, t: r.Thresholds) -> Sentence:
    part = token_share(match)
    if part is None:
        return (f"r = {number(match.pearson)}, and the token's part of it is {number(match.pearson_token)}",)
    text = f"{percent(part)} of r = {number(match.pearson)} is explained by the token"
    a, b = match.top_token_a, match.top_token_b
    if a is None or b is None:
        return (text,)
    if a != b:
        return (f"{text}, most often ", Token(a), " for A and ", Token(b), " for B")
    # The token explains r over all token texts; one of them is the whole story only where it has most of both.
    most = min(match.top_token_share_a or 0.0, match.top_token_share_b or 0.0) > 0.5
    return (f"{text} " if most else f"{text}, most often ", Token(a))


def _single_token(match: r.Match, t: r.Thresholds) -> Sentence:
    a, b = match.top_token_a, match.top_token_b
    if a is None or b is None:
        return ("the top tokens are not known",)
    return (
        f"A has {percent(match.top_token_share_a)} of its activation on ", Token(a),
        f", B {percent(match.top_token_share_b)} on ", Token(b),
    )  # fmt: skip


def _stop_token(match: r.Match, t: r.Thresholds) -> Sentence:
    a, b = match.top_token_a, match.top_token_b
    if a is None or b is None:
        return ("the top tokens are not known",)
    kind = "punctuation, white space or a function word"
    part_a, part_b = percent(match.top_token_share_a), percent(match.top_token_share_b)
    if a == b:
        return (Token(a), f" is {kind}, and has {part_a} of A's activation, {part_b} of B's")
    return (
        Token(a), " and ", Token(b), f" are each {kind}; A has {part_a} of its activation on the one, "
        f"B {part_b} on the other",
    )  # fmt: skip


def _not_mutual(match: r.Match, t: r.Thresholds) -> Sentence:
    return (f"B is A's {ordinal(match.rank_ab)} match, A is B's {ordinal(match.rank_ba)}",)


def _hub(match: r.Match, t: r.Thresholds) -> Sentence:
    if match.hub_size == 1:
        return ("1 feature of A has this feature of B as its best match, beyond chance",)
    return (f"{count(match.hub_size)} features of A have this feature of B as their best match, beyond chance",)


def _chance(match: r.Match, t: r.Thresholds) -> Sentence:
    return (f"q = {probability(match.q_value)}: how often a search among shuffled passages finds as good a match",)


def _thin(match: r.Match, t: r.Thresholds) -> Sentence:
    return (f"both fire together on {count(match.n_both)} units",)


_SAID: dict[str, Callable[[r.Match, r.Thresholds], Sentence]] = {
    "rare": _rare, "dense": _dense, "special": _special, "position": _position, "token": _token,
    "single_token": _single_token, "stop_token": _stop_token, "not_mutual": _not_mutual, "hub": _hub,
    "chance": _chance, "thin": _thin,
}  # fmt: skip


def _part(value: float | None, limit: float) -> float | None:
    return None if value is None or limit <= 0 else value / limit


def _largest(*values: float | None) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _smaller(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else min(a, b)


_RATIO: dict[str, Callable[[r.Match, r.Thresholds], float | None]] = {
    "rare": lambda m, t: t.rare / min(m.n_active_a, m.n_active_b) if min(m.n_active_a, m.n_active_b) else None,
    "dense": lambda m, t: _part(max(m.firing_rate_a, m.firing_rate_b), t.dense),
    "special": lambda m, t: _part(_largest(m.special_share_a, m.special_share_b), t.special),
    "position": lambda m, t: _part(share(m.pearson_position, m.pearson), t.position),
    "token": lambda m, t: _part(share(m.pearson_token, m.pearson), t.token),
    "single_token": lambda m, t: _part(_smaller(m.top_token_share_a, m.top_token_share_b), t.single_token),
    # A match that is not by luck counts itself: only those beyond the first make a hub.
    "hub": lambda m, t: _part(m.hub_size - 1, t.hub),
    "chance": lambda m, t: _part(m.q_value, t.chance),
    "thin": lambda m, t: t.thin / m.n_both if m.n_both else None,
}
"""How far towards its limit a reason is: 1 is the limit. None where it is unknown.

`stop_token` is not here: which tokens count is known to the store alone."""
