"""What filter bars share. The URL is the truth: widgets are set from it and write back to it when they change."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import streamlit as st

from dashboard import links, reasons, words
from store.records import REASONS, Thresholds

_BEGINS = {
    "rare": "fires on fewer tokens than",
    "dense": "fires on a larger share of tokens than",
    "special": "share of activation on special tokens above",
    "position": "share of r that the position explains above",
    "token": "share of r that the token explains above",
    "single_token": "share of activation on the top token, at least",
    "stop_token": "share of activation on such a top token, at least",
    "hub": "features of A with this best match beyond chance, more than",
    "chance": "q above",
    "thin": "units where both fire, fewer than",
}
"""Where each reason begins, with its unit; the number follows."""
_UNITS = {"rare": "tokens", "hub": "features", "thin": "units", "chance": "a probability, 0 to 1"}


def bound(key: str, value: object, write: Callable[[Any], None]) -> dict[str, Any]:
    """Keyword arguments of a widget that shows `value`, and hands what a visitor chooses to `write`."""
    if st.session_state.get(key) != value:
        st.session_state[key] = value
    return {"key": key, "on_change": lambda: write(st.session_state[key])}


def thresholds(
    page: str, now: Thresholds, write: Callable[[Thresholds], None], names: Sequence[str] = tuple(_BEGINS)
) -> None:
    """A button that says how many thresholds were moved; behind it, each of them, and a way back to the defaults."""
    moved = len(reasons.changed(now, names))
    label = f"Thresholds · {moved} changed" if moved else "Thresholds"
    with st.popover(label, key=f"{page}_thresholds", width="stretch"):
        st.caption("Where each reason begins. Evidence is stored, so moving one changes only what this link shows.")
        left, right = st.columns(2)
        defaults = {item.name: item.default for item in fields(Thresholds) if item.name in names}
        for place, (name, default) in enumerate(defaults.items()):
            with left if place % 2 == 0 else right:
                _threshold(page, name, default, now, write)
        st.button(
            "Back to the defaults",
            icon=":material/undo:",
            key=f"{page}_thresholds_reset",
            disabled=not moved,
            on_click=lambda: write(replace(now, **defaults)),  # type: ignore[arg-type]
        )


def _threshold(page: str, name: str, default: Any, now: Thresholds, write: Callable[[Thresholds], None]) -> None:
    is_count = isinstance(default, int)
    unit = _UNITS.get(name, "a share, 0 to 1")

    def changed(value: float | None) -> None:
        write(replace(now, **{name: default if value is None else value}))  # type: ignore[arg-type]

    st.number_input(
        f"{words.step(name)}: {_BEGINS[name]}",
        0 if is_count else 0.0,
        links.LARGEST if is_count else 1.0,
        step=1 if is_count else 0.01 if name == "chance" else 0.05,
        format="%d" if is_count else "%.3f" if name == "chance" else "%.2f",
        help=f"{words.step(name).capitalize()}: {REASONS[name]}. In {unit}; the default is {default:g}.",
        **bound(f"{page}_t_{name}", getattr(now, name) if is_count else float(getattr(now, name)), changed),
    )
