"""Frozen row types: what `Store`'s methods return. Names and units are those of `store.schema`.

Those of which a picture takes thousands are named tuples, which are made in a fraction of the time.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


@dataclass(frozen=True)
class Build:
    fingerprint: str
    schema_version: int
    created_at: datetime
    homolog_version: str
    run_file: str
    packages: str


@dataclass(frozen=True)
class Model:
    model: str
    load: str
    n_layers: int | None
    d_model: int | None
    vocab_size: int | None
    n_parameters: int | None
    dtype: str | None
    device: str | None
    tokenizer: str


POOR_FIT = 0.2
"""Share of the variance below which an SAE is read where it does not belong, or not as it should be."""


@dataclass(frozen=True)
class Space:
    space: str
    model: str
    kind: str
    hook: str | None
    d_in: int | None
    n_features: int
    source: str
    n_alive: int
    l0: float
    variance_explained: float | None
    neuronpedia_id: str | None


@dataclass(frozen=True)
class Feature:
    space: str
    feature: int
    n_active: int
    firing_rate: float
    max_activation: float | None
    mean_activation: float | None
    top_token: str | None
    top_token_share: float | None
    token_entropy_bits: float | None
    special_share: float | None
    decoder_norm: float | None
    label: str | None


@dataclass(frozen=True)
class Comparison:
    comparison: str
    space_a: str
    space_b: str
    alignment: str
    n_units: int
    n_passages: int


@dataclass(frozen=True)
class ComparisonSummary:
    """How much two spaces share, under the given thresholds."""

    comparison: str
    space_a: str
    space_b: str
    same_model: bool
    """Whether both spaces read one model at one hook: a ceiling, not a finding about two models."""
    n_alive_a: int
    n_alive_b: int
    n_candidates: int
    n_mutual: int
    """Mutual best matches, before any filter."""
    n_homologues: int
    """Mutual best matches without any reason: contextual homologues."""
    n_token_explained: int
    """Mutual best matches with the reason `token`."""
    median_pearson: float | None
    """Median pearson of A's best matches."""
    median_context: float | None
    """Median pearson_context of A's best matches."""


CURVE_STEPS = 50
"""Steps of a `HomologueCurve` from 0 to 1: one is .02 of pearson_context."""


@dataclass(frozen=True)
class HomologueCurve:
    """How many homologues of a comparison are left as more context is asked for."""

    comparison: str
    n_left: tuple[int, ...]
    """Item i: homologues with a pearson_context of at least i / `CURVE_STEPS`; `CURVE_STEPS` + 1 items."""


@dataclass(frozen=True)
class Thresholds:
    """Where each reason begins; chosen when a page is looked at, never stored."""

    rare: int = 30
    """Either side fires on fewer tokens than this."""
    dense: float = 0.10
    """Either side fires on a larger share of tokens than this."""
    special: float = 0.5
    """More than this share of either side's activation mass lies on special tokens."""
    position: float = 0.5
    """pearson_position above this share of pearson."""
    token: float = 0.8
    """pearson_token above this share of pearson."""
    single_token: float = 0.8
    """top_token_share at least this on both sides."""
    stop_token: float = 0.2
    """top_token_share at least this on both sides, and both top tokens are punctuation, white space or a function word.

    0 asks for the words alone."""
    hub: int = 3
    """hub_size above this."""
    chance: float = 0.05
    """q_value above this (never where q_value is NULL)."""
    thin: int = 10
    """n_both below this."""


ONE_SIDED = ("rare", "dense", "special")
"""The reasons of `REASONS` that one feature brings into every match of its own."""

REASONS: dict[str, str] = {
    "rare": "either side fires on too few tokens to tell a match from luck",
    "dense": "either side fires nearly everywhere",
    "special": "most of either side's activation lies on special tokens such as begin-of-text",
    "position": "the position in the passage alone explains most of the correlation",
    "token": "the token alone explains most of the correlation",
    "single_token": "both sides fire on one single token",
    "stop_token": "both sides' top token is punctuation, white space or a function word, and has a good part of the "
    "activation",
    "not_mutual": "one of the two has a better match elsewhere",
    "hub": "many features of A have this feature of B as their best match, beyond chance",
    "chance": "a search among shuffled passages finds as good a match too often",
    "thin": "both fire together on too few units",
}
"""Every reason why a match may be trivial, in the order of the funnel, with what it means."""


@dataclass(frozen=True)
class Region:
    """A rectangle of r against the part of it that the token explains, its border included."""

    token_low: float
    """pearson_token."""
    r_low: float
    """pearson."""
    token_high: float
    r_high: float


