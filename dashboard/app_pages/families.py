"""Which features are in every model?"""

from dataclasses import replace

import streamlit as st

from dashboard import components, data, families, family_links, kin, links, markup, prose, take_away, words
from dashboard.family_links import FamiliesView
from dashboard.links import FeatureRef, PairsView
from dashboard.queries import families as queries
from store import records as r

ROWS = 25


def show() -> None:
    reader = data.reader()
    query = st.query_params.to_dict()
    view, unread = family_links.parse_families(query)
    if view.family is None:
        listed(reader, query, view, unread)
    else:
        one_family(reader, query, view, view.family, unread)


def listed(reader: data.Reader, query: dict[str, str], view: FamiliesView, unread: list[str]) -> None:
    st.set_page_config(page_title="Families · Homolog")
    components.top(
        "Families",
        "Which features are in every model? A family is what mutual best matches connect across three spaces or more: "
        "each of its features is the best match of the next, and passes the filter. Random directions join nothing.",
        reader,
        query,
        links.href("families", family_links.families_query(reader.fingerprint, view)),
        ("family", "mutual best", "floor"),
    )
    components.problems(unread)
    families.bar(reader.fingerprint, view)
    counts = reader.family_counts(view.filter)
    found = reader.families(view.filter, view.min_spaces, ROWS + 1, (view.page - 1) * ROWS)
    if not found and view.page > 1:
        st.html(f"Page {view.page} is past the end. {markup.link(at(reader, view, 1), 'Go to the first page')}")
        return
    if not found:
        st.info(kin.empty(counts, view.min_spaces, view.filter), icon=":material/filter_alt_off:")
        reset(reader, view)
        return
    prose.strong(kin.headline(counts, view.min_spaces, len(reader.models())))
    prose.caption(kin.caution(reader.spaces()))
    rows = [families.line(reader.fingerprint, view, one) for one in found[:ROWS]]
    st.html(markup.table(families.HEAD, rows))
    total = sum(n for spaces, n in counts.by_spaces if spaces >= view.min_spaces)
    with take_away.table(reader, "families", "families", queries.families(view.filter, view.min_spaces)):
        components.pager(lambda page: at(reader, view, page), view.page, ROWS, len(found) > ROWS, total)


def at(reader: data.Reader, view: FamiliesView, page: int) -> str:
    return links.href("families", family_links.families_query(reader.fingerprint, replace(view, page=page)))


def reset(reader: data.Reader, view: FamiliesView) -> None:
    if view.filter != r.PairFilter() or view.min_spaces != family_links.SMALLEST:
        plain = FamiliesView(view.family)
        target = links.href("families", family_links.families_query(reader.fingerprint, plain))
        st.html(f'<div style="font-size:.9rem">{markup.link(target, "Reset the filters")}</div>')


def one_family(
    reader: data.Reader, query: dict[str, str], view: FamiliesView, ref: FeatureRef, unread: list[str]
) -> None:
    family = reader.family(ref.space, ref.feature, view.filter)
    shown = FeatureRef(family.space, family.feature) if family else ref
    st.set_page_config(page_title=f"Family of {shown} · Homolog")
    components.top(
        f"<span>Family of</span> {markup.underlined(str(shown), 'a')}",
        "One family, a card for each of its features. Read the passages side by side: do they fire for one reason?",
        reader,
        query,
        links.href("families", family_links.families_query(reader.fingerprint, replace(view, family=shown))),
        ("family", "mutual best"),
    )
    components.problems(unread)
    back = links.href("families", family_links.families_query(reader.fingerprint, replace(view, family=None)))
    st.html(f'<div style="font-size:.86rem">{markup.link(back, "All families under these filters")}</div>')
    if family is None:
        counts = reader.family_counts(view.filter)
        prose.note(kin.alone(str(ref), counts.n_links))
        target = markup.feature_link(reader.fingerprint, ref, "a")
        st.html(f'<div style="font-size:.9rem">Open {target}</div>')
        reset(reader, view)
        return
    spaces = reader.spaces()
    prose.strong(kin.span(family, spaces))
    prose.caption(kin.caution([space for space in spaces if space.space in family.spaces]))
    st.html(families.cards(reader, family.members))
    pairs(reader, view, family)


PAIRS = [
    ("pair", "opens the pair", False),
    ("connects", "whether it is a mutual best match that passes the filter", False),
    ("r", "Pearson correlation over all units", True),
    ("token + context", "grey is explained by the token, blue only by the context", False),
    ("context", "pearson_context", True),
    ("both fire", "units at which both fire", True),
    ("reasons", "why the match may be trivial", False),
]


def pairs(reader: data.Reader, view: FamiliesView, family: r.Family) -> None:
    st.header("Its pairs", anchor=False)
    connecting = {(link.comparison, link.feature_a, link.feature_b) for link in family.links}
    found = reader.family_pairs(family.members, view.filter.thresholds)
    st.html(markup.table(PAIRS, [pair_line(reader, view, one, connecting) for one in found]))
    name = f"family-{family.space}-{family.feature}-pairs"
    take_away.table(reader, "family_pairs", name, queries.pairs(family, view.filter))
    if missing := kin.not_compared(family, reader.comparisons()):
        prose.caption(missing)


def pair_line(
    reader: data.Reader, view: FamiliesView, match: r.Match, connecting: set[tuple[str, int, int]]
) -> list[str]:
    comparison = reader.comparison(match.comparison)
    a, b = FeatureRef(comparison.space_a, match.feature_a), FeatureRef(comparison.space_b, match.feature_b)
    target = links.href("pair", links.pair_query(reader.fingerprint, a, b, PairsView(filter=view.filter)))
    name = f"{markup.underlined(str(a), 'a')} ↔ {markup.underlined(str(b), 'b')}"
    is_link = (match.comparison, match.feature_a, match.feature_b) in connecting
    return [
        markup.link(target, name, "open this pair", "text-decoration:none"),
        "yes" if is_link else f'<span style="{markup.FAINT}">no</span>',
        f"<b>{words.number(match.pearson)}</b>",
        markup.split_bar(match),
        words.number(match.pearson_context),
        words.count(match.n_both),
        markup.reason_chips(match, view.filter.thresholds),
    ]


show()
