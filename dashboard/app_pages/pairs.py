"""Which features do they share, and why should I believe it?"""

from dataclasses import replace
from html import escape

import streamlit as st

from dashboard import charts, components, data, filters, floors, links, markup, pictures, take_away, words
from dashboard.links import FeatureRef, PairsView
from dashboard.queries import pairs as queries
from store import records as r

ROWS = 25


def show() -> None:
    reader = data.reader()
    query = st.query_params.to_dict()
    view, unread = links.parse_pairs(query)
    comparisons = reader.comparisons()
    if not comparisons:
        components.top("Pairs", "This store holds no comparison, so there is no pair to show.", reader, query)
        return
    if view.comparison is None:
        view = replace(view, comparison=comparisons[0].comparison)
    comparison = reader.comparison(str(view.comparison))
    st.set_page_config(page_title=f"Pairs {comparison.space_a} ↔ {comparison.space_b} · Homolog")
    components.top(
        "Pairs",
        f"Features that {comparison.space_a} (A) and {comparison.space_b} (B) share over "
        f"{words.count(comparison.n_units)} "
        "units. Whatever is left after the filters agrees beyond the token: a contextual homologue.",
        reader,
        query,
        links.href("pairs", links.pairs_query(reader.fingerprint, view)),
        ("match", "r", "context", "mutual best", "reason"),
    )
    components.problems(unread)
    filters.bar(reader.fingerprint, view, comparisons)
    steps = reader.funnel(comparison.comparison, view.filter)
    st.html(filters.funnel(reader.fingerprint, view, steps))
    beneath_the_floor(reader, view, comparison)
    unmatched(reader, view, comparison)
    body(reader, view, comparison, steps)


def beneath_the_floor(reader: data.Reader, view: PairsView, comparison: r.Comparison) -> None:
    """How many pairs random directions leave under the same thresholds, and from where on they do not."""
    random = floors.floors(reader.comparisons(), reader.spaces())
    curves = reader.homologue_curves(view.filter.thresholds) if random else []
    found = floors.clear(comparison.comparison, curves, random) if random else None
    if found is None or view.filter.region is not None:
        return
    n = next(one.n_left[0] for one in curves if one.comparison == comparison.comparison)
    said = escape(floors.sentence(found, n))
    counted = r.PairFilter(
        min_context=view.filter.min_context, thresholds=view.filter.thresholds, only=view.filter.only
    )
    if view.filter != counted:
        said += " Both are counted by all reasons alone, without the other bounds."
    if found.context and view.filter.min_context < found.context:
        asked = replace(view, filter=replace(view.filter, min_context=found.context), page=1)
        target = links.href("pairs", links.pairs_query(reader.fingerprint, asked))
        said += f" {markup.link(target, f'Ask for context ≥ {words.number(found.context)}')}"
    st.html(f'<div style="font-size:.86rem">{said}</div>')


def unmatched(reader: data.Reader, view: PairsView, comparison: r.Comparison) -> None:
    st.html(
        f'<div style="font-size:.86rem">And what has no match? '
        f"{markup.unmatched_links(reader.fingerprint, comparison, view.filter.thresholds)}</div>"
    )


def body(reader: data.Reader, view: PairsView, comparison: r.Comparison, steps: list[r.FunnelStep]) -> None:
    if view.filter.only is not None:
        back = replace(view, filter=replace(view.filter, only=None), page=1)
        target = links.href("pairs", links.pairs_query(reader.fingerprint, back))
        st.html(
            f'<div style="font-size:.9rem">Showing what <b>{words.step(view.filter.only)}</b> dropped: '
            f"{words.why_dropped(view.filter.only)}. {markup.link(target, 'Back to what passes')}</div>"
        )
    found = reader.pairs(comparison.comparison, view.filter, view.sort, ROWS + 1, (view.page - 1) * ROWS)
    if not found and view.page > 1:
        first = links.href("pairs", links.pairs_query(reader.fingerprint, replace(view, page=1)))
        st.html(f"Page {view.page} is past the end. {markup.link(first, 'Go to the first page')}")
        return
    if not found:
        st.info(words.empty(steps, view.filter.only), icon=":material/filter_alt_off:")
        reset(reader, view)
    plots(reader, view, comparison)
    if found:
        table(reader, view, comparison, found[:ROWS])
        below(reader, view, comparison, len(found) > ROWS, words.passing(steps, view.filter.only))


def reset(reader: data.Reader, view: PairsView) -> None:
    links_to = [
        (replace(view, filter=r.PairFilter(), page=1), "Reset the filters"),
        (
            replace(view, filter=r.PairFilter(hide=(), thresholds=view.filter.thresholds), page=1),
            "Show every candidate",
        ),
    ]
    body = " · ".join(
        markup.link(links.href("pairs", links.pairs_query(reader.fingerprint, target)), text)
        for target, text in links_to
    )
    st.html(f'<div style="font-size:.9rem">{body}</div>')


