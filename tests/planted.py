"""Two spaces with known answers: which features are homologues, and which only look alike.

What is assumed. The text is that of `tests.planted_text`. Strengths are lognormal. A homologue is one set of events,
seen by each side through noise of its own: a share of the firings is missed, about as many fall on wrong words, each
strength changes at random. Features that were not planted together share no event but by chance (two of the same words
share those). Where the events of a homologue lie, by its rule:

    topic      content words in stretches of some passages
    after      a content word behind one of the feature's own words
    sense      a third of the occurrences of the words of a class
    anywhere   any word in stretches of some passages

The first three, and their wrong firings, keep to content words, as features with a meaning mostly do. The last does
not: its top token is whatever is frequent, mostly a stop word that carries a few per cent of what it does, and so it
is a kind of its own, to be found like the others. Splits, one feature of A that is two of B, count neither for nor
against a rule: the larger part is the better match and may be kept. How features relate that share only some of their
events, the plant does not say.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from store.records import Thresholds
from tests.planted_text import RULES, STOPS, Places, Text, counts, write_text, write_tokens
from tests.tiny import RUN

SPREAD = 0.6
"""Standard deviation of the logarithm of a feature's strengths."""
BOS_STRENGTH = 20.0
"""Median activation of a `special` feature on BOS, in medians of its other activations."""
SPACES = ("left", "right")
COMPARISON = "left~right"
HOMOLOGUES = ("homologue", "anywhere")
"""Kinds that have to be kept."""
TRIVIAL = ("rare", "dense", "special", "position", "single_token", "stop_token", "token", "hub")
"""Kinds that carry the name of the reason that has to hide them."""

Column = tuple[np.ndarray, np.ndarray]
"""One feature: tokens it fires on, int64, and its activations there."""


@dataclass(frozen=True)
class Noise:
    """How each side sees the events of a feature, independently of the other side."""

    wrong: float
    """Share of the events that are missed, and as many firings, on average, on other words."""
    jitter: float
    """Standard deviation of the noise on the logarithm of a strength."""

    @property
    def pearson(self) -> float:
        """What is left of a correlation of 1, in expectation: (1 - wrong)^2 exp(-jitter^2)."""
        return float((1 - self.wrong) ** 2 * np.exp(-(self.jitter**2)))


NOISES = {"clear": Noise(0.01, 0.15), "fair": Noise(0.08, 0.3), "faint": Noise(0.20, 0.45)}
"""Correlations of about .96, .77 and .52."""


@dataclass(frozen=True)
class Plan:
    """How many features of each kind; pairs, where a kind is one of pairs."""

    homologues: int = 180
    """Rules in turn, and noises; of each rule, firing counts log-spaced from 30 to 5 % of the tokens.

    The rule `after` ends at `AFTER`."""
    anywhere: int = 18
    splits: int = 12
    one_sided: int = 40
    """On each side."""
    noise: int = 300
    """On each side: they fire on random words."""
    dead: int = 8
    """On each side."""
    rare: int = 20
    dense: int = 4
    special: int = 6
    position: int = 4
    """The i-th fires on the i-th word of a passage."""
    single_token: int = 10
    """Every second one on half of the occurrences, the same for both sides; the others on nearly all."""
    stop_token: int = 8
    """On three stop words, of which the most frequent carries about half; else as with `single_token`."""
    token: int = 20
    hubs: int = 2
    spokes: int = 8
    """Features of A that share the events of a hub of B among them."""


DEFAULT = Plan()


@dataclass(frozen=True)
class Pair:
    """Two features that were planted together."""

    feature_a: int
    feature_b: int
    kind: str
    """`homologue`, `anywhere`, `split_larger`, `split_smaller`, or one of `TRIVIAL`."""
    n_active: int
    """Words that the feature fires on, of the side that fires less."""
    keep: bool | None
    """Whether the default filter has to keep it; None where it counts neither for nor against."""
    label: str = ""
    """Of what is to be kept: its rule and its noise."""


@dataclass(frozen=True)
class Planted:
    """Where the run lies, and the truth about it."""

    run_file: Path
    pairs: tuple[Pair, ...]
    kinds_a: tuple[str, ...]
    """Kind of each feature of space `left`."""
    kinds_b: tuple[str, ...]
    """Kind of each feature of space `right`."""


