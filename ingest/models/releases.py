"""SAELens's own directory of trained dictionaries: what a `release` and an `sae_id` stand for.

Everything here is read from the directory that SAELens ships, or follows from the names in it: nothing is downloaded.
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from ingest.errors import IngestError
from ingest.models import libraries as libraries

SELF_CONTAINED = ("gemma_2", "qwen_scope", "deepseek_r1", "goodfire")
"""Formats whose configuration SAELens derives from the names alone."""
PLACES = r"blocks\.\d+\.(?:attn\.|mlp\.)?hook_(?:resid_(?:pre|mid|post)|attn_out|mlp_out|mlp_in|z|post)"
LLAMA_SCOPE = {"r": "hook_resid_post", "m": "hook_mlp_out", "a": "hook_attn_out"}
BY_PATH = {"resid_post": "hook_resid_post", "mlp_out": "hook_mlp_out", "attn_out": "attn.hook_z"}
TRANSCODER = "it is a transcoder, which reads one place of the model and writes another; give an SAE"
UNUSABLE = {
    "gemma_2_transcoder": TRANSCODER,
    "mwhanna_transcoder": TRANSCODER,
    "mntss_clt_layer_transcoder": "it is a layer of a cross-layer transcoder, which writes to many layers; give an SAE",
    "temporal": "it is a temporal SAE, whose features at a token depend on the tokens before it; give another SAE",
}
"""Formats that cannot serve as a space, and why."""


@dataclass(frozen=True)
class Entry:
    """One dictionary of the directory."""

    release: str
    sae_id: str
    repository: str
    """Where it lies on the hub."""
    path: str
    """Folder or file in the repository."""
    format: str
    """SAELens's name of the way it is stored; `sae_lens` is its own."""
    model: str
    """The model that it was trained on, as the directory calls it."""
    active: float | None
    """Active features a token, as measured by whoever listed it; None where unknown."""
    neuronpedia_id: str | None
    """`<model>/<sae>`, where Neuronpedia shows its features."""
    scaling: float | None
    """What activations are multiplied by before they are encoded; None where nobody says."""


def closest(name: str, among: Iterable[str], count: int = 3) -> list[str]:
    """The names most like `name`, most alike first; those of one spelling but for case and marks before all others."""
    names = list(among)
    plain = {re.sub(r"[^a-z0-9]", "", other.lower()): other for other in reversed(names)}
    same = plain.get(re.sub(r"[^a-z0-9]", "", name.lower()))
    alike = difflib.get_close_matches(name, names, n=count, cutoff=0.3)
    return list(dict.fromkeys(([same] if same else []) + alike))[:count]


def known() -> tuple[str, ...]:
    """Every release."""
    return tuple(_directory())


def ids(release: str) -> tuple[str, ...]:
    """Every `sae_id` of a release. Raises `IngestError` for an unknown one, with the closest names."""
    if release not in _directory():
        alike = ", ".join(closest(release, known()))
        raise IngestError(
            f"SAELens {_version()} lists no release {release!r}; it lists {len(known())}, the closest: {alike}"
        )
    return tuple(_directory()[release].saes_map)


def exists(release: str, sae_id: str) -> bool:
    """Whether the directory lists it."""
    return release in _directory() and sae_id in _directory()[release].saes_map


def entry(release: str, sae_id: str) -> Entry:
    """Raises `IngestError` for a release or an id that the directory does not list, with the closest names."""
    found = ids(release)
    if sae_id not in found:
        alike = ", ".join(closest(sae_id, found)) or ", ".join(found[:3])
        raise IngestError(f"release {release!r} has no sae_id {sae_id!r}; it has {len(found)}, the closest: {alike}")
    listed = _directory()[release]
    return Entry(
        release,
        sae_id,
        listed.repo_id,
        listed.saes_map[sae_id],
        listed.conversion_func or "sae_lens",
        listed.model,
        listed.expected_l0[sae_id] or None,  # the directory writes 0 for unknown
        listed.neuronpedia_id[sae_id],
        listed.norm_scaling_factor.get(sae_id),
    )


def unusable(found: Entry) -> str | None:
    """Why it cannot be a space, as far as the directory tells; None where nothing speaks against it."""
    if found.format == "gemma_3" and re.search("transcoder|clt", found.path):
        return TRANSCODER
    return UNUSABLE.get(found.format)


def hook_of(release: str, sae_id: str) -> str | None:
    """Where in the model it reads, in TransformerLens's words; None where only its own configuration says."""
    found = entry(release, sae_id)
    if known_config := config(release, sae_id):
        return str(known_config["metadata"]["hook_name"])
    if named := re.match(PLACES, sae_id):
        return re.sub(r"\.hook_z$", ".attn.hook_z", named[0].replace(".attn.hook_z", ".hook_z"))
    if found.format.startswith("llama_scope") and (named := re.match(r"l(\d+)([rma])_", sae_id)):
        return f"blocks.{named[1]}.{LLAMA_SCOPE[named[2]]}"
    if named := re.search(r"(resid_post|mlp_out|attn_out).*layer_(\d+)", found.path):
        return f"blocks.{named[2]}.{BY_PATH[named[1]]}"
    return None


def width(release: str, sae_id: str) -> int | None:
    """Features, where the directory or the names tell; None where only its own configuration says."""
    known_config = config(release, sae_id)
    return None if known_config is None else int(known_config["d_sae"])


def config(release: str, sae_id: str) -> dict[str, Any] | None:
    """Its configuration in SAELens's current form, where it follows from the names; None where a file holds it."""
    if entry(release, sae_id).format not in SELF_CONTAINED:
        return None
    from sae_lens.loading.pretrained_sae_loaders import load_sae_config_from_huggingface

    return load_sae_config_from_huggingface(release, sae_id)


@cache
def _directory() -> dict[str, Any]:
    from sae_lens.loading.pretrained_saes_directory import get_pretrained_saes_directory

    return get_pretrained_saes_directory()


def _version() -> str:
    import sae_lens

    return str(sae_lens.__version__)
