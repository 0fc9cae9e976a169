"""Scores in words: what a number says against its null, and against ceilings and floors."""

from collections.abc import Sequence

from dashboard import words
from store.score_records import Score, ScoreCell, SweepPoint

METRICS = {
    "cca": "mean canonical correlation of the two sides",
    "svcca": "mean canonical correlation of what the strongest singular directions of each side span",
    "pc1_correlation": "absolute correlation of the first principal component scores",
    "pwcca": "canonical correlations, weighted by how much of A each direction carries",
    "cka": "linear kernel alignment; biased upwards where rows are few",
    "cka_debiased": "linear kernel alignment without that bias; may be below 0",
    "rsa": "rank correlation of the two sides' row-by-row similarities",
    "procrustes": "distance left after the best rotation and scale: 0 is the same shape",
    "singular_value_l2": "distance of the two spectra; blind to the pairing, and small for random matrices, too",
    "knn_jaccard": "share of nearest rows in both sides' lists, of those in either",
    "mutual_knn": "share of nearest rows that both sides list",
    "rank_biased_overlap": "agreement of the two ordered lists of nearest rows, the nearest counting most",
    "rank_similarity": "agreement in rank of the nearest rows that both sides list",
    "distance_correlation": "distance correlation; biased upwards where rows are few",
    "distance_correlation_debiased": "squared distance correlation without that bias; may be below 0",
    "mmcs": "mean over A's rows of the largest cosine with any row of B",
    "hungarian_cosine": "mean cosine of rows under the best one-to-one assignment",
    "hard_match": "mean correlation of columns under the best one-to-one assignment",
    "soft_match": "mean correlation of each column with its best partner",
}
"""Each metric in a line."""
LEVELS = {
    "decoder": "decoder rows of the pairs",
    "activations": "activations of the pairs at units",
}
ROLES = {
    "finding": "two models",
    "within": "one model elsewhere",
    "ceiling": "ceiling",
    "baseline": "baseline",
    "floor": "floor",
}
"""What a comparison can tell, short."""
REFERENCES = ("ceiling", "baseline", "floor")
SAID = {
    "ceiling": "two dictionaries of one model at one hook",
    "baseline": "a model's own units",
    "floor": "random weights",
}
TABLES = {"comparison": "this comparison", "metric": "this metric", "all": "everything"}


def number(value: float | None) -> str:
    """A score to two significant digits, as small as .0001: nulls are that small, and .00 says nothing."""
    if value is None:
        return words.UNKNOWN
    size = abs(value)
    if 0 < size < 0.00005:
        return "about 0"
    return words.number(value, 2 if size >= 0.095 or size == 0 else 3 if size >= 0.0095 else 4)


def probability(value: float | None, name: str = "p") -> str:
    """`p = .001`, `p < .001`, `p is not measured`."""
    text = words.probability(value)
    return f"{name} is {text}" if value is None else f"{name} {text if text[0] == '<' else f'= {text}'}"


def subset(name: str) -> str:
    """Which pairs a score is taken on."""
    kind, _, which = name.partition(":")
    if kind == "first":
        return f"the {which} pairs with the largest r"
    if kind == "concept":
        return f"mutual best matches of the concept {which}"
    return {"all": "all mutual best matches", "kept": "those that pass the default filter"}.get(name, name)


def named(metric: str, parameters: str) -> str:
    return f"{metric} ({parameters})" if parameters else metric


def missing(score: Score | None) -> str:
    """Why there is no value."""
    if score is None:
        return "not taken"
    return score.reason or "no value, and no reason was stored"


def reading(cell: ScoreCell, cells: Sequence[ScoreCell], metric: str, parameters: str) -> str:
    """A score in a sentence or three: its value, its null, what ceilings and floors have."""
    one, name = cell.score, named(metric, parameters)
    pair = f"{cell.space_a} ~ {cell.space_b}"
    if one is None:
        return f"{name} was not taken of {pair} at this level on these pairs."
    if one.value is None:
        return f"{name} of {pair} has no value: {missing(one)}."
    text = f"{name} of {pair} is {number(one.value)}; {null(one)}."
    if one.above_null is False:
        text += " That is no more alike than chance."
    reached = against(cell, cells)
    return f"{text} {reached}" if reached else text


def null(one: Score) -> str:
    """What chance gives, as a clause."""
    if one.null_mean is None or one.null_q95 is None:
        return "its null is not known"
    reach = "reach" if one.higher_is_similar else "fall to"
    mean, q95, p = number(one.null_mean), number(one.null_q95), probability(one.p_value)
    if is_permuted(one):
        rows = "pairs" if one.level == "decoder" else "units"
        return f"shuffled {rows} give {mean} and {reach} {q95} once in twenty ({p})"
    reach = "reaches" if one.higher_is_similar else "falls to"
    kind = one.null_kind or "of a kind that was not stored"
    return f"chance ({kind}) gives {mean} and {reach} {q95} once in twenty ({p})"