class _Growing:
    """The features so far, in the order in which they were planted."""

    def __init__(self, rng: np.random.Generator, text: Text) -> None:
        self.rng, self.text, self.places = rng, text, Places(rng, text)
        self.columns: tuple[list[Column], list[Column]] = ([], [])
        self.kinds: tuple[list[str], list[str]] = ([], [])
        self.pairs: list[Pair] = []

    def strengths(self, n: int) -> np.ndarray:
        return self.rng.lognormal(0, SPREAD, n)

    def add(self, side: int, kind: str, column: Column) -> int:
        """Returns the feature's place; its scale is its own."""
        token, value = column
        self.columns[side].append((token, value * self.rng.lognormal(0, 1)))
        self.kinds[side].append(kind)
        return len(self.kinds[side]) - 1

    def pair(self, kind: str, a: int, b: int, keep: bool | None, label: str = "") -> None:
        fired = [self.columns[side][place][0] for side, place in ((0, a), (1, b))]
        n_active = min(int((self.text.word[token] >= 0).sum()) for token in fired)
        self.pairs.append(Pair(a, b, kind, n_active, keep and n_active >= Thresholds.rare, label))

    def seen(self, events: np.ndarray, strength: np.ndarray, noise: Noise, pool: np.ndarray) -> Column:
        """One side's view of the events; `pool` are the tokens on which its wrong firings fall."""
        caught = self.rng.random(len(events)) >= noise.wrong
        wrong = np.setdiff1d(self.rng.choice(pool, self.rng.poisson(noise.wrong * len(events))), events)
        token = np.concatenate([events[caught], wrong])
        value = np.concatenate([strength[caught], self.strengths(len(wrong))])
        return token, value * self.rng.lognormal(0, noise.jitter, len(token))

    def shared(self, kind: str, events: np.ndarray, noise: str, pool: np.ndarray, keep: bool | None, rule: str) -> None:
        """Both sides see the same events."""
        strength = self.strengths(len(events))
        sides = [self.add(side, kind, self.seen(events, strength, NOISES[noise], pool)) for side in (0, 1)]
        self.pair(kind, sides[0], sides[1], keep, f"{rule}, {noise}" if rule else "")

    def apart(self, kind: str, members: np.ndarray) -> None:
        """Each side fires on nearly all members, and neither its misses nor its strengths have to do with the other."""
        sides = []
        for side in (0, 1):
            token = members[self.rng.random(len(members)) < 0.9]
            sides.append(self.add(side, kind, (token, self.strengths(len(token)))))
        self.pair(kind, sides[0], sides[1], False)


