"""The run that the benchmarks of ingest read: a model of the demo, its SAEs, and passages of the installed docs."""

import resource
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ingest import config, corpus, models, reading, tokens
from ingest.reading import Read
from ingest.workspace import Workspace

CONTEXT = 128
MODEL, SAES = "tiny-2l", ("tiny-2l.1", "tiny-2l.0", "tiny-2l.1-seed1")
RUN = f"""
[corpus]
source = "parquet"
path = "passages.parquet"

[[models]]
name = "{MODEL}"
load = "demo:{MODEL}"
""" + "".join(
    f"""
[[spaces]]
name = "{name}"
model = "{MODEL}"
kind = "sae"
path = "{models.DEMO}/saes/{name}"
"""
    for name in SAES
)


def write(folder: Path, n_tokens: int, full: bool, source: config.Corpus | None = None) -> Path:
    """Write `run.toml` and its passages, about `n_tokens` of them; `full`: only such as fill the context."""
    model = models.load(config.ModelSpec(name=MODEL, load=f"demo:{MODEL}"))
    asked = 2 * n_tokens if full else n_tokens  # two thirds of the text fill the context
    source = source or config.InstalledDocs(source="installed-docs", tokens=asked, context_tokens=CONTEXT)
    passages = corpus.read(source, model.tokenizer)
    length = np.bincount(tokens.read(model, passages)["passage_id"].to_numpy())
    kept = np.flatnonzero(length == CONTEXT) if full else np.arange(len(length))
    kept = kept[: int(np.searchsorted(np.cumsum(length[kept]), n_tokens)) + 1]
    texts = passages["text"].take(pa.array(kept))
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"passage": np.arange(len(kept)), "text": texts}), folder / "passages.parquet")
    (folder / "run.toml").write_text(RUN)
    return folder / "run.toml"


def read(run_file: Path, out: Path, spaces: Iterable[str] = SAES) -> Read:
    """Everything loaded for the spaces, with working files to go to `out`."""
    job, _ = config.read(run_file)
    wanted = tuple(space for space in job.spaces if space.name in set(spaces))
    return reading.load(job.model_copy(update={"spaces": wanted}), Workspace(out))


def only(whole: Read, spaces: Iterable[str], out: Path) -> Read:
    """The same for fewer spaces, with other working files."""
    kept = {name: space for name, space in whole.spaces.items() if name in set(spaces)}
    return replace(whole, spaces=kept, work=Workspace(out), shards={})


def ids_of(whole: Read) -> np.ndarray:
    """int64 of shape (passage, position): the token ids of passages of one length."""
    table = whole.tokens[MODEL]
    return table["token_id"].to_numpy().astype(np.int64).reshape(-1, CONTEXT)


def peak() -> float:
    """Peak memory of this process in GB. Linux's ru_maxrss would count what the parent held when it started this one."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e9