@dataclass(frozen=True)
class PairFilter:
    """What the Pairs page shows; the defaults are the default filter."""

    min_pearson: float = 0.0
    min_context: float = -1.0
    min_active: int = 0
    """Both features fire on at least this many tokens."""
    hide: tuple[str, ...] = tuple(REASONS)
    """Reasons whose matches are hidden: all of them by default, whatever is left is a contextual homologue."""
    only: str | None = None
    """Show instead the matches that have this reason (what a step of the funnel dropped)."""
    feature_a: int | None = None
    feature_b: int | None = None
    """Only candidates of this feature."""
    region: Region | None = None
    """Only matches that lie here."""
    thresholds: Thresholds = field(default_factory=Thresholds)


SORTS = ("pearson_context", "pearson", "z_context", "cosine", "jaccard", "n_both", "margin", "feature_a", "feature_b")
"""Columns that pairs can be sorted by: descending, but the two feature columns ascending."""


@dataclass(frozen=True)
class Match:
    """One candidate pair, all its evidence, and the reasons that hold under the thresholds asked for."""

    comparison: str
    feature_a: int
    feature_b: int
    rank_ab: int | None
    rank_ba: int | None
    mutual_best: bool
    assigned: bool
    pearson: float
    pearson_token: float
    pearson_position: float
    pearson_context: float
    z_context: float | None
    cosine: float
    jaccard: float
    n_both: int
    n_a_only: int
    n_b_only: int
    decoder_cosine: float | None
    margin: float | None
    hub_size: int
    p_value: float | None
    q_value: float | None
    neighbour_overlap: float | None
    top_token_a: str | None
    top_token_b: str | None
    n_active_a: int
    n_active_b: int
    firing_rate_a: float
    firing_rate_b: float
    special_share_a: float | None
    special_share_b: float | None
    top_token_share_a: float | None
    top_token_share_b: float | None
    reasons: tuple[str, ...]
    neighbour_rbo: float | None = None


@dataclass(frozen=True)
class PairRow:
    """One row of the Pairs table: a match and the top tokens of both sides."""

    match: Match
    tokens_a: tuple[str, ...]
    """Up to five token texts with the largest mass, strongest first."""
    tokens_b: tuple[str, ...]


@dataclass(frozen=True)
class FunnelStep:
    """One filter of the funnel, applied after the ones before it."""

    name: str
    """`candidates` for the first, then a name of `REASONS` or `min_pearson` / `min_context` / `min_active`."""
    n_left: int
    n_dropped: int


class PairPoint(NamedTuple):
    """One dot of the Pairs scatter."""

    feature_a: int
    feature_b: int
    pearson: float
    pearson_token: float
    n_active_a: int
    top_token_a: str | None
    kept: bool
    """Whether it passes the filter."""


@dataclass(frozen=True)
class NullFloor:
    """What chance gives to features of A that fire `n_active_low` to `n_active_high` times: r of the best match."""

    comparison: str
    n_active_low: int
    n_active_high: int
    n_features: int
    n_maxima: int
    mean: float | None
    """This and what follows are None where the null maxima are too few."""
    sd: float | None
    median: float | None
    q95: float | None
    maximum: float | None


class BestPoint(NamedTuple):
    """One dot over the null floor: the best match of a feature of A."""

    feature_a: int
    feature_b: int
    pearson: float
    n_units_a: int
    """Units that A's feature fires on: what the ranges of the null count."""
    top_token_a: str | None
    kept: bool
    """Whether it passes the filter."""


@dataclass(frozen=True)
class UnmatchedFilter:
    """What the Unmatched page shows; the defaults are its default filter."""

    below: float = 0.3
    """The best match has a pearson below this, or there is no candidate at all."""
    min_active: int = 0
    """It fires on at least this many tokens."""
    hide: tuple[str, ...] = ONE_SIDED
    """Reasons of `ONE_SIDED` whose features are left out."""
    thresholds: Thresholds = field(default_factory=Thresholds)


UNMATCHED_SORTS = ("mass", "n_active", "token_entropy_bits")
"""Orders of unmatched features, largest first. `mass` is n_active * mean_activation: the sum of all activations."""


@dataclass(frozen=True)
class Unmatched:
    """A feature of one side of a comparison whose best match on the other side is weak."""

    space: str
    feature: int
    n_active: int
    firing_rate: float
    max_activation: float | None
    mass: float | None
    """Sum of its activations."""
    token_entropy_bits: float | None
    label: str | None
    partner: int | None
    """Its best match on the other side, None where it has no candidate."""
    pearson: float | None
    chance_q95: float | None
    """pearson that its best match exceeds once in twenty by chance; None where unknown, and for features of B."""
    reasons: tuple[str, ...]
    """Those of `ONE_SIDED` that hold."""
    tokens: tuple[str, ...]
    """Up to five token texts with the largest mass, strongest first."""


