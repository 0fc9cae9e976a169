"""Do these two features mean the same thing?"""

from dataclasses import replace

import streamlit as st

from dashboard import (
    bars,
    card_markup,
    components,
    data,
    facts,
    links,
    markup,
    neighbours,
    pair_head,
    pair_links,
    pictures,
    prose,
    take_away,
    words,
)
from dashboard.links import FeatureRef, PairsView
from dashboard.pair_links import Look
from dashboard.queries import pair as queries
from dashboard.queries import pairs as pair_queries
from store import records as r

GROUP_WORDS = {"both": "Both fire", "only_a": "Only A", "only_b": "Only B"}


def show() -> None:
    reader = data.reader()
    query = st.query_params.to_dict()
    named = links.parse_pair(query)
    if named is None:
        choose(reader, query)
        return
    a, b = named
    look, rest, misread = pair_links.parse_look(query)
    view, unread = links.parse_pairs(rest)
    unread += misread
    sides = reader.feature(a.space, a.feature), reader.feature(b.space, b.feature)
    comparison = reader.comparison_of(a.space, b.space)
    if comparison is None:
        st.set_page_config(page_title=f"{a} ↔ {b} · Homolog")
        pair_head.show(reader, (a, b), None, None, view, look, query)
        components.problems([*no_comparison(reader, a, b), *unread])
        cards(reader, a, b)
        return
    match = reader.match(comparison.comparison, a.feature, b.feature, view.filter.thresholds)
    st.set_page_config(page_title=words.page_title(str(a), str(b), match))
    pair_head.show(reader, (a, b), comparison, match, view, look, query)
    components.problems(unread)
    evidence(match, view)
    if match is not None:
        st.html(neighbours.of_pair(reader, comparison, match))
    strips(reader, comparison, (a, b), sides, look)
    plots(reader, comparison, a, b)
    cards(reader, a, b)
    runners(reader, comparison, a, b, view)
    rows(reader, comparison, a, b, match, view)


def choose(reader: data.Reader, query: dict[str, str]) -> None:
    st.set_page_config(page_title="Pair · Homolog")
    components.top(
        "Pair",
        "Two features side by side. Name them here, or come from a row of Pairs.",
        reader,
        query,
        terms=("feature", "match"),
    )
    if chosen := components.go_to("pair", reader, ("A", "B")):
        st.query_params.from_dict(links.pair_query(reader.fingerprint, chosen[0], chosen[1]))
        st.rerun()


def no_comparison(reader: data.Reader, a: FeatureRef, b: FeatureRef) -> list[str]:
    """Why this pair has no evidence, and what exists."""
    if reader.comparison_of(b.space, a.space) is not None:
        return [
            f"This store compares {b.space} (A) with {a.space} (B), in that order: swap the two to see their evidence."
        ]
    existing = [c.comparison for c in reader.comparisons() if {a.space, b.space} & {c.space_a, c.space_b}]
    text = f"This store has no comparison of {a.space} with {b.space}"
    return [f"{text}; it has {', '.join(existing[:8])}." if existing else f"{text}, nor of either with another space."]


def evidence(match: r.Match | None, view: PairsView) -> None:
    if match is None:
        st.info(
            "These two were never candidates: neither is among the ten best of the other, by r or by context. "
            "Both are shown below; r and its parts are stored for candidates only.",
            icon=":material/unpublished:",
        )
        return
    st.html(card_markup.evidence(match))
    st.markdown(words.sentence(match))
    st.html(card_markup.reason_lines(match, view.filter.thresholds))
    components.numbers(facts.measures(match))


def strips(
    reader: data.Reader,
    comparison: r.Comparison,
    pair: tuple[FeatureRef, FeatureRef],
    sides: tuple[r.Feature, r.Feature],
    look: Look,
) -> None:
    a, b = pair

    def write(look: Look) -> None:
        query = {name: value for name, value in st.query_params.to_dict().items() if name not in ("group", "n")}
        st.query_params.from_dict(query | pair_links.look_query(look))

    counts = reader.group_counts(comparison.comparison, a.feature, b.feature)
    head, choice = st.columns([3, 4], vertical_alignment="center")
    head.header("Where they fire", anchor=False)
    with choice:
        st.segmented_control(
            "Group",
            list(GROUP_WORDS),
            required=True,
            label_visibility="collapsed",
            format_func=lambda name: f"{GROUP_WORDS[name]} ({words.count(counts.get(name, 0))})",
            **bars.bound("pair_group", look.group, lambda chosen: write(Look(chosen))),
        )
    shown = look.shown
    found = reader.pair_strips(comparison.comparison, a.feature, b.feature, look.group, shown + 1)
    if not found:
        st.caption(f"No unit of this kind: {GROUP_WORDS[look.group].lower()} nowhere. Choose another group.")
        return
    st.caption(
        "The band above a token is A's (blue), the band below it B's (orange), each as strong as the activation is "
        "beside the feature's largest. On the left, both activations at the strongest place. Hover for values."
    )
    st.html("".join(markup.pair_strip(one, sides[0].max_activation, sides[1].max_activation) for one in found[:shown]))
    sql = queries.passages(comparison, reader.space(a.space).model, a.feature, b.feature, look.group)
    with take_away.table(reader, "pair_passages", f"{pair_head.file_name(a, b)}-{look.group}", sql):
        if len(found) > shown and shown < pair_links.MOST:
            more = replace(look, shown=min(shown + pair_links.MORE, pair_links.MOST))
            st.button("Show more", key="pair_more", icon=":material/expand_more:", on_click=lambda: write(more))