def is_permuted(one: Score) -> bool:
    """Whether the null shuffles the pairing of rows."""
    return one.null_kind is not None and "permuted" in one.null_kind


def references(cells: Sequence[ScoreCell]) -> list[ScoreCell]:
    """The ceilings, baselines and floors that have a value, in that order, the most alike of each kind first."""
    known = [one for one in cells if one.kind in REFERENCES and one.score is not None and one.score.value is not None]
    return sorted(known, key=lambda one: (REFERENCES.index(one.kind), -likeness(one.score), one.comparison))


def likeness(score: Score | None) -> float:
    """The value, turned around for a distance, for putting scores in order; below all others where there is none."""
    if score is None or score.value is None:
        return float("-inf")
    return score.value if score.higher_is_similar else -score.value


def against(cell: ScoreCell, cells: Sequence[ScoreCell]) -> str:
    """What the most alike ceiling, baseline and floor have; empty where there is none of them."""
    others = [one for one in references(cells) if one.comparison != cell.comparison]
    best = {kind: next((one for one in others if one.kind == kind), None) for kind in REFERENCES}
    said = [f"{SAID[kind]} {number(one.score.value)}" for kind, one in best.items() if one and one.score]
    if not said:
        return ""
    verb = "reach" if cell.score is None or cell.score.higher_is_similar else "come down to"
    first, _, rest = said[0].rpartition(" ")
    text = f"{first[0].upper()}{first[1:]} {verb} {rest}{''.join(f'; {one}' for one in said[1:])}."
    floor = best["floor"]
    if cell.kind not in REFERENCES and floor and likeness(floor.score) >= likeness(cell.score):
        text += " Random weights are as alike as this."
    return text


def tooltip(cell: ScoreCell) -> str:
    """A cell of the grid in a few lines."""
    head = f"{cell.comparison} ({ROLES[cell.kind]})"
    one = cell.score
    if one is None or one.value is None:
        return f"{head}\n{missing(one)}"
    q = probability(one.q_value, "q")
    return f"{head}\n{number(one.value)}: {null(one)}, {q}\n{rows(one)}"


def rows(one: Score) -> str:
    """On how much a score was taken."""
    what = "pairs" if one.level == "decoder" else "units"
    width = words.count(one.n_columns_a)
    if one.n_columns_b != one.n_columns_a:
        width += f" and {words.count(one.n_columns_b)}"
    return f"{words.count(one.n_rows)} {what} × {width} columns"


def once_in_twenty(one: Score) -> str:
    """What `null_q95` is; a distance is similar where it is small."""
    if one.higher_is_similar:
        return "what its null reaches once in twenty: its 95 % quantile"
    return "what its null falls to once in twenty: its 5 % quantile, for less is more alike"


def direction(one: Score) -> str:
    return "more is more alike" if one.higher_is_similar else "a distance: less is more alike"


SWEPT = {"k": "Is k the right one?", "pairs": "Does it hang on how many pairs?"}


def picture(one: Score, n_draws: int, n_references: int, n_drawn: int) -> str:
    """What the picture of a null shows."""
    if not n_draws:
        text = "No draw of the null is stored."
    else:
        of = f" of {words.count(one.n_permutations)}" if one.n_permutations > n_draws else ""
        passes = "passes" if one.higher_is_similar else "falls below"
        text = f"Grey is chance: {words.count(n_draws)}{of} draws; it {passes} the dashed line once in twenty."
    if not n_references:
        return f"{text} No ceiling, baseline or floor has this score."
    text += " Ticks are other comparisons, each on a grey bar from its own null's mean to once in twenty."
    return text if n_drawn == n_references else f"{text} {n_drawn} of {n_references} are drawn."


def unswept(points: Sequence[SweepPoint], over: str, one: Score) -> str:
    """Why there is no picture of a sweep, or what it leaves out; empty where there is nothing to say."""
    if over == "k" and not points:
        return f"{one.metric} has no k."
    if len(points) < 2:
        other = "decoder" if one.level != "decoder" else None
        at = f" here; it is swept at the level of {other}, if at all" if other else ""
        return f"{named(one.metric, one.parameters)} was taken at one number of {_over(over)} only{at}."
    gaps = [f"{_short(over)} = {words.count(p.size)}: {missing(p.score)}" for p in points if p.score.value is None]
    return f"No value at {'; '.join(gaps)}." if gaps else ""


def _over(over: str) -> str:
    return "neighbours" if over == "k" else "pairs"


def _short(over: str) -> str:
    return "k" if over == "k" else "n"


def empty() -> str:
    """A store without scores: what to do."""
    return (
        "This store holds no scores. `python -m ingest run RUN.toml --out DIR` takes them for every comparison: run "
        "the command that made this store again with this version of Homolog."
    )