@dataclass(frozen=True)
class Neighbour:
    """A near feature of the same space."""

    rank: int
    feature: int
    value: float
    """Correlation of the activations, or cosine of the decoder rows."""
    top_token: str | None
    n_active: int


@dataclass(frozen=True)
class CarriedNeighbour:
    """A neighbour of a feature of A, and where its best match lies in B."""

    rank: int
    feature: int
    value: float
    top_token: str | None
    n_active: int
    partner: int | None
    """Its best match in B; None where it has none."""
    partner_token: str | None
    pearson: float | None
    """Of that match."""
    partner_rank: int | None
    """The match's place among the ten neighbours of the feature's own partner; None: not among them, lost."""

    @property
    def is_kept(self) -> bool:
        return self.partner_rank is not None


@dataclass(frozen=True)
class Neighbourhood:
    """The company of a feature of A, and that of its best match."""

    comparison: str
    feature_a: int
    partner: int | None
    """Its best match in B."""
    pearson: float | None
    """Of that match."""
    overlap: float | None
    """Neighbours that both have / neighbours that either has, 0 to 1; None where either has none."""
    rbo: float | None
    """Rank-biased overlap of both whole lists, 0 to 1."""
    of_a: tuple[CarriedNeighbour, ...]
    of_b: tuple[Neighbour, ...]

    @property
    def kept_in_b(self) -> frozenset[int]:
        """Neighbours of the partner that are the best match of a neighbour of A."""
        return frozenset(n.partner for n in self.of_a if n.is_kept and n.partner is not None)


@dataclass(frozen=True)
class OverlapBin:
    lower: float
    upper: float
    n: int
    """Features of A whose best match keeps this share of their neighbours; a share of 1 stands in the last bin."""
    n_mutual: int
    """Those of them that are mutual best matches."""


@dataclass(frozen=True)
class OverlapDistribution:
    bins: tuple[OverlapBin, ...]
    n_unknown: int
    """Features of A with a best match where either side has no neighbour."""


@dataclass(frozen=True)
class MapAgreement:
    """One score of whether two spaces lie alike, and what pairing the same features at random gives."""

    comparison: str
    method: str
    """`pca`, `umap`, or `neighbours`."""
    measure: str
    value: float | None
    """None where too few features are matched."""
    null_mean: float | None
    null_sd: float | None
    null_q95: float | None
    """What one random pairing in twenty reaches."""
    p_value: float | None
    n_rows: int
    higher_is_similar: bool


@dataclass(frozen=True)
class HistogramBin:
    lower: float
    upper: float
    count: int


@dataclass(frozen=True)
class Logit:
    side: str
    rank: int
    token: str
    value: float


@dataclass(frozen=True)
class FeatureToken:
    rank: int
    token: str
    mass_share: float
    n_active: int


@dataclass(frozen=True)
class StripToken:
    """One token of a strip; the activation is None where the feature does not fire."""

    token_index: int
    text: str
    activation: float | None
    is_special: bool
    is_focus: bool
    """The token that the strip was chosen for."""


@dataclass(frozen=True)
class Strip:
    """A stretch of a passage with one feature's activations."""

    passage_id: int
    source: str
    tokens: tuple[StripToken, ...]
    cut_left: bool
    cut_right: bool
    """Whether the passage goes on beyond the strip."""
    stratum: str | None = None
    rank: int | None = None


@dataclass(frozen=True)
class PairStrip:
    """The same stretch of a passage, under feature A and under feature B."""

    a: Strip
    b: Strip
    activation_a: float
    activation_b: float
    """Largest activations of the group's units in the passage (0.0 where that side does not fire)."""


GROUPS = ("both", "only_a", "only_b")


class UnitPoint(NamedTuple):
    """One unit where either of two features fires."""

    activation_a: float
    activation_b: float
    token_index: int
    """A's (first) token of the unit."""
    token: str


@dataclass(frozen=True)
class DensityCell:
    """How many units fall into one cell of the plane of A's and B's activation."""

    a_lower: float
    a_upper: float
    b_lower: float
    b_upper: float
    count: int


@dataclass(frozen=True)
class UnitScatter:
    """A's against B's activation at every unit where either fires: single points, or cells where there are many."""

    points: tuple[UnitPoint, ...]
    cells: tuple[DensityCell, ...]
    n_units: int


@dataclass(frozen=True)
class TokenRow:
    """What two features do on one token text."""

    token: str
    n_units: int
    """Occurrences of the token in the text."""
    n_a: int
    n_b: int
    n_both: int
    mass_share_a: float | None
    mass_share_b: float | None