def plots(reader: data.Reader, view: PairsView, comparison: r.Comparison) -> None:
    """Two doubts side by side: is it only the token, is it only chance. Each is asked for only while open."""
    left, right = st.columns(2)
    with left, st.expander("Is it only the token?", expanded=True, on_change="rerun", key="pairs_map") as box:
        if box.open:
            scatter(reader, view, comparison)
    with right, st.expander("Is it only chance?", expanded=True, on_change="rerun", key="pairs_floor") as box:
        if box.open:
            floor(reader, view, comparison)


def scatter(reader: data.Reader, view: PairsView, comparison: r.Comparison) -> None:
    everywhere = replace(view.filter, region=None)
    drawn = reader.drawn(pictures.pairs_scatter, comparison, everywhere, view.filter.region)
    if drawn is None:
        st.caption("This comparison has no candidate to show.")
        return

    def dragged() -> None:
        edges = st.session_state["pairs_scatter"].selection.get("region") or {}
        filters.write(reader.fingerprint, region=charts.dragged(edges))

    take_away.chart(
        reader,
        drawn,
        "pairs_scatter",
        f"{comparison.comparison}-token",
        "A dot is a match, blue if it passes the filters and grey if not; drawn are those that pass and some of the "
        "others, 1,000 at most. On the dashed line the token explains all of "
        "r; the higher above it, the more only the context explains. Hover for the features, drag a rectangle to list "
        "only what lies in it.",
        on_select=dragged,
        selection_mode="region",
    )
    if view.filter.region is not None:
        whole = links.href("pairs", links.pairs_query(reader.fingerprint, replace(view, filter=everywhere, page=1)))
        st.html(
            f'<div style="font-size:.86rem">{escape(words.region(view.filter.region))} '
            f"{markup.link(whole, 'Show all')}</div>"
        )


def floor(reader: data.Reader, view: PairsView, comparison: r.Comparison) -> None:
    ranges = reader.null_floor(comparison.comparison)
    if unknown := words.no_floor(ranges):
        st.caption(unknown)
        return
    drawn = reader.drawn(pictures.null_floor, comparison, view.filter)
    said = words.floor(ranges, view.filter.thresholds.rare)
    take_away.chart(reader, drawn, "pairs_floor_chart", f"{comparison.comparison}-chance", said)


HEAD = [
    ("A", "feature of space A", False),
    ("its top tokens", "token texts with the largest share of A's activation", False),
    ("B", "feature of space B", False),
    ("its top tokens", "token texts with the largest share of B's activation", False),
    ("r", "Pearson correlation over all units", True),
    ("token + context", "r as a bar: grey is explained by the token, blue only by the context", False),
    ("context", "pearson_context: r less what the token explains", True),
    ("both fire", "units at which both features fire", True),
    ("margin", "how far r is above A's second best match", True),
    ("reasons", "why the match may be trivial", False),
    ("", "open the pair", False),
]


def table(reader: data.Reader, view: PairsView, comparison: r.Comparison, found: list[r.PairRow]) -> None:
    st.html(markup.table(HEAD, [line(reader, view, comparison, row) for row in found]))


def line(reader: data.Reader, view: PairsView, comparison: r.Comparison, row: r.PairRow) -> list[str]:
    m = row.match
    a, b = FeatureRef(comparison.space_a, m.feature_a), FeatureRef(comparison.space_b, m.feature_b)
    target = links.href("pair", links.pair_query(reader.fingerprint, a, b, view))
    switch = markup.collect(reader.fingerprint, [(a, b)], "\N{CHECK MARK}", "+")
    button = f"text-decoration:none;border:{markup.LINE};border-radius:.5rem;padding:.15rem .55rem;font-weight:500"
    return [
        markup.feature_link(reader.fingerprint, a, "a", str(a.feature)),
        components.token_chips(row.tokens_a, "a"),
        markup.feature_link(reader.fingerprint, b, "b", str(b.feature)),
        components.token_chips(row.tokens_b, "b"),
        f"<b>{words.number(m.pearson)}</b>",
        markup.split_bar(m),
        words.number(m.pearson_context),
        words.count(m.n_both),
        words.number(m.margin) if m.margin is not None else words.NONE,
        markup.reason_chips(m, view.filter.thresholds),
        f'<span style="white-space:nowrap">{markup.link(target, "Compare", words.evidence(m), button)} {switch}</span>',
    ]


def below(reader: data.Reader, view: PairsView, comparison: r.Comparison, more: bool, known: int | None) -> None:
    """What follows the table: files, the query, its other pages."""

    def to(page: int) -> str:
        return links.href("pairs", links.pairs_query(reader.fingerprint, replace(view, page=page)))

    sql = queries.pairs(comparison, view)
    with take_away.table(reader, "pairs", f"{comparison.comparison}-pairs", sql):
        components.pager(to, view.page, ROWS, more, known)


show()
