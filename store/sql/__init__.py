"""The store's questions, one a file. `load(name)` gives the text of `name.sql`."""

import re
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_INCLUDE = re.compile(r"^-- include: (\w+)$", re.MULTILINE)


@cache
def load(name: str, fired: str = "fired_identical") -> str:
    """The text of `name.sql`; each line `-- include: part` is replaced by the text of that file.

    The part `fired` is the one that varies: where two features fire, by tokens or by aligned units.
    """
    text = (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    return _INCLUDE.sub(lambda found: load(fired if found[1] == "fired" else found[1], fired), text)