def plots(reader: data.Reader, comparison: r.Comparison, a: FeatureRef, b: FeatureRef) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.header("Unit by unit", anchor=False)
        scatter = reader.unit_scatter(comparison.comparison, a.feature, b.feature)
        if scatter.n_units:
            drawn = reader.drawn(pictures.units, comparison.comparison, a, b)
            take_away.chart(reader, drawn, "pair_units", f"{pair_head.file_name(a, b)}-units", words.scatter(scatter))
        else:
            st.caption("Neither feature fires in this text.")
    with right:
        st.header("Token by token", anchor=False)
        tokens = reader.token_rows(comparison.comparison, a.feature, b.feature)
        if not tokens:
            st.caption("Neither feature fires in this text.")
            return
        head = [
            ("Token", "text of the unit", False),
            ("in the text", "occurrences of the token, units", True),
            ("A fires", "occurrences on which A fires", True),
            ("B fires", "occurrences on which B fires", True),
            ("both", "occurrences on which both fire", True),
            ("A's share", "share of A's activation on this token", True),
            ("B's share", "share of B's activation on this token", True),
        ]
        body = [
            (
                markup.token(t.token),
                words.count(t.n_units), words.count(t.n_a), words.count(t.n_b), words.count(t.n_both),
                words.percent(t.mass_share_a) if t.mass_share_a is not None else words.NONE,
                words.percent(t.mass_share_b) if t.mass_share_b is not None else words.NONE,
            )
            for t in tokens[:10]
        ]  # fmt: skip
        st.html(markup.table(head, body))
        sql = queries.tokens(comparison, reader.space(a.space).model, a.feature, b.feature)
        take_away.table(reader, "pair_tokens", f"{pair_head.file_name(a, b)}-tokens", sql)


def cards(reader: data.Reader, a: FeatureRef, b: FeatureRef) -> None:
    for column, ref, side in zip(st.columns(2, gap="medium"), (a, b), ("a", "b"), strict=True):
        with column, st.container(border=True):
            components.feature_card(reader, ref, side)


def runners(reader: data.Reader, comparison: r.Comparison, a: FeatureRef, b: FeatureRef, view: PairsView) -> None:
    for column, ref, side, other in zip(
        st.columns(2, gap="medium"), (a, b), ("a", "b"), (comparison.space_b, comparison.space_a), strict=True
    ):
        with column:
            prose.heading(f"Candidates of {side.upper()} in {other}")
            found = reader.runners_up(comparison.comparison, side, ref.feature, view.filter.thresholds)
            if not found:
                st.caption("It has no candidate there.")
                continue
            st.html(markup.table(RUNNERS, [runner(reader, comparison, m, side, (a, b), view) for m in found]))
            sql = pair_queries.candidates(comparison, side, ref.feature, view.filter.thresholds)
            name = f"{comparison.comparison}-candidates-of-{side}-{ref.feature}"
            take_away.table(reader, f"pair_candidates_{side}", name, sql)


RUNNERS = [
    ("Feature", "opens the pair with this candidate", False),
    ("top token", "token text with the largest share of its activation", False),
    ("r", "Pearson correlation", True),
    ("context", "pearson_context", True),
    ("both fire", "units at which both fire", True),
    ("reasons", "why the match may be trivial", False),
]


def runner(
    reader: data.Reader,
    comparison: r.Comparison,
    m: r.Match,
    side: str,
    here: tuple[FeatureRef, FeatureRef],
    view: PairsView,
) -> list[str]:
    pair = FeatureRef(comparison.space_a, m.feature_a), FeatureRef(comparison.space_b, m.feature_b)
    other, top = (pair[1], m.top_token_b) if side == "a" else (pair[0], m.top_token_a)
    name = markup.underlined(str(other), "b" if side == "a" else "a")
    target = links.href("pair", links.pair_query(reader.fingerprint, *pair, view))
    return [
        f"{name} (here)" if pair == here else markup.link(target, name, "open this pair", "text-decoration:none"),
        markup.token(top, "", "b" if side == "a" else "a") if top is not None else words.NONE,
        words.number(m.pearson),
        words.number(m.pearson_context),
        words.count(m.n_both),
        markup.reason_chips(m, view.filter.thresholds),
    ]


def rows(
    reader: data.Reader,
    comparison: r.Comparison,
    a: FeatureRef,
    b: FeatureRef,
    match: r.Match | None,
    view: PairsView,
) -> None:
    prose.caption(f"Comparison {comparison.comparison}: {words.alignment(comparison)}.")
    if match is not None:
        sql = pair_queries.match(comparison, a.feature, b.feature, view.filter.thresholds)
        take_away.table(reader, "pair_match", pair_head.file_name(a, b), sql, "Everything stored about this pair")


show()
