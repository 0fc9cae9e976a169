"""What one short forward pass shows of a network of transformers: which modules run, in which order, how wide they are,
and which of them add to the residual stream.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ingest.models.stopping import PROBE, first_tensor, width_of


@dataclass(frozen=True)
class Event:
    """A module begins or ends."""

    module: str
    entry: bool
    """Whether this is what goes into the module, rather than what comes out."""
    width: int | None
    """Dimensions; None where it is not one row of numbers for each position."""
    value: Tensor | None
    """The numbers, where they were asked for."""


def entering(arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """What goes into a module: its first argument."""
    return arguments[0] if arguments else named.get("hidden_states")


def trace(network: Any, wanted: Callable[[str], bool] = lambda name: False) -> list[Event]:
    """Begin and end of every module in one pass over `PROBE`; with the numbers of the modules that are `wanted`.

    Modules that run more than once are left out: their name does not say which time is meant.
    """
    events: list[Event] = []

    def note(name: str, entry: bool, given: Any) -> None:
        value = first_tensor(given) if wanted(name) else None
        events.append(Event(name, entry, width_of(given), value))

    with ExitStack() as hooked, torch.inference_mode():
        for name, module in network.named_modules():
            if name:
                before = module.register_forward_pre_hook(_before(note, name), with_kwargs=True)
                behind = module.register_forward_hook(_behind(note, name))
                hooked.callback(before.remove)
                hooked.callback(behind.remove)
        parameter = next(network.parameters())
        network(PROBE.to(parameter.device))
    times = Counter(event.module for event in events if event.entry)
    return [event for event in events if times[event.module] == 1]


def _before(note: Callable[[str, bool, Any], None], name: str) -> Any:
    return lambda module, arguments, named: note(name, True, entering(arguments, named))


def _behind(note: Callable[[str, bool, Any], None], name: str) -> Any:
    return lambda module, arguments, given: note(name, False, given)


def layer_list(network: Any, n_layers: int) -> str | None:
    """Name of the list of the network's layers; None where it has none, or several."""
    lists = [
        name
        for name, module in network.named_modules()
        if isinstance(module, torch.nn.ModuleList) and len(module) == n_layers
    ]
    depth = min((name.count(".") for name in lists), default=0)
    top = [name for name in lists if name.count(".") == depth]
    return top[0] if len(top) == 1 else None


def adding(events: list[Event], layer: str) -> tuple[str, str] | None:
    """The modules of a layer that attention and MLP add to the residual stream by, named within the layer.

    Taken for these are two of the layer's own modules, one of them an attention by its name, whose sum with what goes
    into the layer is what comes out: so no wrong module is ever named. Layers that normalise the sum (BERT's) do not
    show it; there the names of that family decide. None where neither holds, or there are no numbers.
    """
    ends: dict[str, Tensor] = {}
    for event in events:
        if event.value is not None and event.width and not event.entry:
            ends[event.module.removeprefix(f"{layer}.")] = event.value
    begin = next((event.value for event in events if event.entry and event.module == layer), None)
    if begin is None or layer not in ends:
        return None
    added = ends.pop(layer) - begin
    ends = {name: value for name, value in ends.items() if value.shape == added.shape}
    own = [name for name in ends if "." not in name]
    for attention in (name for name in own if "att" in name.lower()):
        for mlp in (name for name in own if name != attention):
            difference = ends[attention] + ends[mlp] - added
            if difference.float().norm() < 0.02 * added.float().norm():
                return attention, mlp
    both = ("attention.output.dense", "output.dense")
    return both if all(name in ends for name in both) else None
