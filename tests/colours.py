"""Colours as eyes see them: contrast, difference, and how they look to people who lack a kind of cone.

Contrast is that of WCAG 2.2. Differences are Euclidean in CIELAB (D65, CIE 1976): 2.3 is just noticeable, 10 is plain at
a glance. The simulation is the full dichromacy of G. M. Machado, M. M. Oliveira and L. A. F. Fernandes, "A
Physiologically-based Model for Simulation of Color Vision Deficiency", IEEE Transactions on Visualization and Computer
Graphics 15(6), 2009; its matrices (severity 1.0) act on linear RGB.
"""

from collections.abc import Sequence

RGB = tuple[float, float, float]
MACHADO: dict[str, tuple[RGB, RGB, RGB]] = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
EYES = ("all cones", *MACHADO)


def of(text: str) -> RGB:
    """`#2f78eb` -> 0 to 255 each."""
    red, green, blue = (int(text[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


def over(top: Sequence[float], alpha: float, under: Sequence[float]) -> RGB:
    """A translucent colour on another."""
    red, green, blue = (alpha * one + (1 - alpha) * two for one, two in zip(top, under, strict=True))
    return red, green, blue


def linear(rgb: Sequence[float]) -> RGB:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (x / 255 for x in rgb))
    return red, green, blue


def _product(rows: Sequence[Sequence[float]], column: Sequence[float]) -> RGB:
    x, y, z = (sum(a * b for a, b in zip(row, column, strict=True)) for row in rows)
    return x, y, z


def seen(rgb: Sequence[float], eyes: str) -> RGB:
    """Linear RGB, 0 to 1, of a colour as these eyes see it."""
    found = linear(rgb)
    if eyes in MACHADO:
        found = _product(MACHADO[eyes], found)
    red, green, blue = (min(max(c, 0.0), 1.0) for c in found)
    return red, green, blue


_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
_WHITE = (0.95047, 1.0, 1.08883)


def lab(rgb: Sequence[float], eyes: str = EYES[0]) -> RGB:
    """CIELAB of an sRGB colour (0 to 255) as these eyes see it."""
    x, y, z = (
        t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116
        for t in (value / white for value, white in zip(_product(_XYZ, seen(rgb, eyes)), _WHITE, strict=True))
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def difference(one: Sequence[float], two: Sequence[float], eyes: str = EYES[0]) -> float:
    """Distance in CIELAB, CIE 1976."""
    return float(sum((a - b) ** 2 for a, b in zip(lab(one, eyes), lab(two, eyes), strict=True)) ** 0.5)


def contrast(one: Sequence[float], two: Sequence[float]) -> float:
    """WCAG 2.2: (lighter + .05) / (darker + .05) of the relative luminances."""
    darker, lighter = sorted(
        sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear(x), strict=True)) for x in (one, two)
    )
    return (lighter + 0.05) / (darker + 0.05)
