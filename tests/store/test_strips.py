"""Windows of two models on one stretch of text, against the characters of their tokens."""

import itertools

import numpy as np
import pytest

from store import strips


def cut(rng: np.random.Generator, ends: list[int], special: bool) -> list[tuple[int, int]]:
    """Tokens that end at these characters, with special ones at the start and the end of a passage, or without."""
    tokens = list(itertools.pairwise([0, *ends]))
    return [(0, 0), *tokens, (ends[-1], ends[-1])] if special else tokens


@pytest.mark.parametrize("seed", range(40))
def test_both_models_show_one_stretch_of_text(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, width = 40, int(rng.integers(0, 6))
    ends = [sorted({*rng.choice(np.arange(1, n), 14, replace=False).tolist(), n}) for _ in "ab"]
    shared = sorted(set(ends[0]) & set(ends[1]))
    tokens = [cut(rng, own, bool(special)) for own, special in zip(ends, rng.integers(0, 2, 2), strict=True)]
    units = [
        np.array([-1 if start == end else int(np.searchsorted(shared, end)) for start, end in own]) for own in tokens
    ]
    first = (100, 900)
    sides = [(number, list(range(len(own)))) for number, own in zip(first, tokens, strict=True)]
    for focus in range(len(shared)):
        windows = strips._beside(sides, (units[0], units[1]), focus, width)
        shown = [
            [own[token - number] for token in window.tokens]
            for window, own, number in zip(windows, tokens, first, strict=True)
        ]
        a, b = ([one for one in own if one[0] < one[1]] for own in shown)
        assert (a[0][0], a[-1][1]) == (b[0][0], b[-1][1])
        stretch = ([0, *shared][focus], shared[focus])
        for window, own, number in zip(windows, tokens, first, strict=True):
            focused = [own[token - number] for token in window.focus]
            assert (focused[0][0], focused[-1][1]) == stretch
            # Both say alike whether the passage goes on, and show the special tokens at an end that is shown.
            assert window.cut_left == (windows[0].tokens[0] > first[0])
            assert window.cut_right == (windows[0].tokens[-1] < first[0] + len(tokens[0]) - 1)
            assert window.cut_left or window.tokens[0] == number
            assert window.cut_right or window.tokens[-1] == number + len(own) - 1
        before = sum(1 for token in windows[0].tokens if token < windows[0].focus.start)
        # As many tokens as asked for, or all that there are; more only to the end of a unit.
        at = windows[0].focus.start - first[0]
        assert before >= min(width, at)
        excess = windows[0].tokens[: before - width] if before > width else []
        outermost = units[0][windows[0].tokens[0] - first[0]]
        assert all(units[0][token - first[0]] in (outermost, -1) for token in excess)
