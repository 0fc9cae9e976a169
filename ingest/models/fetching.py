"""Between a space's `release` or `path` and SAELens: the hub, its cache, and what can go wrong there."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ingest.errors import IngestError
from ingest.models import libraries as libraries
from ingest.models import releases


def listed(spec: Any) -> releases.Entry | None:
    """What SAELens's directory says of a space's release; None for a folder or for a hub repository of its own.

    Raises `IngestError` where neither is meant, with the closest names.
    """
    if spec.path is not None or ("/" in spec.release and spec.release not in releases.known()):
        return None
    try:
        return releases.entry(spec.release, spec.sae_id)
    except IngestError as error:
        raise IngestError(f"space {spec.name!r}: {error}") from None


@contextmanager
def speaking(spec: Any) -> Iterator[None]:
    """Turns what SAELens and the hub's client raise into one `IngestError` that says what to do."""
    from huggingface_hub import errors
    from requests.exceptions import RequestException
    from safetensors import SafetensorError

    found = listed(spec)
    where = found.repository if found else spec.release
    try:
        yield
    except IngestError:
        raise
    except (errors.HfHubHTTPError, errors.LocalEntryNotFoundError, RequestException, ConnectionError) as error:
        raise IngestError(f"space {spec.name!r}: {_of_hub(error, spec, where)}") from None
    except SafetensorError as error:
        raise IngestError(
            f"space {spec.name!r}: the weights of {spec.named} are damaged ({_line(error)}); fetch or copy them again"
        ) from None
    except (ValueError, LookupError, TypeError, AttributeError, RuntimeError, OSError, EOFError) as error:
        raise IngestError(
            f"space {spec.name!r}: {spec.named} is not an SAE that SAELens reads "
            f"({type(error).__name__}: {_line(error)}); give a folder or a release in its format"
        ) from None


def _of_hub(error: Exception, spec: Any, where: str) -> str:
    """What to do about an answer of the hub, or about none."""
    from huggingface_hub import constants, errors

    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, errors.GatedRepoError) or status == 403:
        return f"{where} is gated; ask for access at https://huggingface.co/{where}, then log in: hf auth login"
    if isinstance(error, errors.RepositoryNotFoundError) or status == 401:
        return f"the hub has no repository {where!r}, or it is private; check the name, or log in: hf auth login"
    if isinstance(error, errors.RemoteEntryNotFoundError) or status == 404:
        return f"{where} has no such file as SAELens looks for ({_line(error)}); give another sae_id"
    return (
        f"{spec.named} is not in the cache {constants.HF_HUB_CACHE}, and the hub cannot be reached; "
        f"run once where it can, or fetch it there and bring the cache: hf download {where}"
    )


def _line(error: BaseException) -> str:
    """The first line of its text that is not empty, cut short."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "")[:200]


@contextmanager
def shapes_from_cache() -> Iterator[None]:
    """SAELens asks the hub for the shapes of Gemma Scope 2's weights even where their file is in the cache: read it."""
    from huggingface_hub import try_to_load_from_cache
    from sae_lens.loading import pretrained_sae_loaders as loaders

    asked = loaders.get_safetensors_tensor_shapes

    def shapes(repository: str, file: str) -> dict[str, list[int]]:
        path = try_to_load_from_cache(repository, file)
        if not isinstance(path, str):
            return asked(repository, file)
        with Path(path).open("rb") as weights:
            header = json.loads(weights.read(int.from_bytes(weights.read(8), "little")))
        return {name: tensor["shape"] for name, tensor in header.items() if name != "__metadata__"}

    loaders.get_safetensors_tensor_shapes = shapes
    try:
        yield
    finally:
        loaders.get_safetensors_tensor_shapes = asked
