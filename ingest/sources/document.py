"""What every source yields, and what is no text in it."""

from dataclasses import dataclass

SHOWN = 60
"""Characters of somebody's input that an error repeats."""


@dataclass(frozen=True)
class Document:
    """One text with a name that a reader can find again."""

    source: str
    """Where it comes from, such as `numpy.linalg._linalg:svd`."""
    text: str


@dataclass(frozen=True)
class Spoilt:
    """The first character that no text holds; as a string, the rest of a sentence about its line or row."""

    start: int
    what: str

    def __str__(self) -> str:
        return f"holds {self.what}, at character {self.start:,}; take it out"


def spoilt(text: str) -> Spoilt | None:
    """A NUL (the mark of a binary file) or half a character (a lone surrogate, which JSON can spell) in a text."""
    if "\0" in text:
        return Spoilt(text.index("\0"), "a NUL character, so it is not plain text")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return Spoilt(error.start, f"half a character (the lone surrogate U+{ord(text[error.start]):04X})")
    return None


def shown(value: object, quoted: bool = True) -> str:
    """Somebody's value or error, in one short line."""
    if isinstance(value, Exception):
        lines = str(value).splitlines()
        return lines[0].rstrip(".") if lines else type(value).__name__
    text = repr(value) if quoted else str(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."
