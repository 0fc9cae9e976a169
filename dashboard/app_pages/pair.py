"""Do these two features mean the same thing?"""

import streamlit as st

from dashboard import (
    card_markup,
    charts,
    components,
    data,
    facts,
    links,
    marks,
    markup,
    navigation,
    neighbours,
    pair_file,
    take_away,
    words,
)
from dashboard.links import FeatureRef, PairsView
from dashboard.queries import pair as queries
from dashboard.queries import pairs as pair_queries
from store import records as r

GROUP_WORDS = {"both": "Both fire", "only_a": "Only A", "only_b": "Only B"}
# Strips at first, for each "show more", and at most.
FIRST, MORE, MOST = 5, 10, 65


def show() -> None:
    reader = data.reader()
    query = st.query_params.to_dict()
    named = links.parse_pair(query)
    if named is None:
        choose(reader, query)
        return
    a, b = named
    view, unread = links.parse_pairs(query)
    sides = reader.feature(a.space, a.feature), reader.feature(b.space, b.feature)
    comparison = reader.comparison_of(a.space, b.space)
    if comparison is None:
        st.set_page_config(page_title=f"{a} ↔ {b} · Homolog")
        heading(reader, a, b, None, None, view, query)
        components.problems([*no_comparison(reader, a, b), *unread])
        cards(reader, a, b)
        return
    match = reader.match(comparison.comparison, a.feature, b.feature, view.filter.thresholds)
    st.set_page_config(page_title=words.page_title(str(a), str(b), match))
    heading(reader, a, b, comparison, match, view, query)
    components.problems(unread)
    evidence(match, view)
    if match is not None:
        st.html(neighbours.of_pair(reader, comparison, match))
    strips(reader, comparison, a, b, sides)
    plots(reader, comparison, a, b)
    cards(reader, a, b)
    runners(reader, comparison, a, b, view)
    rows(reader, comparison, a, b, match, view)


def choose(reader: data.Reader, query: dict[str, str]) -> None:
    st.set_page_config(page_title="Pair · Homolog")
    components.top("Pair", "Two features side by side. Name them here, or come from a row of Pairs.", reader, query)
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


def heading(
    reader: data.Reader,
    a: FeatureRef,
    b: FeatureRef,
    comparison: r.Comparison | None,
    match: r.Match | None,
    view: PairsView,
    query: dict[str, str],
) -> None:
    left, right = st.columns([5, 3], vertical_alignment="center")
    name = f"{markup.feature_link(reader.fingerprint, a, 'a')} ↔ {markup.feature_link(reader.fingerprint, b, 'b')}"
    left.html(f'<h1 style="{markup.HEADING}">{name}</h1>')
    with right, st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        if comparison is not None:
            st.html(beside(reader, comparison, a, b, view), width="content")
        swapped = links.href("pair", links.pair_query(reader.fingerprint, b, a))
        if comparison is None and reader.comparison_of(b.space, a.space) is not None:
            st.html(
                markup.link(swapped, "Swap A and B", "open the pair in the order of the comparison"), width="content"
            )
        if comparison is not None:
            leaves(reader, comparison, a, b, match, view)
        navigation.copy_link(links.href("pair", links.pair_query(reader.fingerprint, a, b, view)))
    components.stale(reader, query)


def beside(reader: data.Reader, comparison: r.Comparison, a: FeatureRef, b: FeatureRef, view: PairsView) -> str:
    """Previous and next pair under the filter that the link carries."""
    before, after, place, passing = reader.around(comparison.comparison, a.feature, b.feature, view.filter, view.sort)

    def step(to: tuple[int, int] | None, text: str) -> str:
        if to is None:
            return f'<span style="opacity:.35">{text}</span>'
        refs = FeatureRef(a.space, to[0]), FeatureRef(b.space, to[1])
        return markup.link(links.href("pair", links.pair_query(reader.fingerprint, *refs, view)), text)

    listed = links.href("pairs", links.pairs_query(reader.fingerprint, words.listed(view, comparison.comparison)))
    where = f"{place:,} of {passing:,}" if place is not None else f"not among the {passing:,}"
    middle = markup.link(listed, where, "the list of pairs under this filter", markup.FAINT)
    parts = (step(before, "\N{LEFTWARDS ARROW} previous"), middle, step(after, "next \N{RIGHTWARDS ARROW}"))
    return f'<div style="display:flex;gap:.9rem;font-size:.86rem;white-space:nowrap">{"".join(parts)}</div>'


