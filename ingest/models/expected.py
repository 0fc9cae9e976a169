"""What is known of a space's SAE before its weights are there: its own configuration, or what the names tell."""

import math
import re
from dataclasses import dataclass
from typing import Any

from ingest.errors import IngestError
from ingest.models import releases
from ingest.models.fetching import listed
from ingest.models.shapes import facts
from ingest.models.wanted import Wanted, wanted_of

NAMED_WIDTH = (r"width[_-](\d+)(k|m)\b", r"[-_](\d+)(k|m)(?:[-_]|$)", r"[-_]w(\d+)(k|m)\b", r"2pow(\d+)()")
"""How names tell a width: `width_16k` and `v5-32k` mean powers of two, `2pow12` says so."""
NAMED_ACTIVE = r"average_l0_(\d+)"
"""How Gemma Scope's paths tell how many features are active at a token."""
UNKNOWN_WIDTH = 32_768
"""Features, where neither a file, nor the table of facts, nor a name says how many."""


@dataclass(frozen=True)
class Expected:
    """An SAE as far as a plan needs it."""

    n_features: int
    d_in: int | None
    active: float | None
    """Active features a token; None where nobody says."""
    hook: str | None
    n_bytes: int
    """That its weights take on the hub, about; 0 for a folder."""
    assumed_features: bool
    wanted: Wanted | None
    """Its own configuration, where there is one."""


def expected(spec: Any, reachable: bool) -> Expected:
    """The SAE of a `[[spaces]]` entry with `path`, or `release` and `sae_id`.

    Raises `IngestError` for what does not exist, with the closest names, and for what cannot be a space.
    """
    found = listed(spec)
    if found is not None and (reason := releases.unusable(found)):
        raise IngestError(f"space {spec.name!r}: {spec.named} cannot be a space: {reason}")
    try:
        wanted = wanted_of(spec)
    except IngestError:
        if reachable or spec.path is not None:
            raise
        return _by_names(spec, found)
    return Expected(
        wanted.n_features,
        wanted.d_in,
        wanted.active or _named_active(found),
        wanted.hook,
        0 if spec.path is not None else weights_size(wanted.n_features, wanted.d_in),
        False,
        wanted,
    )


def weights_size(n_features: int, d_in: int | None) -> int:
    """Bytes of an encoder and a decoder in float32."""
    return 4 * 2 * n_features * (d_in or 0)


def _by_names(spec: Any, found: releases.Entry | None) -> Expected:
    hook = spec.hook or (releases.hook_of(spec.release, spec.sae_id) if found else None)
    known = facts()["releases"].get(spec.release)
    width = known or named_width(f"{spec.release}/{found.path if found else spec.sae_id}")
    return Expected(width or UNKNOWN_WIDTH, None, _named_active(found), hook, 0, known is None, None)


def _named_active(found: releases.Entry | None) -> float | None:
    """Active features a token, as SAELens's directory or the path there tells."""
    if found is None or found.active is not None:
        return None if found is None else found.active
    named = re.search(NAMED_ACTIVE, found.path)
    return float(named[1]) if named else None


def named_width(name: str) -> int | None:
    """Features that a name tells: `gpt2-small-resid-post-v5-32k` has 32,768; None where it tells none."""
    for pattern in NAMED_WIDTH:
        if found := re.search(pattern, name):
            if found[2] == "":
                return 2 ** int(found[1])
            return 2 ** round(math.log2(int(found[1]) * {"k": 1e3, "m": 1e6}[found[2]]))
    return None
