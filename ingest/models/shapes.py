"""How large a model is, before any of its weights are read: from its configuration, or from the table of facts."""

import json
import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ingest.errors import IngestError
from ingest.models.bridge import official_name
from ingest.models.demo import demo_folder
from ingest.models.hub import find
from ingest.models.shape import empty

FACTS = Path(__file__).with_name("facts.toml")
BLOCK = re.compile(r"\.(\d+)\.")
"""The number of a block in the name of a weight."""


@dataclass(frozen=True)
class NetworkShape:
    """A network's size."""

    n_layers: int
    d_model: int
    d_mlp: int
    gated_mlp: bool
    context: int | None
    """Longest passage, in tokens; None where there is no limit or nobody says."""
    n_parameters: int
    layer_parameters: int
    """Of its largest block."""
    stored: str
    """Numbers that its weights are stored in, such as `float16`."""

    def width(self, hook: str) -> int:
        """Dimensions of the activations at a hook."""
        return self.d_mlp if hook.endswith(("mlp.hook_post", "mlp.hook_pre")) else self.d_model


@cache
def facts() -> dict[str, Any]:
    """The table: `models` by their name on the hub, and `releases`."""
    return tomllib.loads(FACTS.read_text(encoding="utf-8"))


def network_shape(spec: Any, reachable: bool) -> NetworkShape | None:
    """The size of the model of a `[[models]]` entry; None for imported tokens, and where nobody says.

    A configuration is looked for in the hub's cache, and on the hub where it is `reachable`. Raises `IngestError` for
    a demo model that there is not, and for what a hub that answers does not have.
    """
    kind, _, name = spec.load.partition(":")
    if kind == "tokens":
        return None
    if kind == "demo":
        return _of_demo(demo_folder(spec))
    if kind == "transformer-lens":
        name = official_name(spec, name)
    return _of_configuration(spec, name, reachable) or _of_table(name)


def _of_table(name: str) -> NetworkShape | None:
    for known, row in facts()["models"].items():
        if name in (known, *row.get("also", ())):
            return NetworkShape(**{key: value for key, value in row.items() if key != "also"})
    return None


def _of_demo(folder: Path) -> NetworkShape:
    from safetensors import safe_open

    config = json.loads((folder / "config.json").read_text())
    with safe_open(folder / "model.safetensors", "np") as weights:
        sizes = {key: _product(weights.get_slice(key).get_shape()) for key in weights.keys()}  # noqa: SIM118
    total, layer = _counted(sizes)
    gated = config.get("gated_mlp", False)
    sides = (config["n_layers"], config["d_model"], config["d_mlp"], gated, config["n_ctx"])
    return NetworkShape(*sides, total, layer, "float16")


def _product(shape: list[int]) -> int:
    size = 1
    for side in shape:
        size *= side
    return size


def _counted(sizes: dict[str, int]) -> tuple[int, int]:
    """Parameters of all, and of the largest block."""
    of_block: Counter[int] = Counter()
    for name, size in sizes.items():
        if found := BLOCK.search(name):
            of_block[int(found[1])] += size
    return sum(sizes.values()), max(of_block.values(), default=0)


def _of_configuration(spec: Any, name: str, reachable: bool) -> NetworkShape | None:
    """From the model's `config.json`: its network is laid out without weights, and its parameters counted."""
    try:
        source = find(spec, name)
    except IngestError:
        if reachable or Path(name).is_dir():
            raise
        return None
    network = empty(spec, source)
    total, layer = _counted({key: weight.numel() for key, weight in network.named_parameters()})
    text = source.config.get_text_config()
    d_model = int(text.hidden_size)
    d_mlp = int(getattr(text, "intermediate_size", None) or getattr(text, "n_inner", None) or 4 * d_model)
    gated = any("gate_proj" in key for key, _ in network.named_modules())
    longest = getattr(text, "max_position_embeddings", None)
    stored = str(source.config.dtype or "float32").removeprefix("torch.")
    return NetworkShape(int(text.num_hidden_layers), d_model, d_mlp, gated, longest, total, layer, stored)
