"""Concepts: named lists of words, and the share of each feature's activation mass that lies on them.

A keyword is found where a passage spells it as whole words, in any case. That is stricter than "the token's text is
the keyword" (the token `may` of `may|be` is none) and wider (`sep|tember` is one): what counts is the text, however a
tokenizer cuts it. An underscore ends a word, so `time_step` holds `time`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa

from ingest.config import ConceptSpec
from ingest.shards import Block
from store.schema import BY_NAME

LISTS: dict[str, str] = {
    "time": "time, times, moment, second, seconds, minute, minutes, hour, hours, day, days, week, weeks, month, "
    "months, year, years, decade, century, today, tomorrow, yesterday, now, soon, later, earlier, past, future, "
    "morning, evening, night, midnight, noon, clock, duration, deadline, timestamp",
    "calendar": "calendar, date, dates, datetime, weekday, weekend, holiday, holidays, quarter, monday, tuesday, "
    "wednesday, thursday, friday, saturday, sunday, spring, summer, autumn, winter, easter, christmas, leap year",
    # `may` is left out: nearly all of its occurrences are the verb.
    "months": "january, february, march, april, june, july, august, september, october, november, december, jan, feb, "
    "mar, apr, jun, jul, aug, sep, sept, oct, nov, dec",
    "people": "person, people, man, men, woman, women, child, children, boy, girl, mother, father, sister, brother, "
    "friend, family, wife, husband, son, daughter, king, queen, doctor, teacher, author, authors, user, users",
    "nature": "nature, tree, trees, forest, river, rivers, mountain, mountains, sea, ocean, lake, island, sky, sun, "
    "moon, star, stars, rain, snow, wind, storm, cloud, clouds, flower, flowers, grass, leaf, leaves, stone, earth, "
    "animal, animals, bird, birds, fish, dog, dogs, cat, cats, horse, horses",
    "emotions": "emotion, emotions, feeling, feelings, love, loved, hate, hated, fear, afraid, joy, happy, happiness, "
    "sad, sadness, angry, anger, proud, pride, shame, ashamed, jealous, surprise, surprised, disgust, hope, lonely, "
    "calm, worried, excited, grief",
    "countries": "america, united states, usa, canada, mexico, brazil, argentina, chile, england, britain, "
    "united kingdom, ireland, france, germany, italy, spain, portugal, netherlands, belgium, switzerland, austria, "
    "sweden, norway, denmark, finland, poland, russia, ukraine, turkey, greece, egypt, nigeria, kenya, south africa, "
    "israel, iran, iraq, india, pakistan, china, japan, korea, vietnam, indonesia, australia, new zealand",
    "biology": "biology, biological, cell, cells, gene, genes, genome, dna, rna, protein, proteins, enzyme, species, "
    "organism, organisms, bacteria, virus, evolution, mutation, tissue, blood, brain, heart, neuron, neurons, muscle, "
    "disease, patient, patients, cancer, plant, plants, iris, petal, sepal",
}
"""Concept -> its keywords; a run file adds to them, or gives one of these names a list of its own."""
LEAST = 0.01
"""Shares of the mass that are not above this are not stored."""
_WORD = re.compile(r"[^\W_]+")
_BETWEEN = re.compile(r"[\s'\u2019-]{1,3}")
"""What may stand between two words of one keyword."""

Words = tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """Where keywords stand in the passages, in the order of the text."""

    passage: np.ndarray
    """int64 of shape (occurrence,): row of the passage."""
    start: np.ndarray
    end: np.ndarray
    """int64: characters of the passage's text, from start up to end."""
    keyword: np.ndarray
    """int64: index into `keywords`."""
    keywords: tuple[Words, ...]
    lists: Mapping[str, tuple[str, ...]]
    """Concept -> its keywords, as `spelled` writes them."""


def gather(added: Iterable[ConceptSpec] = ()) -> dict[str, tuple[str, ...]]:
    """Every concept of a run with its keywords in lower case, in the order of their names."""
    every: dict[str, Iterable[str]] = {name: words.split(", ") for name, words in LISTS.items()}
    every |= {one.name: one.keywords for one in added}
    return {name: tuple(sorted({" ".join(spelled(one)) for one in every[name]})) for name in sorted(every)}


def spelled(keyword: str) -> Words:
    """A keyword as the words that spell it: `New-York ` is `("new", "york")`."""
    return tuple(_WORD.findall(keyword.lower()))


