"""Whether the hub answers, so that a plan on a machine without it neither waits nor fails."""

from collections.abc import Iterator
from contextlib import contextmanager

from ingest.models import libraries as libraries

PATIENCE = 3.0
"""Seconds until a hub that says nothing counts as out of reach."""


@contextmanager
def hub_or_cache() -> Iterator[bool]:
    """Yields whether the hub can be reached; inside, where it cannot, its client looks only into its cache."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    reachable = not before and _answers(constants.ENDPOINT)
    constants.HF_HUB_OFFLINE = not reachable
    try:
        yield reachable
    finally:
        constants.HF_HUB_OFFLINE = before


def _answers(endpoint: str) -> bool:
    from huggingface_hub.utils import get_session

    try:
        get_session().head(endpoint, timeout=PATIENCE)
    except Exception:  # no name, no route, no answer, no proxy: all the same here
        return False
    return True
