"""Where the files of a model lie: a folder, or a repository of the Hugging Face hub at one commit; and every way in
which it can fail to be loaded, as one line.
"""

import difflib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.errors import IngestError
from ingest.models import libraries as libraries
from ingest.workspace import digest, file_digest

RENAMED = {
    "gpt2": "openai-community/gpt2",
    "gpt2-medium": "openai-community/gpt2-medium",
    "gpt2-large": "openai-community/gpt2-large",
    "gpt2-xl": "openai-community/gpt2-xl",
    "distilgpt2": "distilbert/distilgpt2",
    "bert-base-uncased": "google-bert/bert-base-uncased",
    "bert-base-cased": "google-bert/bert-base-cased",
    "roberta-base": "FacebookAI/roberta-base",
}
"""Repositories that got an owner: the hub redirects, a cache holds them under the name that they were asked by."""
WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
"""Names of a checkpoint's weights, in the order in which transformers looks for them."""


@dataclass(frozen=True)
class Source:
    """The files of one model."""

    name: str
    """What transformers loads: a repository's name, or a folder's path."""
    revision: str | None
    """The commit; None for a folder."""
    folder: Path
    """Where the files lie: the folder itself, or the commit's in the hub's cache."""
    config: Any
    """The model's configuration, as transformers reads it."""

    @property
    def said(self) -> str:
        """Its name as the store tells it: no path of this machine."""
        return self.folder.name if self.revision is None else self.name

    @property
    def arguments(self) -> dict[str, Any]:
        """What `from_pretrained` takes beside the name. Code that comes with a model is never run."""
        return {"revision": self.revision or "main", "trust_remote_code": False}

    @property
    def weights(self) -> str:
        """SHA-256 over the files of the configuration and the weights.

        A file of the hub's cache is a link to a blob that is named by the hash of its content, which is taken for it.
        """
        first = next((self.folder / name for name in WEIGHTS if (self.folder / name).exists()), None)
        if first is None:
            raise IngestError(f"{self.said} has none of {', '.join(WEIGHTS)}; give a folder or repository with weights")
        files = [self.folder / "config.json", first]
        if first.suffix == ".json":
            shards = json.loads(first.read_text(encoding="utf-8"))["weight_map"].values()
            files += [self.folder / name for name in sorted(set(shards))]
        return digest(*map(_identity, files))


def _identity(path: Path) -> str:
    real = path.resolve()
    return real.name if path.is_symlink() and real.parent.name == "blobs" else file_digest(path)


def find(spec: Any, name: str) -> Source:
    """The files of a `[[models]]` entry; downloads its configuration where it is not there. Raises `IngestError`."""
    from huggingface_hub import hf_hub_download
    from transformers import AutoConfig

    libraries.quiet()
    if name.startswith(("/", ".", "~")) or Path(name).is_dir():
        folder = Path(name).expanduser()
        _check_folder(spec, folder)
        with one_line(spec, name):
            return Source(str(folder), None, folder, AutoConfig.from_pretrained(folder, trust_remote_code=False))
    name = _cached_name(name)
    with one_line(spec, name):
        folder = Path(hf_hub_download(name, "config.json", revision=spec.revision)).parent
        config = AutoConfig.from_pretrained(name, revision=folder.name, trust_remote_code=False)
        return Source(name, folder.name, folder, config)


def _check_folder(spec: Any, folder: Path) -> None:
    if not folder.is_dir():
        raise IngestError(f"model {spec.name!r}: there is no folder {folder}; give a model's folder, or ORG/NAME")
    if not (folder / "config.json").is_file():
        raise IngestError(
            f"model {spec.name!r}: {folder} has no config.json; give a folder that save_pretrained has written"
        )


def cached() -> list[str]:
    """Names of the repositories of models in the hub's cache."""
    from huggingface_hub import constants

    found = Path(constants.HF_HUB_CACHE).glob("models--*/snapshots")
    return sorted(path.parent.name.removeprefix("models--").replace("--", "/") for path in found)


def _cached_name(name: str) -> str:
    """The name under which the cache holds a repository that was renamed; the name itself where it does not."""
    held, other = cached(), RENAMED.get(name)
    return other if other in held and name not in held else name


def close_to(asked: str, known: Iterable[str], n: int = 3) -> list[str]:
    """The names that are spelled most like `asked`."""
    return difflib.get_close_matches(asked, list(known), n=n, cutoff=0.4)


@contextmanager
def one_line(spec: Any, name: str) -> Iterator[None]:
    """What the libraries raise while they load `name`, as an `IngestError` of one line."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        raise IngestError(f"model {spec.name!r}: {_reason(error, name, spec.revision)}") from None


def _reason(error: BaseException, name: str, revision: str | None) -> str:
    """Why `name` cannot be loaded, and what to do."""
    from huggingface_hub import errors
    from safetensors import SafetensorError

    def raised(*kinds: type[BaseException]) -> bool:
        return any(isinstance(one, kinds) for one in _chain(error))

    text, first = str(error), _first_line(error)
    at = f" at revision {revision!r}" if revision else ""
    if raised(errors.GatedRepoError):
        return (
            f"{name} is gated; accept its terms at https://huggingface.co/{name}, then `hf auth login` or set HF_TOKEN"
        )
    if raised(errors.RevisionNotFoundError):
        return f"{name} has no revision {revision!r}; look for its branches and tags at https://huggingface.co/{name}"
    if raised(errors.HFValidationError):
        return f"{name!r} is neither a folder nor the name of a repository; give a folder's path, or ORG/NAME"
    if raised(errors.RepositoryNotFoundError):
        return f"the hub has no repository {name}, or it is private; check the name, or set HF_TOKEN{_perhaps(name)}"
    if raised(errors.RemoteEntryNotFoundError):
        return f"{name}{at} has no config.json; give a repository in the format of transformers"
    if raised(errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled) or "couldn't connect" in text:
        what = f"the weights of {name}" if name in cached() and not revision else f"{name}{at}"
        return (
            f"no network and not in the cache: {what}; fetch it where there is a network (hf download {name}), "
            f"or give a folder{_perhaps(name)}"
        )
    if raised(SafetensorError):
        return f"a weights file of {name} is damaged ({first}); fetch it again"
    if "trust_remote_code" in text or "custom code" in text:
        return f"{name} brings its own code, which is not run; give a model whose architecture transformers knows"
    if raised(MemoryError) or "out of memory" in text:
        return f'{name} does not fit the device ({first}); set device = "cpu" or dtype = "bfloat16"'
    if "ignore_mismatched_sizes" in text:
        return f"the weights of {name} do not have the shapes that its config.json says; give the config.json they had"
    if any(words in text for words in ("does not recognize this architecture", "Unrecognized", "nsupported")):
        return f"the architecture of {name} is not supported ({first}); give another model"
    return f"{name} cannot be loaded ({type(error).__name__}: {first})"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _first_line(error: BaseException) -> str:
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)[:200]


def _perhaps(name: str) -> str:
    found = [other for other in close_to(name, cached()) if other != name]
    return f"; in the cache: {', '.join(found)}" if found else ""
