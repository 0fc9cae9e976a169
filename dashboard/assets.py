"""The code that runs in the browser: what lies in `dashboard/browser`."""

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "browser"


@cache
def code(*names: str) -> str:
    """These files, one after the other: in this order they are one module."""
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)
