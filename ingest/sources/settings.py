"""The table `[corpus]` of a run file: one class for each source, one docstring for each key."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from ingest.frozen import Frozen
from ingest.sources.installed_docs import PACKAGES


class CorpusBase(Frozen):
    """What every source is asked for."""

    tokens: int = Field(1_000_000, gt=0)
    """Stop after this many tokens, counted with the first model's tokenizer. Where the number is given, a source that
    holds fewer is refused; where it is not, all of it is read, up to a million."""
    context_tokens: int = Field(128, ge=4)
    """Longest passage, BOS included, in tokens of the first model."""

    @property
    def demanded(self) -> bool:
        """Whether the run file says how many tokens it wants."""
        return "tokens" in self.model_fields_set


class InstalledDocs(CorpusBase):
    source: Literal["installed-docs"]
    packages: tuple[str, ...] = PACKAGES
    """Importable packages whose docstrings are read."""


class Stories(CorpusBase):
    source: Literal["stories"]
    seed: int = 0
    """Seed of the grammar: another seed, other stories."""
    tokens: int = Field(100_000, gt=0)
    """Stop after this many tokens: the supply has no end."""


class TextFiles(CorpusBase):
    source: Literal["text", "jsonl", "parquet"]
    path: Path
    """A file, relative to the run file. `text`: one document, one a block where it is larger than a block; `jsonl`,
    `parquet`: one a row."""
    field: str = "text"
    """Where a row of `jsonl` or `parquet` holds its text. A Parquet file with a `passage` column is taken uncut."""


class HuggingFace(CorpusBase):
    source: Literal["huggingface"]
    dataset: str = Field(min_length=1)
    """A dataset of the Hugging Face hub, such as `roneneldan/TinyStories`; or a folder of data files, which begins
    with `./`, `../` or `/` and is relative to the run file. Streamed: only what is read is downloaded."""
    config: str | None = None
    """Which of its configurations (also called subsets), where it has several."""
    split: str = "train"
    """Which of its splits."""
    field: str = "text"
    """The column that holds the text."""
    revision: str | None = None
    """Branch, tag or commit of the dataset; None takes its main branch as it is on the day. Give a commit so that the
    same run file always reads the same text."""


Corpus = Annotated[InstalledDocs | Stories | TextFiles | HuggingFace, Field(discriminator="source")]
