"""A dataset of the Hugging Face hub, or a folder of data files, read as a stream by the `datasets` library.

The order is that of the dataset's files, so the first tokens are always the same ones. The hub's branch is looked up
first, and the commit it stands at is what is read and what the log names. A row that holds no text, or a NUL character,
is left out and counted in the log: nobody who reads a dataset can mend it.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.errors import IngestError
from ingest.progress import log
from ingest.sources.document import Document, shown, spoilt
from ingest.sources.settings import HuggingFace

ROWS = 256
"""Rows that are held at once."""


def read(spec: HuggingFace) -> Iterator[Document]:
    """The documents of one split, named `<dataset>:<split>:<row>`. Holds `ROWS` rows, and what `datasets` reads ahead.

    Raises `IngestError`: no such dataset, configuration, split or field; no access; no network; a file that is broken.
    """
    name = Path(spec.dataset).name if _is_folder(spec) else spec.dataset
    row = left_out = 0
    try:
        for texts in _columns(spec):
            for text in texts:
                if isinstance(text, str) and spoilt(text) is None:
                    yield Document(source=f"{name}:{spec.split}:{row}", text=text)
                elif text is None or isinstance(text, str):
                    left_out += 1
                else:
                    raise IngestError(f"{_where(spec)} holds no text in {spec.field!r}: row {row} is {shown(text)}")
                row += 1
    finally:
        if left_out:
            log.info("corpus: %d of the first %d rows of %s hold no text and are left out", left_out, row, name)


def _is_folder(spec: HuggingFace) -> bool:
    return Path(spec.dataset).is_absolute()  # the run file's reader makes a folder's path absolute, and no id is


def _where(spec: HuggingFace) -> str:
    return f"corpus: dataset {spec.dataset!r}"


def _columns(spec: HuggingFace) -> Iterator[list[Any]]:
    """The texts of a few rows at a time."""
    stream = _opened(spec, None if _is_folder(spec) else _commit(spec))
    batches = stream.iter(batch_size=ROWS)
    while True:
        try:
            batch = next(batches, None)
        except Exception as error:  # whatever the readers of somebody's files raise
            problem = f"{type(error).__name__}: {shown(error)}"
            raise IngestError(f"{_where(spec)} cannot be read on ({problem}); try again, or give another") from None
        if batch is None:
            return
        if spec.field not in batch:
            raise IngestError(f"{_where(spec)} has no field {spec.field!r}; it has {', '.join(map(repr, batch))}")
        yield batch[spec.field]


def _commit(spec: HuggingFace) -> str:
    """The commit that a branch of a hub's dataset stands at."""
    from huggingface_hub import HfApi
    from huggingface_hub import errors as hub

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it announces every retry
    login = "ask for access on its page and log in with `hf auth login`"
    try:
        commit = HfApi().dataset_info(spec.dataset, revision=spec.revision).sha
    except hub.GatedRepoError:
        raise IngestError(f"{_where(spec)} is gated; {login}, or name another") from None
    except hub.RevisionNotFoundError:
        raise IngestError(f"{_where(spec)} has no revision {spec.revision!r}; give a branch, tag or commit") from None
    except (hub.RepositoryNotFoundError, hub.HFValidationError):
        raise IngestError(
            f"{_where(spec)} is not on the Hugging Face hub, or is private; look for its name at hf.co/datasets, or "
            f"{login}; a folder begins with ./, ../ or /"
        ) from None
    except Exception as error:  # the hub's errors and those of its transport have no common root
        raise _unreached(spec, error) from None
    log.info("corpus: %s at commit %s", spec.dataset, commit)
    return str(commit)


def _unreached(spec: HuggingFace, error: Exception) -> IngestError:
    return IngestError(
        f"{_where(spec)} cannot be reached ({type(error).__name__}: {shown(error)}); a stream needs the network: check "
        "it, HF_ENDPOINT and HF_HUB_OFFLINE, or read files that are here (a folder, or source = 'text', 'jsonl', "
        "'parquet')"
    )


def _opened(spec: HuggingFace, commit: str | None) -> Any:
    from datasets import load_dataset
    from datasets.utils.logging import set_verbosity_error

    set_verbosity_error()
    try:
        return load_dataset(spec.dataset, spec.config, split=spec.split, revision=commit, streaming=True)
    except FileNotFoundError as error:
        raise IngestError(f"{_where(spec)} has no data files that can be read: {shown(error)}") from None
    except ConnectionError as error:
        raise _unreached(spec, error) from None
    except Exception as error:  # a wrong configuration or split: the message says which there are
        said = " ".join(line.strip() for line in str(error).splitlines()[:2])
        raise IngestError(f"{_where(spec)}, config {spec.config!r}, split {spec.split!r}: {said}") from None