def leaves(
    reader: data.Reader, comparison: r.Comparison, a: FeatureRef, b: FeatureRef, match: r.Match | None, view: PairsView
) -> None:
    """A button that saves the pair as one HTML file, which is made when it is clicked."""
    address = st.context.url
    st.download_button(
        "Save as a page",
        lambda: pair_file.content(reader, comparison, a, b, match, view, address),
        f"{take_away.file_name(reader.fingerprint, pair_name(a, b))}.html",
        "text/html",
        key="pair_page",
        on_click="ignore",
        help="One HTML file for a slide or an issue: evidence, passages of all three groups, both features. No script, "
        "nothing fetched",
    )


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
    reader: data.Reader, comparison: r.Comparison, a: FeatureRef, b: FeatureRef, sides: tuple[r.Feature, r.Feature]
) -> None:
    counts = reader.group_counts(comparison.comparison, a.feature, b.feature)
    head, choice = st.columns([3, 4], vertical_alignment="center")
    head.subheader("Where they fire", anchor=False)
    key = f"pair_group_{a}_{b}"
    with choice:
        group = st.segmented_control(
            "Group",
            list(GROUP_WORDS),
            default="both",
            required=True,
            key=key,
            label_visibility="collapsed",
            format_func=lambda name: f"{GROUP_WORDS[name]} ({words.count(counts.get(name, 0))})",
        )
    shown = st.session_state.setdefault(f"{key}_{group}", FIRST)
    found = reader.pair_strips(comparison.comparison, a.feature, b.feature, group, shown + 1)
    if not found:
        st.caption(f"No unit of this kind: {GROUP_WORDS[group].lower()} nowhere.")
        return
    st.caption(
        "The band above a token is A's (blue), the band below it B's (orange), each as strong as the activation is "
        "beside the feature's largest. On the left, both activations at the strongest place. Hover for values."
    )
    st.html("".join(markup.pair_strip(one, sides[0].max_activation, sides[1].max_activation) for one in found[:shown]))
    sql = queries.passages(comparison, reader.space(a.space).model, a.feature, b.feature, group)
    with take_away.table(reader, "pair_passages", f"{pair_name(a, b)}-{group}", sql):
        more = len(found) > shown and shown < MOST
        if more and st.button("Show more", key=f"{key}_more", icon=":material/expand_more:"):
            st.session_state[f"{key}_{group}"] = shown + MORE
            st.rerun()


def pair_name(a: FeatureRef, b: FeatureRef) -> str:
    """What files about this pair are called."""
    return f"{a.space}-{a.feature}~{b.space}-{b.feature}"


def plots(reader: data.Reader, comparison: r.Comparison, a: FeatureRef, b: FeatureRef) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Unit by unit", anchor=False)
        scatter = reader.unit_scatter(comparison.comparison, a.feature, b.feature)
        if scatter.n_units:
            drawn = charts.units(scatter, str(a), str(b))
            take_away.chart(reader, drawn, "pair_units", f"{pair_name(a, b)}-units", words.scatter(scatter))
        else:
            st.caption("Neither feature fires in this text.")
    with right:
        st.subheader("Token by token", anchor=False)
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
        take_away.table(reader, "pair_tokens", f"{pair_name(a, b)}-tokens", sql)


def cards(reader: data.Reader, a: FeatureRef, b: FeatureRef) -> None:
    for column, ref, side in zip(st.columns(2, gap="medium"), (a, b), ("a", "b"), strict=True):
        with column, st.container(border=True):
            components.feature_card(reader, ref, side)


def runners(reader: data.Reader, comparison: r.Comparison, a: FeatureRef, b: FeatureRef, view: PairsView) -> None:
    for column, ref, side, other in zip(
        st.columns(2, gap="medium"), (a, b), ("a", "b"), (comparison.space_b, comparison.space_a), strict=True
    ):
        with column:
            st.subheader(f"Candidates of {side.upper()} in {other}", anchor=False)
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
    st.caption(f"Comparison {marks.plain(comparison.comparison)}: {words.alignment(comparison)}.")
    if match is not None:
        sql = pair_queries.match(comparison, a.feature, b.feature, view.filter.thresholds)
        take_away.table(reader, "pair_match", pair_name(a, b), sql, "Everything stored about this pair")


show()
