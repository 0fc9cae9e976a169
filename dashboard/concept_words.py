"""Words and concepts, in words: what was matched, how much was found, what to do when nothing was."""

from collections.abc import Sequence

from dashboard.kin import listed, plural
from dashboard.words import count, percent, share
from store import records as r

SCORED = (
    "A score is taken on all mutual best matches of which either feature has 30 % of its activation on the words, "
    "whatever the share above. "
)


def by_models(texts: Sequence[r.TokenText]) -> list[tuple[tuple[str, ...], list[r.TokenText]]]:
    """(models, their tokens): models that cut the text alike have one row."""
    found: dict[str, list[r.TokenText]] = {}
    for one in texts:
        found.setdefault(one.model, []).append(one)
    alike: dict[tuple[tuple[str, int], ...], list[str]] = {}
    for model, own in found.items():
        alike.setdefault(tuple((one.text, one.n_tokens) for one in own), []).append(model)
    return [(tuple(models), found[models[0]]) for models in alike.values()]


def nothing(found: r.TokenSearch, models: Sequence[r.Model]) -> str:
    """Why no feature was found, and what to do; empty when some were."""
    if found.hits:
        return ""
    if not found.text:
        return "White space alone spells no token; search a word, or ask for a feature's tokens on the SQL page."
    if found.spelled:
        times = sum(one.n_tokens for one in found.spelled)
        return (
            f"The text has this token {plural(times, 'time', 'times')}, and no feature has it among its twenty "
            "strongest token texts. Search a more frequent one."
        )
    names = listed([model.model for model in models], "or")
    if found.holding:
        return f"No token of {names} spells this by itself; these tokens hold it. Search one of them."
    return (
        f"No token of {names} spells or holds this: their tokenizers cut it into pieces, or the text does not have it. "
        "Search a shorter piece or another word."
    )


def title(space: r.Space, hits: Sequence[r.TokenHit]) -> str:
    """How many features of a space fire on the word, and how many are listed."""
    if not hits:
        return f"{space.space} ({space.model}): no feature"
    total = hits[0].n_hits
    left_out = f", the {count(len(hits))} with the largest share" if len(hits) < total else ""
    return f"{space.space} ({space.model}): {plural(total, 'feature', 'features')}{left_out}"


def found(concept: r.Concept) -> int:
    """How often the text holds a concept's keywords."""
    return sum(one.n_found for one in concept.keywords)


def without(concept: r.Concept, least: float) -> str:
    """Why a concept has no feature at all, in words; empty where it has one."""
    if any(space.n_features for space in concept.spaces):
        return ""
    n = found(concept)
    if not n:
        return f"No passage holds any of its {plural(len(concept.keywords), 'keyword', 'keywords')}."
    largest = max((space.largest for space in concept.spaces if space.largest is not None), default=None)
    most = "none has 1 %" if largest is None else f"the most is {percent(largest)}"
    return (
        f"The text holds its keywords {plural(n, 'time', 'times')}, and no feature has {percent(least)} of its "
        f"activation on them: {most}."
    )


def matched(one: r.ConceptSpace) -> str:
    """`12, 33 % matched`, for a cell."""
    part = share(one.n_matched, one.n_features)
    return count(one.n_features) + (f", {percent(part)} matched" if part is not None else "")


def headline(concept: r.Concept, least: float) -> str:
    """How many features a concept has, and how many of them have a match."""
    total, kept = (sum(getattr(one, name) for one in concept.spaces) for name in ("n_features", "n_matched"))
    spaces = sum(one.n_features > 0 for one in concept.spaces)
    return (
        f"{plural(total, 'feature', 'features')} in {plural(spaces, 'space', 'spaces')} with at least {percent(least)} "
        f"of the activation on these words; {count(kept)} of them {'has' if kept == 1 else 'have'} a match."
    )
