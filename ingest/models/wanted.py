"""What a dictionary wants of the model that it reads: from its configuration alone, before any weights are loaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingest.errors import IngestError
from ingest.models import libraries as libraries
from ingest.models import releases
from ingest.models.bridge import PROCESSING
from ingest.models.fetching import listed, shapes_from_cache, speaking

SERVES = ("standard", "gated", "jumprelu", "topk", "matching_pursuit")
"""Architectures that make one row of features, none below 0, of one token. BatchTopK and Matryoshka SAEs are saved as
JumpReLU."""
REFUSED = {
    "abstopk": "its features are signed (AbsTopK), and a feature here is 0 or above; give another SAE",
    "temporal": releases.UNUSABLE["temporal"],
}


@dataclass(frozen=True)
class Wanted:
    """Read off the configuration; None where it does not say."""

    prepend_bos: bool | None
    """Whether passages began with BOS."""
    context: int | None
    """Longest passage that it was trained on, special tokens included, in tokens."""
    processing: tuple[str, ...]
    """Switches of `PROCESSING` that were on."""
    hook: str | None
    """Place in the model."""
    model_name: str | None
    """The model that it was trained on, as whoever saved it called it."""
    n_features: int
    d_in: int
    active: float | None
    """Active features a token."""
    dtype: str
    """What it was saved in."""
    normalisation: str
    """SAELens's `normalize_activations`."""


def wanted_of(spec: Any) -> Wanted:
    """What the SAE of a `[[spaces]]` entry wants. Raises `IngestError` where it is not there or cannot serve.

    Reads one small file, from the hub where it is a release whose file is not yet in the cache.
    """
    config = _configuration(spec)
    made = config["metadata"]
    switches = made.get("model_from_pretrained_kwargs") or {}
    return Wanted(
        made.get("prepend_bos"),
        made.get("context_size"),
        tuple(name for name in PROCESSING if switches.get(name)),
        spec.hook or made.get("hook_name"),
        made.get("model_name"),
        int(config["d_sae"]),
        int(config["d_in"]),
        _said_active(spec, config),
        str(config.get("dtype") or "float32"),
        config.get("normalize_activations") or "none",
    )


def agreed(model: str, wanted: Mapping[str, Wanted]) -> dict[str, bool]:
    """How a model has to be loaded for all its dictionaries, by space, alike: `prepend_bos`, where they say, and the
    switches of `PROCESSING` that were on. Raises `IngestError` where two of them want different things.

    A model is read once, so that its spaces share their tokens and its forward pass.
    """
    framed = {name: one.prepend_bos for name, one in wanted.items() if one.prepend_bos is not None}
    bos = _same(model, framed, "prepend_bos")
    switches = _same(model, {name: one.processing for name, one in wanted.items()}, "weight processing")
    return ({} if bos is None else {"prepend_bos": bos}) | dict.fromkeys(switches or (), True)


def _same(model: str, said: Mapping[str, Any], what: str) -> Any:
    """The one value that every space gives; None where there are none."""
    if not said:
        return None
    first, value = next(iter(said.items()))
    for name, other in said.items():
        if other != value:
            raise IngestError(
                f"spaces {first!r} and {name!r} want different {what} of model {model!r}: {_spelled(value)} and "
                f"{_spelled(other)}; load the model twice, under two names, and give each SAE its own"
            )
    return value


def _spelled(value: Any) -> str:
    return ("+".join(value) or "none") if isinstance(value, tuple) else str(value).lower()


def check_context(space: str, wanted: Wanted, given: int) -> None:
    """Raises `IngestError` when passages are longer than those that an SAE was trained on."""
    if wanted.context is not None and given > wanted.context:
        raise IngestError(
            f"space {space!r}: the SAE was trained on contexts of {wanted.context} tokens, and corpus.context_tokens "
            f"is {given}; give context_tokens = {wanted.context} or less"
        )


def same_model(said: str, load: str) -> bool:
    """Whether an SAE's own word for a model, and a run file's `load`, mean one model. A folder goes by its name."""
    return _official(said) == _official(load.partition(":")[2])


def _official(name: str) -> str:
    """The hub's name, without its organisation, of what may be TransformerLens's short name."""
    from transformer_lens.supported_models import MODEL_ALIASES

    for official, aliases in MODEL_ALIASES.items():
        if name in aliases:
            name = official
            break
    return name.rstrip("/").rpartition("/")[2].lower()


def _configuration(spec: Any) -> dict[str, Any]:
    """The SAE's configuration in SAELens's current form. Raises `IngestError` for what cannot serve, and why."""
    from sae_lens.loading import pretrained_sae_loaders as loaders

    if spec.path is None:
        if (found := listed(spec)) and (reason := releases.unusable(found)):
            raise IngestError(f"space {spec.name!r}: {spec.named} cannot be a space: {reason}")
        with speaking(spec), shapes_from_cache():
            config = loaders.load_sae_config_from_huggingface(spec.release, spec.sae_id)
    else:
        if not (spec.path / "cfg.json").is_file():
            raise IngestError(f"space {spec.name!r}: {spec.path} has no cfg.json; give a folder in SAELens's format")
        with speaking(spec):
            config = loaders.handle_config_defaulting(loaders.get_sae_lens_config_from_disk(spec.path))
    with speaking(spec):
        return {**config, "d_sae": int(config["d_sae"]), "d_in": int(config["d_in"])} | _served(spec, config)


def _served(spec: Any, config: dict[str, Any]) -> dict[str, Any]:
    """The metadata of a configuration, once nothing speaks against it."""
    architecture, made = config["architecture"], dict(config.get("metadata") or {})
    reason = REFUSED.get(architecture)
    if "transcoder" in architecture:
        reason = releases.TRANSCODER
    elif reason is None and architecture not in SERVES:
        reason = f"its architecture {architecture!r} is not one of {', '.join(SERVES)}; give the SAE as saved for use"
    elif made.get("hook_head_index") is not None:
        reason = "it reads a single attention head; give an SAE of a whole hook"
    if reason is not None:
        raise IngestError(f"space {spec.name!r}: {spec.named} cannot be a space: {reason}")
    return {"metadata": made}


def _said_active(spec: Any, config: dict[str, Any]) -> float | None:
    """Active features a token, where the configuration or SAELens's directory says it."""
    made = config["metadata"]
    active = config.get("k") or made.get("l0") or (made.get("training_architecture_details") or {}).get("k")
    if active is None and (found := listed(spec)):
        active = found.active
    return None if active is None else float(active)