def _contextual(grow: _Growing, plan: Plan) -> None:
    """Homologues, splits, and what only one side has."""
    content, size = grow.text.content, len(grow.text.word)
    names = list(NOISES)
    for i, (rule, events) in enumerate(grow.places.contexts(0.05, plan.homologues, 1)):
        grow.shared("homologue", events, names[i // len(RULES) % len(names)], content, True, rule)
    for i, n in enumerate(counts(30, 0.05 * size, plan.anywhere).tolist()):
        events = grow.places.stretches(n, grow.text.word >= 0)
        grow.shared("anywhere", events, names[i % len(names)], grow.text.words, True, "anywhere")
    for n in counts(100, 0.02 * size, plan.splits).tolist():
        events, strength, noise = grow.places.topic(n), grow.strengths(n), NOISES["clear"]
        a = grow.add(0, "split", grow.seen(events, strength, noise, content))
        larger = grow.rng.random(n) < 0.65
        for kind, part in (("split_larger", larger), ("split_smaller", ~larger)):
            b = grow.add(1, kind, grow.seen(events[part], strength[part], noise, content))
            grow.pair(kind, a, b, None)
    for side in (0, 1):
        for _, events in grow.places.contexts(0.02, plan.one_sided, 2 + side):
            grow.add(side, "one_sided", (events, grow.strengths(len(events))))
        for n in counts(10, 0.02 * size, plan.noise).tolist():
            grow.add(side, "noise", (grow.rng.choice(grow.text.words, n, replace=False), grow.strengths(n)))
        for _ in range(plan.dead):
            grow.add(side, "dead", (np.zeros(0, np.int64), np.zeros(0)))


def _trivial(grow: _Growing, plan: Plan) -> None:
    """One kind for each reason that the evidence of a pair can have."""
    text, rng = grow.text, grow.rng
    for n in np.linspace(3, 25, plan.rare).round().astype(int):
        grow.shared("rare", np.sort(rng.choice(text.content, n, replace=False)), "clear", text.content, False, "")
    for share in np.linspace(0.12, 0.25, plan.dense):
        events = np.sort(rng.choice(text.content, int(share * len(text.word)), replace=False))
        grow.shared("dense", events, "fair", text.content, False, "")
    for n in counts(100, 1000, plan.special).tolist():
        events = grow.places.topic(n)
        sides = []
        for side in (0, 1):
            token, value = grow.seen(events, grow.strengths(n), NOISES["clear"], text.content)
            on_bos = BOS_STRENGTH * rng.lognormal(0, 0.1, len(text.bos))
            column = (np.append(token, text.bos), np.append(value, on_bos))
            sides.append(grow.add(side, "special", column))
        grow.pair("special", sides[0], sides[1], False)
    for place in range(plan.position):
        grow.apart("position", np.flatnonzero(text.position == place + 1))
    frequent = rng.choice(np.arange(len(STOPS), len(STOPS) + 40), plan.single_token, replace=False)
    for kind, sets in (
        ("single_token", [[word] for word in frequent]),
        ("stop_token", [[i, i + 10, i + 20] for i in range(plan.stop_token)]),
    ):
        for i, words in enumerate(sets):
            members = text.of(np.array(words))
            if i % 2:
                grow.apart(kind, members)
            else:
                events = members[rng.random(len(members)) < 0.5]
                grow.shared(kind, events, "clear", members, False, "")
    for _ in range(plan.token):
        grow.apart("token", text.of(rng.choice(np.arange(len(STOPS), 500), rng.integers(3, 9), replace=False)))


def _hubs(grow: _Growing, plan: Plan) -> None:
    """Features of A that each see a part of the events of one broad feature of B."""
    text, rng = grow.text, grow.rng
    for _ in range(plan.hubs):
        events = text.content[rng.random(len(text.content)) < 0.1]
        strength, spoke = grow.strengths(len(events)), rng.integers(0, plan.spokes, len(events))
        hub = grow.add(1, "hub", grow.seen(events, strength, NOISES["clear"], text.content))
        for i in range(plan.spokes):
            part = spoke == i
            column = grow.seen(events[part], strength[part], NOISES["clear"], text.content)
            grow.pair("hub", grow.add(0, "hub", column), hub, False)


def plant(folder: Path, n_tokens: int, seed: int, plan: Plan = DEFAULT) -> Planted:
    """Write the files of a run over `n_tokens` tokens into `folder`; the same arguments give the same files."""
    rng = np.random.default_rng(seed)
    text = write_text(rng, n_tokens)
    grow = _Growing(rng, text)
    _contextual(grow, plan)
    _trivial(grow, plan)
    _hubs(grow, plan)
    ids = [rng.permutation(len(kinds)) for kinds in grow.kinds]
    folder.mkdir(parents=True, exist_ok=True)
    write_tokens(folder, text)
    for name, columns, feature in zip(SPACES, grow.columns, ids, strict=True):
        _write_space(folder / f"{name}.parquet", text, columns, feature)
    (folder / "run.toml").write_text(RUN)
    pairs = (replace(p, feature_a=int(ids[0][p.feature_a]), feature_b=int(ids[1][p.feature_b])) for p in grow.pairs)
    kinds = [
        tuple(np.array(kinds)[np.argsort(feature)].tolist()) for kinds, feature in zip(grow.kinds, ids, strict=True)
    ]
    return Planted(folder / "run.toml", tuple(pairs), kinds[0], kinds[1])


def _write_space(path: Path, text: Text, columns: list[Column], ids: np.ndarray) -> None:
    """Each feature under its id; one that never fires has a row of activation 0, so that the space counts it."""
    columns = [column if len(column[0]) else (np.zeros(1, np.int64), np.zeros(1)) for column in columns]
    token = np.concatenate([token for token, _ in columns])
    names = ("feature", "passage", "position", "activation")
    feature = np.repeat(ids, [len(token) for token, _ in columns])
    value = np.concatenate([value for _, value in columns]).astype(np.float32)
    rows = (feature, text.passage[token], text.position[token], value)
    pq.write_table(pa.table(dict(zip(names, rows, strict=True))), path)
