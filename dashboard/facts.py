"""A feature or a match in numbers: (name, value, tooltip), each with its unit in words."""

from dashboard.words import UNKNOWN, count, number, ordinal, percent, probability
from store import records as r


def facts(feature: r.Feature) -> list[tuple[str, str, str]]:
    """A feature in numbers: (name, value, tooltip)."""
    top = UNKNOWN if feature.max_activation is None else f"{feature.max_activation:.3g}"
    mean = UNKNOWN if feature.mean_activation is None else f"{feature.mean_activation:.3g}"
    entropy = UNKNOWN if feature.token_entropy_bits is None else f"{feature.token_entropy_bits:.1f} bits"
    return [
        (
            "fires on",
            f"{percent(feature.firing_rate)} of tokens",
            f"{feature.n_active:,} tokens; special tokens are not counted",
        ),
        ("tokens", count(feature.n_active), "tokens that it fires on"),
        ("largest", top, "largest activation"),
        ("mean", mean, "mean activation over the tokens that it fires on"),
        ("top token", percent(feature.top_token_share), "share of its activation that lies on its top token"),
        ("spread", entropy, "entropy of its activation over token texts: 0 bits is a single token"),
        (
            "on special",
            percent(feature.special_share),
            "share of its whole activation that lies on special tokens such as begin-of-text",
        ),
    ]


def measures(match: r.Match) -> list[tuple[str, str, str]]:
    """Evidence of a match beside r and its parts: (name, value, tooltip); what was not measured is left out."""
    items = [
        (
            "position part",
            number(match.pearson_position, 3),
            "the part of r that the position in the passage alone explains",
        ),
        ("both fire", count(match.n_both), "units at which both fire"),
        ("only A", count(match.n_a_only), "units at which only A fires"),
        ("only B", count(match.n_b_only), "units at which only B fires"),
        ("overlap", number(match.jaccard), "Jaccard: units where both fire / units where either fires"),
        ("cosine", number(match.cosine), "cosine of the two activation vectors"),
        ("B is A's", ordinal(match.rank_ab), "B's place among A's candidates, by r"),
        ("A is B's", ordinal(match.rank_ba), "A's place among B's candidates, by r"),
        (
            "hub size",
            count(match.hub_size),
            "features of A that have this feature of B as their best match, beyond chance",
        ),
    ]
    known = [
        (
            "z of context",
            match.z_context,
            lambda z: f"{z:.3g} sd",
            "standard deviations above a shuffle among occurrences of the same token",
        ),
        (
            "q",
            match.q_value,
            probability,
            "Benjamini-Hochberg over A's features: how often a search among shuffled passages finds as good a match",
        ),
        ("p", match.p_value, probability, "chance that a search among shuffled passages finds as good a match"),
        ("margin", match.margin, number, "how far r is above A's second best match"),
        ("decoder cosine", match.decoder_cosine, number, "cosine of the two decoder rows"),
        (
            "neighbours kept",
            match.neighbour_overlap,
            percent,
            "A's nearest features carried through the matches, against B's nearest",
        ),
    ]
    return items + [(name, form(value), tip) for name, value, form, tip in known if value is not None]
