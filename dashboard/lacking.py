"""Unmatched features in words: what one side of a comparison has and the other lacks."""

from collections.abc import Sequence

from dashboard.words import count, number, step
from store import records as r

SORTS = {
    "mass": "activation mass",
    "n_active": "firing count",
    "token_entropy_bits": "spread over tokens",
}
WHY_SORTED = {
    "mass": "The most alive first: activation mass is how often a feature fires times how strongly, so neither a faint "
    "hum nor a single burst leads.",
    "n_active": "The most frequent first, however weakly they fire.",
    "token_entropy_bits": "The widest spread over token texts first: the least likely to stand for one token.",
}


def sentence(steps: Sequence[r.FunnelStep], own: str, other: str, below: float) -> str:
    """How much of one side has no match, and how many of those a list leaves out."""
    alive, found, *later = steps
    text = (
        f"{count(found.n_left)} of {count(alive.n_left)} alive features of {own} have no match above "
        f"r = {number(below)} in {other}"
    )
    dropped = [f"{count(one.n_dropped)} {step(one.name)}" for one in later if one.n_dropped]
    if not dropped:
        return f"{text}."
    return f"{text}. {count(steps[-1].n_left)} are listed; left out: {', '.join(dropped)}."


def empty(steps: Sequence[r.FunnelStep]) -> str:
    """Why no unmatched feature is listed, and what to do."""
    alive, found, *later = steps
    if alive.n_left == 0:
        return "No feature of this side ever fires on this text."
    if found.n_left == 0:
        return "Every alive feature of this side has a match as strong as that. Raise the limit to list the weakest."
    last = [one for one in later if one.n_dropped][-1]
    return (
        f"No unmatched feature passes. The last filter that removed some was `{step(last.name)}`: "
        f"{count(last.n_left + last.n_dropped)} → {count(last.n_left)}. Relax it."
    )


def chance(one: r.Unmatched, side: str) -> str:
    """How a weak best match stands against chance, for a tooltip."""
    if side == "b":
        return "what chance gives is measured for features of A only"
    if one.chance_q95 is None:
        return "what chance gives is not known for this firing count"
    text = f"chance exceeds r = {number(one.chance_q95)} once in twenty at this firing count"
    if one.pearson is None:
        return text
    return f"{text}: this r is {'above' if one.pearson > one.chance_q95 else 'no better than'} that"
