"""Families in words: how many spaces they span, and what that says about models."""

from collections.abc import Sequence

from dashboard.words import count, step
from store import records as r


def plural(n: int | None, one: str, more: str) -> str:
    return f"{count(n)} {one if n == 1 else more}"


def headline(counts: r.FamilyCounts, min_spaces: int, n_models: int) -> str:
    """How many families there are: `90 families: 42 span 4 spaces, 48 span 3.`"""
    wide = [(spaces, n) for spaces, n in counts.by_spaces if spaces >= min_spaces]
    total = sum(n for _, n in wide)
    parts = ", ".join(f"{count(n)} span{'s' if n == 1 else ''} {spaces} spaces" for spaces, n in wide)
    text = f"{plural(total, 'family', 'families')}: {parts}."
    if n_models > 1 and min_spaces == 3:
        text += (
            f" {count(counts.n_every_model)} {'has' if counts.n_every_model == 1 else 'have'} a member in every model."
        )
    return text


def learned(spaces: Sequence[r.Space]) -> list[r.Space]:
    """The spaces that may have a part in a family: not random directions, which share with any space."""
    return [space for space in spaces if space.kind != "random_sae"]


def siblings(spaces: Sequence[r.Space]) -> list[tuple[str, ...]]:
    """Groups of spaces that read one hook of one model, such as two training seeds; an unknown hook is no group."""
    groups: dict[tuple[str, str], list[str]] = {}
    for space in spaces:
        if space.hook is not None:
            groups.setdefault((space.model, space.hook), []).append(space.space)
    return [tuple(names) for names in groups.values() if len(names) > 1]


def caution(spaces: Sequence[r.Space]) -> str:
    """Which spaces agree by training and not by kinship of models; empty where none do."""
    spaces = learned(spaces)
    text = "".join(
        f"{listed(names)} are dictionaries of one hook of one model: that they share a feature says nothing about two "
        "models. "
        for names in siblings(spaces)
    )
    models: dict[str, int] = {}
    for space in spaces:
        models[space.model] = models.get(space.model, 0) + 1
    several = [model for model, n in models.items() if n > 1]
    if several and len(models) > 1:
        text += f"Spaces of one model ({listed(several)}) count as spaces like any other; the models are named beside."
    return text.strip()


def span(family: r.Family, spaces: Sequence[r.Space]) -> str:
    """How far one family reaches: spaces, models, and whether its matches agree with each other."""
    spaces = learned(spaces)
    models = dict.fromkeys(space.model for space in spaces)
    text = (
        f"{plural(len(family.members), 'feature', 'features')} in {len(family.spaces)} of {len(spaces)} spaces and "
        f"{len(family.models)} of {plural(len(models), 'model', 'models')} ({listed(family.models)})."
    )
    if absent := [space.space for space in spaces if space.space not in family.spaces]:
        text += f" None in {listed(absent)}."
    if crowded(family):
        text += (
            " Some space has more than one member: the matches do not agree with each other, so read this family as a "
            "chain and look at its weakest link."
        )
    return text


def crowded(family: r.Family) -> bool:
    """Whether a space has more than one member."""
    return len(family.members) > len(family.spaces)


def not_compared(family: r.Family, comparisons: Sequence[r.Comparison]) -> str:
    """Which of a family's spaces no comparison joins directly; empty where all are."""
    known = {frozenset((one.space_a, one.space_b)) for one in comparisons}
    missing = [
        f"{one} with {other}"
        for place, one in enumerate(family.spaces)
        for other in family.spaces[place + 1 :]
        if frozenset((one, other)) not in known
    ]
    return f"Not compared in this store: {', '.join(missing)}." if missing else ""


def empty(counts: r.FamilyCounts, min_spaces: int, filter: r.PairFilter) -> str:
    """Why no family is listed, and what to do."""
    if counts.reach < min_spaces:
        reached = plural(counts.reach, "space", "spaces")
        return (
            f"A family of {min_spaces} spaces needs {min_spaces} spaces that comparisons connect; here they connect "
            f"{reached}. Add a [[spaces]] and the [[comparisons]] that reach it to the run file, and run again."
        )
    if not counts.n_links:
        hidden = ", ".join(step(name) for name in filter.hide if name != "not_mutual")
        return f"No mutual best match passes these filters. Relax one ({hidden or 'r, context or firing'})."
    largest = max(spaces for spaces, _ in counts.by_spaces)
    fewer = ", or ask for fewer spaces" if min_spaces > 3 else ""
    return (
        f"{plural(counts.n_links, 'mutual best match passes', 'mutual best matches pass')}, and none chain over "
        f"{min_spaces} spaces: the widest family spans {largest}. Relax a filter{fewer}."
    )


def alone(ref: str, passing: int) -> str:
    """Why a feature has no family under a filter."""
    return (
        f"No mutual best match of {ref} passes these filters, so it has no family here "
        f"({plural(passing, 'match of other features passes', 'matches of other features pass')}). "
        "Its page shows its best match in every space."
    )


def listed(names: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"
