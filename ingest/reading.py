"""What the steps of a run start from: loaded models and spaces, the text, its tokens, and the activations on them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_array

from ingest import activations, alignment, concepts, corpus, models, tokens, wants
from ingest.activations import Activations, Block, Space
from ingest.alignment import Alignment
from ingest.config import ComparisonSpec, Job
from ingest.models import Model
from ingest.ranks import ALONE, Ranks
from ingest.workspace import Workspace, digest


@dataclass(frozen=True)
class Read:
    """What the steps start from: everything that was loaded, and where the working files lie."""

    job: Job
    work: Workspace
    models: dict[str, Model]
    spaces: dict[str, Space]
    passages: pa.Table
    tokens: dict[str, pa.Table]
    """Model -> its rows of the table `tokens`."""
    words: concepts.Found
    text: str
    """Digest of the passages."""
    shards: dict[str, list[Path]]
    """Space -> the files of its activations; empty until they are collected."""
    ranks: Ranks
    """Who divides the work."""

    def tokens_of(self, space: str) -> pa.Table:
        return self.tokens[self.spaces[space].model.name]

    def activations_of(self, space: str) -> Activations:
        return activations.load(self.shards[space], self.tokens_of(space).num_rows, self.work)

    def blocks_of(self, space: str) -> Iterator[Block]:
        return activations.blocks(self.shards[space], self.work)

    def n_activations(self, space: str) -> int:
        return sum(self.work.facts(path)[0] for path in self.shards[space])

    def names(self, space: str) -> list[str]:
        """What stands for a space's activations in the name of a file that is made of them."""
        return [path.name for path in self.shards[space]]

    def aligned(self, spec: ComparisonSpec) -> tuple[Alignment, Iterator[csr_array]]:
        """The units of a comparison; and the activations of A, then B, at them, float32 of shape (unit, feature).

        These are loaded as they are asked for, so that both need not be held.
        """
        contexts = self.spaces[spec.a].model.context, self.spaces[spec.b].model.context
        found = alignment.align(self.tokens_of(spec.a), self.tokens_of(spec.b), self.passages, contexts)
        sides = ((spec.a, found.unit_of_a), (spec.b, found.unit_of_b))
        return found, (
            alignment.to_units(self.activations_of(name).matrix, unit, found.n_units) for name, unit in sides
        )


def load(job: Job, work: Workspace, ranks: Ranks = ALONE) -> Read:
    """Models, spaces, text and tokens. Writes nothing; raises `IngestError` for what cannot be used.

    Every rank loads the models; rank 0 alone reads the text, which may be a stream, and sends it to the others.
    """
    wanted = wants.of(job)
    loaded = {spec.name: models.load(spec, wanted[spec.name]) for spec in job.models}
    wants.check_lengths(job, {name: model.context for name, model in loaded.items()})
    spaces = {spec.name: activations.load_space(spec, loaded[spec.model]) for spec in job.spaces}
    read_here = {f"model {name!r}": digest(model.weights, model.vocabulary) for name, model in loaded.items()}
    read_here |= {f"space {name!r}": space.weights for name, space in spaces.items()}
    ranks.agree({"run file": job.model_dump_json(), **read_here})
    first = loaded[job.models[0].name].tokenizer
    passages = ranks.broadcast(lambda: corpus.read(job.corpus, first, tokens.rooms(loaded.values())))
    text = digest(passages["source"].to_pylist(), passages["text"].to_pylist())
    cut = {name: tokens.read(model, passages) for name, model in loaded.items()}
    words = concepts.find(passages["text"].to_pylist(), concepts.gather(job.concepts))
    return Read(job, work, loaded, spaces, passages, cut, words, text, {}, ranks)


def collect(read: Read) -> dict[str, list[Path]]:
    """The activations of every space; one pass of a model serves all its spaces. Ranks divide the shards."""
    shards: dict[str, list[Path]] = {}
    for name, model in read.models.items():
        if mine := [space for space in read.spaces.values() if space.model is model]:
            shards |= activations.collect(mine, read.tokens[name], read.passages, read.work, read.ranks)
    read.ranks.meet()
    read.ranks.find(path for files in shards.values() for path in files)
    return shards


def ordinary(tokens: pa.Table) -> np.ndarray:
    """bool of shape (token,): those that are not special."""
    return ~tokens["is_special"].to_numpy(zero_copy_only=False)
