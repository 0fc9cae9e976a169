"""What every source yields."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Document:
    """One text with a name that a reader can find again."""

    source: str
    """Where it comes from, such as `numpy.linalg._linalg:svd`."""
    text: str
