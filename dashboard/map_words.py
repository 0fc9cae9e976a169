"""Maps in words: what a region holds against chance, whether two maps agree, why a space has none."""

from collections.abc import Sequence

from dashboard import score_words, words
from dashboard.map_links import MapsView
from dashboard.map_points import DRAWS, FEWEST, Reading
from store import records as r

METHODS = {"umap": "UMAP", "pca": "PCA"}
COLOURS = {
    "cluster": "cluster of A, carried to B",
    "cluster_b": "cluster of B, carried to A",
    "rate": "firing rate",
    "concept": "share of a concept",
    "r": "r of the best match",
    "context": "context of the best match",
    "overlap": "neighbours that the match keeps",
}
_SAID = {
    "rate": "share of tokens that fire it, on a logarithmic scale",
    "r": "r of the best match",
    "context": "part of that r which the token does not explain",
    "overlap": "neighbours that the best match keeps, of those in either list",
}
MEASURES = {
    "procrustes_disparity": (
        "what is left after the best turn and scale",
        "Procrustes disparity: 0 is the same picture, 1 nothing in common",
    ),
    "knn_consistency": ("nearest ten that agree", "share of a point's ten nearest on one map that are so on the other"),
    "distance_correlation": ("distances that agree", "distance correlation: 0 is independence, 1 the same picture"),
    "overlap": (
        "company kept, without any map",
        "mean overlap of the ten nearest by activation, carried over by the best matches",
    ),
}
"""Name of a measure -> (in words, for a tooltip)."""


def coloured(view: MapsView) -> str:
    """What the shades stand for."""
    if view.colour == "concept":
        return f"share of activation on words of the concept {view.concept}"
    return _SAID.get(view.colour, "")


def about(space: r.Space, method: str) -> str:
    """A space beneath its name."""
    return f"{METHODS.get(method, method)} of decoder rows · {space.model}"


def label(comparison: r.Comparison, view: MapsView) -> str:
    """The picture for somebody who does not see it."""
    method = METHODS.get(str(view.method), str(view.method))
    return (
        f"Two {method} maps beside each other, {comparison.space_a} (A) and {comparison.space_b} (B), "
        f"coloured by {COLOURS[view.colour]}. A region of one can be selected by dragging; "
        "its matches are then listed beneath."
    )


def caution(method: str, colour: str) -> str:
    """What must not be read out of the picture."""
    if method == "umap":
        text = (
            "Axes of a UMAP have no unit, and the maps are laid out independently: left, up and far mean nothing; only "
            "who is near whom may be compared. The agreement beneath is what counts."
        )
    else:
        text = (
            "Two directions of many: the first principal components of each space's decoder rows, whose signs are "
            "free. The agreement beneath is what counts."
        )
    if not colour.startswith("cluster"):
        text += " Where dots overlap, the strongest lies on top; zoom in to part them."
    else:
        text += " Clusters are the islands of the UMAP picture, numbered by size, and prove no more than it does."
    return text


def region(found: Reading, side: str, least: float) -> list[tuple[str, str]]:
    """A region in sentences, each with its tooltip; no figure without what chance gives."""
    own, other = ("A", "B") if side == "a" else ("B", "A")
    if not found.n:
        return [(f"No feature lies in this region of {own}.", "")]
    features = "feature" if found.n == 1 else "features"
    first = (
        f"Of {words.count(found.n)} {features} in this region of {own}, {words.count(found.n_matched)} "
        f"({_percent(found.n_matched, found.n)}) {'has' if found.n_matched == 1 else 'have'} a best match in {other} "
        f"of r = {words.number(least)} or more; of all on this map, {_percent(found.n_map_matched, found.n_map)}."
    )
    tip = "The share of the whole map is what a region taken at random would have."
    return [(first, tip), *_together(found, other)]


def _together(found: Reading, other: str) -> list[tuple[str, str]]:
    near = found.together
    if not found.n_matched:
        return []
    if near.n < FEWEST:
        few = f"{near.n} of them {'is' if near.n == 1 else 'are'} mutual and on both maps"
        return [(f"{few}: too few to say whether they lie together.", f"At least {FEWEST} are needed.")]
    if near.cluster is None and near.mean is None:
        return [(f"{other} has no clusters, so whether they lie together is not said.", "Clusters need 50 features.")]
    tip = (
        f"Mutual best matches only, so that a hub counts once: {words.count(near.n)} of {words.count(near.of)} on the "
        f"two maps. Chance: {DRAWS} selections of as many among these, each with the cluster of {other} that holds "
        f"most of it. Whether neighbours stay neighbours all over the map, the agreement beneath says."
    )
    if near.cluster is None:
        return [(f"None of the {words.count(near.n)} mutual ones lies in a cluster of {other}.", tip)]
    text = (
        f"Of the {words.count(near.n)} that are mutual, {words.percent(near.share)} lie in one cluster of {other} "
        f"(number {near.cluster}). As many mutual matches at random: {words.percent(near.mean)} in their fullest one, "
        f"{words.percent(near.q95)} once in twenty ({score_words.probability(near.p)})."
    )
    if near.p is not None and near.p > 0.05:
        text += " That is no more than chance."
    return [(text, tip)]


def _percent(part: int, whole: int) -> str:
    return words.percent(words.share(part, whole))


def agreement(rows: Sequence[r.MapAgreement], method: str) -> str:
    """Whether the two maps agree, in a sentence or two."""
    own = [one for one in rows if one.method == method]
    known = [one for one in own if one.value is not None]
    name = METHODS.get(method, method)
    if not own:
        return f"The agreement of the two {name} maps was not measured."
    if not known:
        return f"The agreement of the two {name} maps is not known: {own[0].n_rows} matched features are too few."
    near = next((one for one in known if one.measure == "knn_consistency"), None)
    if near is None:
        return f"Who is near whom on the two {name} maps was not measured."
    text = (
        f"{'More' if _above(near) else 'No more'} than chance: of a matched feature's ten nearest on one {name}, "
        f"{words.percent(near.value)} are so on the other; chance gives {words.percent(near.null_mean)}, and "
        f"{words.percent(near.null_q95)} once in twenty ({score_words.probability(near.p_value)})."
    )
    others = [one for one in known if one is not near]
    if others:
        above = sum(_above(one) for one in others)
        verb = "is" if above == 1 else "are"
        text += f" Of {len(others)} other measures, {above or 'none'} {verb} above chance."
    return text


def _above(one: r.MapAgreement) -> bool:
    return one.p_value is not None and one.p_value <= 0.05


def without(space: r.Space, methods: Sequence[str]) -> str:
    """Why a space has none of these maps, in a sentence."""
    name = f"{space.space} ({words.kind(space)})"
    if methods:
        return f"{name} has only {', '.join(METHODS.get(one, one) for one in methods)}, which the other side has not."
    if space.kind == "neurons":
        return f"{name} has no map: units of a model are orthogonal, so none is nearer to another."
    if space.kind == "imported":
        return f"{name} has no map: maps lay out decoder rows, and none were imported with it."
    return f"{name} has no map: it has too few features that fire, or its decoder rows are not known."
