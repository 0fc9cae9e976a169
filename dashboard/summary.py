"""What a store says at a glance: which comparisons are findings, ceilings or floors, and the headline numbers."""

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass

from dashboard import marks, words
from store import records as r

ROLES = {
    "finding": "two models",
    "within": "two layers or dictionaries of one model",
    "ceiling": "ceiling: one model and hook, two dictionaries",
    "baseline": "baseline: the model's own units",
    "floor": "floor: random weights",
}
"""What a comparison can tell, in the order in which they are shown."""


def role(one: r.ComparisonSummary, spaces: Sequence[r.Space]) -> str:
    """A key of ROLES. A random side makes a floor whatever the other side is."""
    found = {space.space: space for space in spaces}
    a, b = found[one.space_a], found[one.space_b]
    kinds = {a.kind, b.kind}
    if "random_sae" in kinds:
        return "floor"
    if "neurons" in kinds:
        return "baseline"
    if one.same_model:
        return "ceiling"
    return "within" if a.model == b.model else "finding"


def references(summaries: Sequence[r.ComparisonSummary], spaces: Sequence[r.Space]) -> frozenset[str]:
    """The comparisons that say how much two spaces can share, or share by chance: ceilings, baselines, floors."""
    roles = {one.comparison: role(one, spaces) for one in summaries}
    return frozenset(name for name, what in roles.items() if what in ("ceiling", "baseline", "floor"))


def rate(one: r.ComparisonSummary) -> float | None:
    """Homologues as a share of the features that could have one: the side with fewer alive features bounds them."""
    return words.share(one.n_homologues, min(one.n_alive_a, one.n_alive_b))


@dataclass(frozen=True)
class Headline:
    homologues: int | None
    """Contextual homologues of the comparisons between models, together; None when there is no such comparison."""
    comparisons: int
    token_share: float | None
    """Share of mutual best matches between models that the token explains."""
    best: float | None
    """Largest rate among the comparisons between models."""
    ceiling: float | None
    """Largest rate among the ceilings."""
    floor: float | None
    """Largest rate among the floors."""


def headline(summaries: Sequence[r.ComparisonSummary], spaces: Sequence[r.Space]) -> Headline:
    """The overview's big numbers; sums over comparisons count a feature once for each comparison."""
    findings = [one for one in summaries if role(one, spaces) == "finding"]

    def largest(what: str) -> float | None:
        rates = [rate(one) for one in summaries if role(one, spaces) == what]
        return max((known for known in rates if known is not None), default=None)

    return Headline(
        sum(one.n_homologues for one in findings) if findings else None,
        len(findings),
        words.share(sum(one.n_token_explained for one in findings), sum(one.n_mutual for one in findings)),
        largest("finding"),
        largest("ceiling"),
        largest("floor"),
    )


def worth_opening(rows: Sequence[r.PairRow], limit: int = 3) -> list[r.PairRow]:
    """The pairs with the largest pearson_context whose top tokens differ from each other's."""
    chosen: list[r.PairRow] = []
    seen: set[str | None] = set()
    for row in sorted(rows, key=lambda one: (-one.match.pearson_context, one.match.feature_a, one.match.feature_b)):
        tokens = {row.match.top_token_a, row.match.top_token_b}
        if not tokens & seen:
            chosen.append(row)
            seen |= tokens
        if len(chosen) == limit:
            break
    return chosen


def title(models: Sequence[r.Model]) -> str:
    names = [model.model for model in models]
    return " \N{MULTIPLICATION SIGN} ".join(names) if len(names) <= 3 else f"{len(names)} models"


def text(build: r.Build, counts: dict[str, int], comparisons: Sequence[r.Comparison]) -> str:
    """Where the text comes from and how much there is."""
    units = max((one.n_units for one in comparisons), default=0)
    parts = [source(build), f"{words.count(counts.get('passages'))} passages"]
    if units:
        parts.append(f"{words.compact(units)} units")
    return " · ".join(part for part in parts if part)


def source(build: r.Build) -> str:
    """The corpus's source as the run file names it; empty when the run file does not say."""
    try:
        found = tomllib.loads(build.run_file).get("corpus", {})
    except tomllib.TOMLDecodeError:
        return ""
    name = found.get("dataset") or found.get("source") if isinstance(found, dict) else None
    return marks.plain(name, 80) if isinstance(name, str) else ""


def packages(build: r.Build) -> list[tuple[str, str]]:
    """(package, version) that the numbers depend on."""
    try:
        found = json.loads(build.packages)
    except json.JSONDecodeError:
        return []
    return sorted((str(name), str(version)) for name, version in found.items()) if isinstance(found, dict) else []
