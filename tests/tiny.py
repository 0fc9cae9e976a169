"""One tiny run that all three packages are tested on; every number of it can be checked on paper.

Six sentences, twenty times over: 120 passages of a begin-of-text token and six words, so T = 720 units. Two imported
models read them with the same tokens. What the features do:

    left   0  " cat" -> 2                                  right  0  the verb after " dog" -> 6
           1  the verb after " dog" -> 3                          1  " cat" -> 1
           2  never fires                                         2  "the" -> 1
           3  "the" -> 1, and begin-of-text -> 4                  3  never fires
           4  the first "a" of the text -> 1                      4  " sat" -> 1
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

COPIES = 20
SENTENCES = [
    ["the", " cat", " sat", " down", " here", " today"],
    ["the", " dog", " sat", " down", " here", " today"],
    ["a", " cat", " ran", " down", " here", " today"],
    ["the", " cat", " ran", " down", " here", " today"],
    ["a", " dog", " ran", " down", " here", " today"],
    ["the", " dog", " sat", " down", " here", " today"],
]
BOS = "<s>"
LENGTH = 7
"""Tokens of a passage, BOS included."""

RUN = """
[corpus]
source = "parquet"
path = "passages.parquet"

[[models]]
name = "one"
load = "tokens:tokens.parquet"

[[models]]
name = "two"
load = "tokens:tokens.parquet"

[[spaces]]
name = "left"
model = "one"
kind = "imported"
path = "left.parquet"

[[spaces]]
name = "right"
model = "two"
kind = "imported"
path = "right.parquet"
"""


def left(words: list[str], position: int, passage: int) -> dict[int, float]:
    """What the features of `left` do at a word: feature -> activation."""
    word = words[position]
    return {
        0: 2.0 * (word == " cat"),
        1: 3.0 * (position == 2 and words[1] == " dog"),
        3: 1.0 * (word == "the"),
        4: 1.0 * (word == "a" and passage == 2),
    }


def right(words: list[str], position: int, passage: int) -> dict[int, float]:
    """What the features of `right` do at a word."""
    word = words[position]
    return {
        0: 6.0 * (position == 2 and words[1] == " dog"),
        1: 1.0 * (word == " cat"),
        2: 1.0 * (word == "the"),
        4: 1.0 * (word == " sat"),
    }


def write(folder: Path) -> Path:
    """Write the run's files and its run file; returns the run file's path."""
    passages = SENTENCES * COPIES
    folder.mkdir(parents=True, exist_ok=True)
    texts = ["".join(words) for words in passages]
    pq.write_table(pa.table({"passage": range(len(texts)), "text": texts}), folder / "passages.parquet")
    tokens, rows = [], {"left": [], "right": []}
    for passage, words in enumerate(passages):
        tokens.append((passage, 0, BOS, 0, 0, True))
        rows["left"].append((3, passage, 0, 4.0))
        end = 0
        for position, word in enumerate(words):
            begin, end = end, end + len(word)
            tokens.append((passage, position + 1, word, begin, end, False))
            for name, fires in (("left", left), ("right", right)):
                fired = fires(words, position, passage).items()
                rows[name] += [(feature, passage, position + 1, value) for feature, value in fired if value]
    names = ["passage", "position", "text", "char_start", "char_end", "is_special"]
    pq.write_table(pa.table(dict(zip(names, zip(*tokens, strict=True), strict=True))), folder / "tokens.parquet")
    names = ["feature", "passage", "position", "activation"]
    for name, table in rows.items():
        pq.write_table(pa.table(dict(zip(names, zip(*table, strict=True), strict=True))), folder / f"{name}.parquet")
    (folder / "run.toml").write_text(RUN)
    return folder / "run.toml"
