"""The Scores page's widgets, its grid and its rows."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from html import escape
from typing import Any

import streamlit as st

from dashboard import bars, links, marks, markup, score_links, score_words, words
from dashboard.links import PairsView
from dashboard.score_links import ScoresView
from store.score_records import Score, ScoreCell, ScoreVariant


def write(fingerprint: str, view: ScoresView, variants: Sequence[ScoreVariant], **changes: Any) -> None:
    """Put a change into the URL; names that do not fit the change give way, and the table starts again."""
    changed, _ = score_links.settled(replace(view, page=1, **changes), variants)
    st.query_params.from_dict(score_links.scores_query(fingerprint, changed))


def bar(fingerprint: str, view: ScoresView, variants: Sequence[ScoreVariant]) -> None:
    """Metric, its parameters, the level and the pairs."""
    titles = {"metric": "Metric", "parameters": "Parameters", "level": "Taken on", "subset": "Pairs"}
    said: dict[str, Callable[[str], str]] = {
        "metric": str,
        "parameters": lambda text: text or "none",
        "level": lambda name: score_words.LEVELS.get(name, name),
        "subset": score_words.subset,
    }
    helps = {
        "metric": "  \n".join(f"**{name}**: {meaning}" for name, meaning in score_words.METRICS.items()),
        "subset": "Mutual best matches; those with the largest r first. Either feature of a concept's pair has 30 % of "
        "its activation on the concept's words.",
    }
    columns = st.columns([4, 4, 4, 5])
    for column, name in zip(columns, titles, strict=True):
        known = score_links.options(view, variants, name)
        column.selectbox(
            titles[name],
            known,
            format_func=said[name],
            help=helps.get(name),
            **bars.bound(f"scores_{name}", getattr(view, name), _writer(fingerprint, view, variants, name)),
        )


def choice(fingerprint: str, view: ScoresView, variants: Sequence[ScoreVariant], names: Sequence[str]) -> None:
    """Which comparison is looked at beneath the grid."""
    st.selectbox(
        "Comparison (A ~ B)",
        names,
        **bars.bound("scores_comparison", view.comparison, _writer(fingerprint, view, variants, "comparison")),
    )


def listing(fingerprint: str, view: ScoresView, variants: Sequence[ScoreVariant]) -> None:
    """What the table lists."""
    st.segmented_control(
        "Scores of",
        score_links.TABLES,
        format_func=score_words.TABLES.__getitem__,
        required=True,
        label_visibility="collapsed",
        **bars.bound("scores_table", view.table, _writer(fingerprint, view, variants, "table")),
    )


def _writer(fingerprint: str, view: ScoresView, variants: Sequence[ScoreVariant], name: str) -> Any:
    return lambda chosen: write(fingerprint, view, variants, **{name: chosen})


def strength(score: Score, scores: Sequence[Score]) -> float:
    """How alike among these, 0 to 1: of the largest value; for a distance, how far below the largest or its null."""
    if score.value is None:
        return 0.0
    values = [abs(one.value) for one in scores if one.value is not None]
    if score.higher_is_similar:
        return max(score.value, 0.0) / (max(values) or 1.0)
    largest = max([*values, *(abs(one.null_mean) for one in scores if one.null_mean is not None)]) or 1.0
    return 1 - score.value / largest


def grid(fingerprint: str, view: ScoresView, cells: Sequence[ScoreCell]) -> str:
    """Space A by space B: a cell for each comparison that opens its pairs, and beneath it a link to its null."""
    scores = [one.score for one in cells if one.score is not None]
    return markup.crossed({(one.space_a, one.space_b): _cell(fingerprint, view, one, scores) for one in cells})


def _cell(fingerprint: str, view: ScoresView, cell: ScoreCell, scores: Sequence[Score]) -> str:
    one = cell.score
    pairs = links.href("pairs", links.pairs_query(fingerprint, PairsView(cell.comparison)))
    here = links.href(
        "scores", score_links.scores_query(fingerprint, replace(view, comparison=cell.comparison, page=1))
    )
    dimmed = one is None or one.value is None or one.above_null is False
    side = "grey" if cell.kind in score_words.REFERENCES else "a"
    look = f"background:{markup.shade(side, strength(one, scores))}" if one and not dimmed else "opacity:.6"
    # An outline takes no room, so that choosing a cell moves nothing.
    edge = f"outline:2px solid {markup.shade('a', 1.0)}" if cell.comparison == view.comparison else ""
    line = "border:1px dashed rgba(140,140,150,.5)" if dimmed else "border:1px solid transparent"
    shape = "display:block;text-decoration:none;text-align:center;padding:.5rem .3rem;border-radius:4px"
    tip = f"{score_words.tooltip(cell)}\nopens its pairs"
    block = markup.link(pairs, _shown(one), tip, f"{shape};{line};{look};{edge}")
    role = f"{score_words.ROLES[cell.kind]} · " if cell.kind in score_words.REFERENCES else ""
    words_beneath = f"{role}{_remark(one)}{markup.link(here, 'null ↓', 'this score on its null, beneath')}"
    return f'{block}<div style="text-align:center;font-size:.72rem;padding-top:.15rem">{words_beneath}</div>'


def _shown(one: Score | None) -> str:
    if one is None or one.value is None:
        return f'<span style="font-size:.76rem">{marks.html(score_words.missing(one), 200)}</span>'
    return f'<span style="font-weight:600;font-variant-numeric:tabular-nums">{score_words.number(one.value)}</span>'


def _remark(one: Score | None) -> str:
    if one is None or one.value is None:
        return ""
    return {True: "", False: "within its null · ", None: "null not known · "}[one.above_null]


HEAD = [
    ("comparison", "opens its pairs", False),
    ("metric", "shows this score here", False),
    ("parameters", "of the metric", False),
    ("taken on", "decoder rows of the pairs, or their activations at units", False),
    ("pairs", "which of the mutual best matches", False),
    ("value", "or why there is none", True),
    ("null mean", "what chance gives", True),
    ("once in twenty", "null_q95: what chance reaches once in twenty; what it falls to, of a distance", True),
    ("p", "how often chance is at least as alike", True),
    ("q", "p after Benjamini-Hochberg over all scores of the store", True),
    ("p best", "p against the best of all comparisons of the two models", True),
    ("rows", "pairs, or units at the level of activations", True),
]


def line(fingerprint: str, view: ScoresView, one: Score) -> list[str]:
    """One score as cells of HTML."""
    pairs = links.href("pairs", links.pairs_query(fingerprint, PairsView(one.comparison)))
    names = {name: getattr(one, name) for name in (*score_links.NAMES, "comparison")}
    here = links.href("scores", score_links.scores_query(fingerprint, replace(view, page=1, **names)))
    value = f"<b>{score_words.number(one.value)}</b>"
    if one.value is None:
        look = f"{markup.FAINT};display:block;min-width:16rem;white-space:normal"
        value = f'<span style="{look}">{marks.html(score_words.missing(one), 200)}</span>'
    elif one.above_null is False:
        value = f'<span title="within its null" style="{markup.FAINT}">{score_words.number(one.value)}</span>'
    known = [(one.null_mean, score_words.number), (one.null_q95, score_words.number)]
    known += [(p, words.probability) for p in (one.p_value, one.q_value, one.p_best)]
    return [
        markup.link(
            pairs, f'<span style="{markup.MONO};white-space:nowrap">{escape(one.comparison)}</span>', "open its pairs"
        ),
        markup.link(here, marks.html(one.metric, 60), score_words.METRICS.get(one.metric, "show it here")),
        marks.html(one.parameters, 60) if one.parameters else words.NONE,
        marks.html(one.level),
        f'<span title="{escape(score_words.subset(one.subset))}">{marks.html(one.subset)}</span>',
        value,
        *(words.NONE if number is None else said(number) for number, said in known),
        words.count(one.n_rows) if one.n_rows else words.NONE,
    ]


def facts(one: Score) -> list[tuple[str, str, str]]:
    """A score's numbers: (name, value, tooltip)."""
    known = [
        ("value", score_words.number(one.value), score_words.direction(one)),
        (
            "null",
            f"{score_words.number(one.null_mean)} ± {score_words.number(one.null_sd)}",
            "mean and standard deviation",
        ),
        ("once in twenty", score_words.number(one.null_q95), score_words.once_in_twenty(one)),
        ("p", words.probability(one.p_value), f"from {words.count(one.n_permutations)} draws of the null"),
        ("q", words.probability(one.q_value), "Benjamini-Hochberg over all scores of the store"),
        (
            "p as the best",
            words.probability(one.p_best),
            "against the best of all comparisons of the two models, each in standard deviations above its null",
        ),
        ("taken on", score_words.rows(one), score_words.subset(one.subset)),
    ]
    return known if one.null_mean is not None else [known[0], known[-1]]
