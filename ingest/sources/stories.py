"""Short stories written by a grammar, with labelled concepts: text about which tests and tutorials know the truth.

Every story names who (a person), an animal, where (a place), when (a time) and a feeling, each in known words at known
places. The words of one concept never stand for another, so a feature that fires on a concept can be told from chance.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.sources.document import Document

CONCEPTS: dict[str, tuple[str, ...]] = {
    "who": ("Anna", "Boris", "Clara", "Dmitri", "Elena", "Farid", "Greta", "Hugo", "Irene", "Jonas", "Kemal", "Lucia"),
    "animal": ("dog", "cat", "horse", "rabbit", "owl", "goat", "fox", "duck", "turtle", "hedgehog"),
    "where": ("forest", "kitchen", "harbour", "library", "garden", "market", "attic", "station", "valley", "bakery"),
    "when": ("Monday", "Tuesday", "Friday", "Sunday", "January", "April", "August", "November", "midnight", "dawn"),
    "feeling": ("happy", "afraid", "proud", "lonely", "curious", "angry", "grateful", "jealous", "calm", "ashamed"),
}

_OPENINGS = (
    "On {when}, {who} walked to the {where} with a {animal}.",
    "It was {when} when {who} found a {animal} in the {where}.",
    "{who} had never seen a {animal} in the {where} before {when}.",
)
_MIDDLES = (
    "The {animal} looked at {who} and did not move.",
    "{who} felt {feeling} and sat down beside the {animal}.",
    'The {animal} ran across the {where}, and {who} called: "Wait for me!"',
    "Nobody else came to the {where}, because it was {when}.",
    '"Are you {feeling} too?" asked {who}.',
    "{who} counted to ten: one, two, three, four, and then the {animal} was gone.",
)
_ENDINGS = (
    "In the end {who} went home, still {feeling}.",
    "Since that {when}, the {where} has never been the same.",
    "{who} and the {animal} have been friends ever since.",
)


@dataclass(frozen=True)
class Story:
    """A text and where its concepts stand."""

    text: str
    spans: tuple[tuple[str, int, int], ...]
    """(concept, first character, one past the last) in the order of the text."""


def generate(seed: int = 0) -> Iterator[Story]:
    """An endless supply of stories; the same seed, the same stories."""
    rng = random.Random(seed)
    while True:
        words = {concept: rng.choice(choices) for concept, choices in CONCEPTS.items()}
        middles = rng.sample(_MIDDLES, rng.randint(2, 4))
        yield _fill([rng.choice(_OPENINGS), *middles, rng.choice(_ENDINGS)], words)


def _fill(sentences: list[str], words: dict[str, str]) -> Story:
    text, spans = "", []
    rest = " ".join(sentences)
    while "{" in rest:
        before, _, rest = rest.partition("{")
        concept, _, rest = rest.partition("}")
        text += before
        spans.append((concept, len(text), len(text) + len(words[concept])))
        text += words[concept]
    return Story(text + rest, tuple(spans))


def read(seed: int = 0) -> Iterator[Document]:
    """The stories as documents named `stories:<seed>:<number>`."""
    for number, story in enumerate(generate(seed)):
        yield Document(source=f"stories:{seed}:{number}", text=story.text)
