"""Is 0.23 a lot? Every similarity score of every comparison, against chance, ceilings and floors."""

from dataclasses import replace
from html import escape

import streamlit as st

from dashboard import (
    components,
    data,
    links,
    markup,
    pictures,
    prose,
    score_charts,
    score_links,
    score_words,
    scores,
    take_away,
)
from dashboard.queries import scores as queries
from dashboard.score_links import ScoresView
from store.score_records import SWEEPS, Score, ScoreCell, ScoreVariant

ROWS = 25


def show() -> None:
    reader = data.reader()
    query = st.query_params.to_dict()
    asked, unread = score_links.parse_scores(query)
    if asked.comparison is not None:
        reader.comparison(asked.comparison)
    variants = reader.score_variants()
    if not variants:
        components.top("Scores", "How alike are two spaces as a whole?", reader, query)
        components.problems(unread)
        st.info(score_words.empty(), icon=":material/bar_chart_off:")
        return
    view, unfit = score_links.settled(asked, variants)
    metric, parameters = str(view.metric), str(view.parameters)
    cells = reader.score_grid(metric, parameters, str(view.subset), str(view.level))
    chosen = next((one for one in cells if one.comparison == view.comparison), None) or leading(cells)
    view = replace(view, comparison=chosen.comparison)
    st.set_page_config(page_title=f"{score_words.named(metric, parameters)} · Scores · Homolog")
    components.top(
        "Scores",
        "How alike are two spaces as a whole, and is that a lot? Each score stands beside what shuffled pairs give, "
        "what two dictionaries of one model share, and what random weights share.",
        reader,
        query,
        links.href("scores", score_links.scores_query(reader.fingerprint, view)),
        ("score", "null", "ceiling", "floor"),
    )
    components.problems([*unread, *unfit])
    scores.bar(reader.fingerprint, view, variants)
    sentence = score_words.reading(chosen, cells, metric, parameters)
    st.html(f'<div style="font-size:1.1rem;font-weight:600">{escape(sentence)}</div>')
    overview(reader, view, cells)
    one_comparison(reader, view, variants, chosen, cells)
    table(reader, view, variants)


def leading(cells: list[ScoreCell]) -> ScoreCell:
    """The comparison that is looked at first: the most alike of two models, else of any, as far as there are values."""
    known = [one for one in cells if one.score is not None and one.score.value is not None] or cells
    found = [one for one in known if one.kind == "finding"] or known
    return max(found, key=lambda one: score_words.likeness(one.score))


def overview(reader: data.Reader, view: ScoresView, cells: list[ScoreCell]) -> None:
    st.header("Every comparison", anchor=False)
    st.html(scores.grid(reader.fingerprint, view, cells))
    meaning = score_words.METRICS.get(str(view.metric))
    prose.caption(
        f"{f'{view.metric}: {meaning}. ' if meaning else ''}A cell opens the comparison's pairs. Grey cells are "
        "references: ceilings, baselines and floors. A dashed cell is not above its null, or has no value."
    )
    take_away.table(reader, "scores_grid", f"{view.metric}-every-comparison", queries.grid(view))


def one_comparison(
    reader: data.Reader,
    view: ScoresView,
    variants: list[ScoreVariant],
    chosen: ScoreCell,
    cells: list[ScoreCell],
) -> None:
    head, choice = st.columns([3, 2], vertical_alignment="bottom")
    head.header("On its null", anchor=False)
    with choice:
        scores.choice(reader.fingerprint, view, variants, [one.comparison for one in cells])
    one = chosen.score
    if one is None:
        st.info("This score was not taken of this comparison.", icon=":material/unpublished:")
        return
    if one.value is None:
        prose.note(f"There is no value: {score_words.missing(one)}.")
    else:
        components.numbers(scores.facts(one))
        null(reader, one, [cell for cell in score_words.references(cells) if cell is not chosen])
    for column, over in zip(st.columns(2, gap="large"), SWEEPS, strict=True):
        with column:
            swept(reader, one, over)


def null(reader: data.Reader, one: Score, references: list[ScoreCell]) -> None:
    draws = reader.score_null(one)
    drawn = reader.drawn(pictures.null, one, references)
    said = score_words.picture(one, len(draws), len(references), len(score_charts.drawn(references)))
    take_away.chart(reader, drawn, "scores_null", f"{one.comparison}-{one.metric}-null", said)


def swept(reader: data.Reader, one: Score, over: str) -> None:
    st.markdown(f"**{score_words.SWEPT[over]}**")
    points = reader.sweep(one, over)
    if len(points) > 1 and any(point.score.value is not None for point in points):
        drawn, name = reader.drawn(pictures.sweep, one, over), f"{one.comparison}-{one.metric}-{over}"
        take_away.chart(reader, drawn, f"scores_sweep_{over}", name, score_words.unswept(points, over, one))
    elif said := score_words.unswept(points, over, one):
        prose.caption(said)


def table(reader: data.Reader, view: ScoresView, variants: list[ScoreVariant]) -> None:
    st.header("All scores", anchor=False)
    scores.listing(reader.fingerprint, view, variants)
    which = (
        view.comparison if view.table == "comparison" else None,
        view.metric if view.table == "metric" else None,
    )

    def to(page: int) -> str:
        return links.href("scores", score_links.scores_query(reader.fingerprint, replace(view, page=page)))

    found = reader.scores(*which, ROWS + 1, (view.page - 1) * ROWS)
    if not found and view.page > 1:
        st.html(f"Page {view.page} is past the end. {markup.link(to(1), 'Go to the first page')}")
        return
    if not found:
        st.info("No score was taken of this comparison.", icon=":material/unpublished:")
        return
    st.html(markup.table(scores.HEAD, [scores.line(reader.fingerprint, view, one) for one in found[:ROWS]]))
    name = {"comparison": f"{view.comparison}-scores", "metric": f"{view.metric}-scores", "all": "scores"}[view.table]
    with take_away.table(reader, "scores", name, queries.scores(view)):
        components.pager(to, view.page, ROWS, len(found) > ROWS, None)


show()
