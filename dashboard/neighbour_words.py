"""Neighbourhoods in words: how many neighbours a feature keeps, what chance keeps, and why there may be none."""

from collections.abc import Sequence

from dashboard import words
from dashboard.kin import plural
from dashboard.score_words import number, probability
from store import records as r

WHAT = (
    "A neighbour is a feature of the same space whose activations correlate with this one's. A solid line leads to the "
    "neighbour's best match where that is a neighbour, too: kept. A dashed grey one leads to where the match lies "
    "instead: lost."
)
HOW = "A token looks at that feature's own neighbours, an id opens the feature, a line or an arrow opens the pair."


def nearest(n: int) -> str:
    """`ten nearest features`, `7 nearest features`, `one near feature`."""
    if n == 1:
        return "one near feature"
    return f"{'ten' if n == 10 else n} nearest features"


def headline(found: r.Neighbourhood, a: str, b: str, space_b: str) -> str:
    """What one feature keeps; `a`, `b` are its id and its match's, the latter unused where there is none."""
    if found.partner is None:
        return f"{a} has no match in {space_b}, so there is nothing that its neighbours could lead to."
    if not found.of_a:
        return f"{a} has no neighbour: no other feature of its space correlates with it above 0."
    if not found.of_b:
        return f"{b}, its match, has no neighbour in its own space, so none can be kept."
    kept = sum(one.is_kept for one in found.of_a)
    who = f"the {nearest(len(found.of_a))} of {a}"
    reached = len(found.kept_in_b)
    where = "a neighbour"
    if reached < kept:
        where = f"{reached} neighbours" if reached > 1 else "one and the same neighbour"
    if len(found.of_a) == 1:
        text = f"The {nearest(1)} of {a} {'leads' if kept else 'does not lead'} to a neighbour of its match {b}"
    elif kept == 0:
        text = f"None of {who} leads to a neighbour of its match {b}"
    else:
        text = f"Of {who}, {kept} lead{'s' if kept == 1 else ''} to {where} of its match {b}"
    return f"{text}: overlap {words.number(found.overlap)}."


def chance(one: r.MapAgreement | None, floor: tuple[str, float] | None = None) -> str:
    """What a comparison's matches keep on average, the same features paired at random, and random weights.

    `floor`: a space of random weights that A is compared with, too, and the mean overlap there.
    """
    if one is None or one.value is None:
        n = f"there {'is' if one.n_rows == 1 else 'are'} {one.n_rows:,}" if one else "it was not measured"
        return f"What chance keeps is not known here: it takes 20 matched features with neighbours, and {n}."
    text = (
        f"On average the mutual best matches of this comparison overlap by {number(one.value)}; the same features "
        f"paired at random by {number(one.null_mean)} ({probability(one.p_value)})."
    )
    return text if floor is None else f"{text} Matched with random weights ({floor[0]}): {number(floor[1])}."


def unkept(found: r.Neighbourhood) -> str:
    """What the picture shows beside the kept ones; empty where there is nothing to count."""
    if found.partner is None or not found.of_a or not found.of_b:
        return ""
    alone = sum(one.partner is None for one in found.of_a)
    lost = sum(one.partner is not None and not one.is_kept for one in found.of_a)
    parts = [f"{lost} {'leads' if lost == 1 else 'lead'} elsewhere"] if lost else []
    parts += [f"{alone} {'has' if alone == 1 else 'have'} no match"] if alone else []
    parts.append(f"{len(found.of_b) - len(found.kept_in_b)} of B's {len(found.of_b)} are reached by nobody")
    return f"{', '.join(parts)}; order alike: {words.number(found.rbo)} of 1 (rank-biased overlap of the whole lists)."


def direction(ref: str, n_shared: int, n: int) -> str:
    """What the neighbours by decoder row have to do with those by activation."""
    if n == 0:
        return f"No decoder row of its space points in a direction like that of {ref}."
    return f"{n_shared} of {n} {'is' if n_shared == 1 else 'are'} among its neighbours by activation, too."


def distribution(found: r.OverlapDistribution, space_a: str) -> str:
    """How many features the distribution holds, and which are left out."""
    total, mutual = sum(one.n for one in found.bins), sum(one.n_mutual for one in found.bins)
    text = (
        f"{plural(total, 'feature', 'features')} of {space_a} with a match and neighbours on both sides: "
        f"{words.count(mutual)} in mutual best matches, {words.count(total - mutual)} not."
    )
    if found.n_unknown:
        text += f" {words.count(found.n_unknown)} left out: they or their match have no neighbour."
    return text


def no_distribution(found: r.OverlapDistribution, c: r.Comparison) -> str:
    """Why there is nothing to draw; empty where there is something."""
    if any(one.n for one in found.bins):
        return ""
    if found.n_unknown:
        n = plural(found.n_unknown, "feature has", "features have")
        return f"{n} a match in {c.space_b}, but on one side or the other no neighbours are known: nothing to compare."
    return f"No feature of {c.space_a} has a match in {c.space_b}: the two never fire together."


def no_kept(found: r.OverlapDistribution) -> str:
    """Why neither table has a row."""
    mutual = sum(one.n_mutual for one in found.bins)
    if not mutual:
        return "No mutual best match has neighbours on both sides."
    return f"None of the {plural(mutual, 'mutual best match', 'mutual best matches')} passes the default filter."


def pair(n_kept: int, n: int, overlap: float | None, one: r.MapAgreement | None) -> str:
    """The Pair page's line: `4 of A's ten neighbours lead to neighbours of B: overlap .25, by chance .0041`."""
    if overlap is None:
        return "Neighbours kept: not known, for one of the two has none."
    known = one is not None and one.null_mean is not None
    by_chance = f", by chance {number(one.null_mean)}" if one is not None and known else ""
    if n == 1:
        text = f"A's one neighbour {'leads' if n_kept else 'does not lead'} to a neighbour of B"
    else:
        text = (
            f"{n_kept} of A's {'ten' if n == 10 else n} neighbours lead{'s' if n_kept == 1 else ''} to neighbours of B"
        )
    return f"{text}: overlap {words.number(overlap)}{by_chance}"


def family(found: r.Family) -> str:
    """`in a family of 5 features across 4 spaces`."""
    return f"in a family of {len(found.members)} features across {len(found.spaces)} spaces"


def only_b(space: str, asked: Sequence[r.Comparison]) -> str:
    """Why some comparisons of a space are not asked about its neighbourhoods; empty where there is none."""
    names = [one.space_a for one in asked if one.space_b == space]
    if not names:
        return ""
    return f"Against {', '.join(names)} it is B, and the question is asked from A: open its match there."
