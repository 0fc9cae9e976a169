"""Two linked maps as bytes for the browser: a short header in JSON, then plain arrays.

A picture needs no more than 65,536 steps of a coordinate, so 131,072 points a side make some 6 MB and not ten times
that. Little-endian; every array begins at a multiple of four.
"""

import json
from collections.abc import Mapping

import numpy as np

from dashboard import marks
from dashboard.map_points import Side

STEPS = 65_535
"""Of a coordinate, from its smallest to its largest value."""
HUNDREDTHS = 100
"""Of a percentage: correlations and shares are sent as whole numbers of 1/10,000."""
UNKNOWN = -32_768
NO_TOKEN = 0xFFFFFFFF
LONGEST = 24
"""Characters of a token that are shown."""
_TYPES = {"u1": "Uint8Array", "u2": "Uint16Array", "u4": "Uint32Array", "i2": "Int16Array", "i4": "Int32Array"}
_TYPES |= {"f4": "Float32Array"}


def pack(both: tuple[Side, Side], name: str) -> bytes:
    """Both sides under a name, which tells the browser whether it has them already."""
    header: dict[str, object] = {"name": name}
    arrays: dict[str, np.ndarray] = {}
    for letter, side in zip("ab", both, strict=True):
        tokens, index = _tokens(side)
        x, y = coordinates(side.x), coordinates(side.y)
        header[letter] = {"n": len(side.feature), "range": [_range(side.x), _range(side.y)], "tokens": tokens}
        columns = {
            "feature": side.feature.astype("<u4"), "x": x, "y": y, "rate": side.rate.astype("<f4"),
            "cluster": side.cluster.astype("<i2"), "token": index, "match": side.match.astype("<i4"),
            "partner": side.partner.astype("<i4"), "mutual": side.mutual.astype("u1"),
        }  # fmt: skip
        columns |= {what: fractions(getattr(side, what)) for what in ("pearson", "context", "overlap")}
        arrays |= {f"{letter}.{what}": values for what, values in columns.items()}
    return frame(header, arrays)


def pack_shares(shares: tuple[np.ndarray, np.ndarray], name: str) -> bytes:
    """A concept's share of each point of both sides, float64 with NaN where nothing is stored."""
    return frame({"name": name}, {f"{letter}.share": fractions(one) for letter, one in zip("ab", shares, strict=True)})


def frame(header: Mapping[str, object], arrays: Mapping[str, np.ndarray]) -> bytes:
    """Length of the header (uint32), the header, the arrays; the header says where each one begins."""
    columns, body, at = {}, [], 0
    for name, values in arrays.items():
        columns[name] = [_TYPES[values.dtype.str[1:]], at, len(values)]
        body.append(_padded(values.tobytes()))
        at += len(body[-1])
    head = json.dumps({**header, "columns": columns}).encode("ascii")
    head += b" " * (-len(head) % 4)
    return len(head).to_bytes(4, "little") + head + b"".join(body)


def unpack(data: bytes) -> tuple[dict[str, object], dict[str, np.ndarray]]:
    """The header and the arrays; what the browser does, for tests."""
    start = 4 + int.from_bytes(data[:4], "little")
    header = json.loads(data[4:start])
    kinds = {name: kind for kind, name in _TYPES.items()}
    return header, {
        name: np.frombuffer(data, f"<{kinds[kind]}", length, start + at)
        for name, (kind, at, length) in header.pop("columns").items()
    }


def coordinates(values: np.ndarray) -> np.ndarray:
    """uint16: steps from the smallest to the largest value; all 0 where these are one."""
    low, high = _range(values)
    return np.round((values - low) * (STEPS / (high - low if high > low else 1))).astype("<u2")


def _range(values: np.ndarray) -> tuple[float, float]:
    return (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)


def fractions(values: np.ndarray) -> np.ndarray:
    """int16: ten-thousandths of a number of -1 to 1, `UNKNOWN` for NaN."""
    return np.where(np.isnan(values), UNKNOWN, np.round(np.nan_to_num(values) * 100 * HUNDREDTHS)).astype("<i2")


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def _tokens(side: Side) -> tuple[list[str], np.ndarray]:
    """The different token texts as they are shown, and each point's place among them (uint32, `NO_TOKEN` for none)."""
    place: dict[str, int] = {}
    index = [NO_TOKEN if text is None else place.setdefault(text, len(place)) for text in side.token]
    return [marks.plain(text, LONGEST) for text in place], np.array(index, "<u4")