@dataclass(frozen=True)
class Elsewhere:
    """The best match of a feature in one other space, seen from the feature."""

    comparison: str
    side: str
    """`a` or `b`: which side of the comparison the asked feature is."""
    other_space: str
    match: Match


@dataclass(frozen=True)
class FamilyMember:
    space: str
    feature: int


@dataclass(frozen=True)
class FamilyLink:
    """A mutual best match that passes the filter."""

    comparison: str
    space_a: str
    feature_a: int
    space_b: str
    feature_b: int
    pearson: float
    pearson_context: float

    @property
    def a(self) -> FamilyMember:
        return FamilyMember(self.space_a, self.feature_a)

    @property
    def b(self) -> FamilyMember:
        return FamilyMember(self.space_b, self.feature_b)


@dataclass(frozen=True)
class Family:
    """Features of two spaces or more that mutual best matches connect; its name is its first by (space, feature)."""

    space: str
    feature: int
    members: tuple[FamilyMember, ...]
    """In the order of the store's spaces. Two of one space show that the matches do not agree with each other."""
    spaces: tuple[str, ...]
    """The spaces that it spans."""
    models: tuple[str, ...]
    """The models that these read."""
    links: tuple[FamilyLink, ...]
    weakest: FamilyLink
    """The link with the smallest pearson_context."""
    tokens: tuple[str, ...] = ()
    """Up to five token texts with the largest mass over all members, strongest first."""


@dataclass(frozen=True)
class FamilyCounts:
    """How many families a filter leaves."""

    n_links: int
    """Mutual best matches that pass, of all comparisons."""
    by_spaces: tuple[tuple[int, int], ...]
    """(spaces spanned, families that span just so many), most spaces first, pairs of two spaces included."""
    n_every_model: int
    """Families of three spaces or more with a member in every model of the store."""
    reach: int
    """Spaces that the store's comparisons connect, at most: no family can span more."""


@dataclass(frozen=True)
class TokenText:
    """A token text of a model."""

    model: str
    text: str
    n_tokens: int
    """How often it stands in the text, special tokens left out."""


@dataclass(frozen=True)
class TokenHit:
    """A feature that fires on the token searched for."""

    space: str
    feature: int
    n_hits: int
    """Features of this space that fire on it, listed or not."""
    matched: tuple[str, ...]
    """The token texts that were meant, strongest first."""
    mass_share: float
    """Share of the feature's activation mass that lies on them."""
    n_active: int
    """Tokens of these texts that it fires on."""
    n_active_all: int
    """Tokens of any text that it fires on."""
    tokens: tuple[str, ...]
    """Up to five token texts with the largest mass, strongest first."""
    matches: tuple["Elsewhere", ...]
    """Its best match in every comparison that its space is part of."""


@dataclass(frozen=True)
class TokenSearch:
    """What a search for a word found."""

    text: str
    """What was searched: without the white space at its ends, in lower case."""
    spelled: tuple[TokenText, ...]
    """The tokens that spell it, commonest first for each model."""
    holding: tuple[TokenText, ...]
    """The commonest tokens that only hold it, for each model."""
    hits: tuple[TokenHit, ...]
    """By space, largest share first."""


@dataclass(frozen=True)
class Keyword:
    keyword: str
    n_found: int


@dataclass(frozen=True)
class ConceptSpace:
    """How many features of a space belong to a concept."""

    space: str
    n_features: int
    n_matched: int
    """Those of them with a mutual best match that passes the filter, in any comparison."""
    largest: float | None
    """Largest share of a feature of this space, whatever share was asked for; None where none is above 1 %."""


@dataclass(frozen=True)
class Concept:
    concept: str
    keywords: tuple[Keyword, ...]
    """Most frequent first; those that no passage holds are included."""
    spaces: tuple[ConceptSpace, ...]
    """Every space of the store."""


@dataclass(frozen=True)
class ConceptPair:
    """A match with a feature of a concept on either side."""

    match: Match
    share_a: float | None
    """Share of the feature's mass on the keywords; None where it is not above 1 %."""
    share_b: float | None


@dataclass(frozen=True)
class ConceptMember:
    """A feature of a concept."""

    space: str
    feature: int
    mass_share: float
    n_active: int
    n_active_all: int
    """Tokens of any text that it fires on."""
    tokens: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """The answer of the SQL console: column names, types, and at most the allowed rows."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    truncated: bool
    """Whether there were more rows than the limits of rows and bytes allow."""
    seconds: float
    n_cut: int = 0
    """Cells that were longer than the limit: each is text then, ends in an ellipsis and says how long it was."""