def find(texts: list[str], lists: Mapping[str, tuple[str, ...]]) -> Found:
    """Every occurrence of every keyword in the passages' texts. Holds the words of one passage, and what was found."""
    keywords = tuple(sorted({spelled(one) for words in lists.values() for one in words}))
    place = {words: index for index, words in enumerate(keywords)}
    # Most words begin no keyword: one look-up sends them away.
    lengths: dict[str, list[int]] = {}
    for words in keywords:
        lengths.setdefault(words[0], []).append(len(words))
    rows: list[tuple[int, int, int, int]] = []
    for passage, text in enumerate(texts):
        spans = list(_WORD.finditer(text))
        said = [span[0].lower() for span in spans]
        for at, word in enumerate(said):
            for length in lengths.get(word, ()):
                index = place.get(tuple(said[at : at + length]))
                if index is not None and _together(text, spans[at : at + length]):
                    rows.append((passage, spans[at].start(), spans[at + length - 1].end(), index))
    passages, starts, ends, indices = np.array(rows, np.int64).reshape(-1, 4).T
    return Found(passages, starts, ends, indices, keywords, lists)


def _together(text: str, spans: list[re.Match[str]]) -> bool:
    return all(_BETWEEN.fullmatch(text[one.end() : other.start()]) for one, other in pairwise(spans))


def rows(found: Found) -> pa.Table:
    """The table `concepts`."""
    times = dict(zip(found.keywords, np.bincount(found.keyword, minlength=len(found.keywords)).tolist(), strict=True))
    listed = [
        {"concept": concept, "keyword": keyword, "n_found": times[spelled(keyword)]}
        for concept, keywords in found.lists.items()
        for keyword in keywords
    ]
    return pa.Table.from_pylist(listed, schema=BY_NAME["concepts"].arrow)


def mark(found: Found, tokens: pa.Table, texts: list[str]) -> dict[str, np.ndarray]:
    """Concept -> the tokens of a model that spell its keywords: int64 token_index, ascending.

    Tokens spell an occurrence when together they cover it and nothing else but white space around it.
    """
    begin = np.cumsum([0, *(len(text) + 1 for text in texts)])
    offset = begin[tokens["passage_id"].to_numpy()]
    start, end = (offset + tokens[name].to_numpy() for name in ("char_start", "char_end"))
    # The tokens that touch an occurrence: those that end after its start and start before its end.
    first = np.searchsorted(np.maximum.accumulate(end), begin[found.passage] + found.start, "right")
    last = np.searchsorted(np.maximum.accumulate(start), begin[found.passage] + found.end, "left")
    hits: list[list[np.ndarray]] = [[] for _ in found.keywords]
    for row in np.flatnonzero(first < last):
        passage, here = found.passage[row], begin[found.passage[row]]
        left = texts[passage][start[first[row]] - here : found.start[row]]
        right = texts[passage][found.end[row] : end[last[row] - 1] - here]
        is_whole = start[first[row]] - here <= found.start[row] and end[last[row] - 1] - here >= found.end[row]
        if is_whole and not left.strip() and not right.strip():
            hits[found.keyword[row]].append(np.arange(first[row], last[row]))
    place = {words: index for index, words in enumerate(found.keywords)}
    special = tokens["is_special"].to_numpy(zero_copy_only=False)
    marked = {}
    for concept, keywords in found.lists.items():
        own = [one for keyword in keywords for one in hits[place[spelled(keyword)]]]
        every = np.unique(np.concatenate([*own, np.zeros(0, np.int64)]))
        marked[concept] = every[~special[every]]
    return marked


def shares(space: str, blocks: Iterable[Block], ordinary: np.ndarray, marked: Mapping[str, np.ndarray]) -> pa.Table:
    """The table `concept_features` of one space. Holds one block, and one bool for each token and concept."""
    on = {concept: np.zeros(len(ordinary), bool) for concept in sorted(marked)}
    for concept, mask in on.items():
        mask[marked[concept]] = True
    found: dict[str, list[pa.Table]] = {concept: [] for concept in on}
    for block in blocks:
        mass, _ = _mass(block.on(ordinary))
        for concept, mask in on.items():
            own, n_active = _mass(block.on(mask))
            share = np.divide(own, mass, out=np.zeros_like(own), where=mass > 0)
            feature = np.flatnonzero(share > LEAST)
            columns = {
                "concept": [concept] * len(feature),
                "space": [space] * len(feature),
                "feature": (block.first + feature).astype(np.int32),
                # Two sums of the same floats in different orders may differ in their last digits.
                "mass_share": np.minimum(share[feature], 1.0),
                "n_active": n_active[feature].astype(np.int32),
            }
            found[concept].append(pa.table(columns, schema=BY_NAME["concept_features"].arrow))
    parts = [part for concept in found.values() for part in concept]
    return pa.concat_tables([BY_NAME["concept_features"].arrow.empty_table(), *parts])


def _mass(block: Block) -> tuple[np.ndarray, np.ndarray]:
    """Sum and number of the activations of each feature of a block; float64 and int64 of shape (feature,)."""
    mass = np.bincount(block.feature, block.value.astype(np.float64), block.n_features)
    # Of no entry at all numpy counts integers.
    return mass.astype(np.float64), np.diff(block.indptr)
