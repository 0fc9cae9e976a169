"""Does it keep its company?"""

from html import escape

import streamlit as st

from dashboard import (
    components,
    data,
    markup,
    neighbour_links,
    neighbour_picture,
    neighbour_words,
    neighbours,
    pictures,
    prose,
    take_away,
)
from dashboard.links import FeatureRef
from dashboard.queries import neighbours as queries
from store import records as r

ROWS = 10


def show() -> None:
    reader = data.reader()
    query = st.query_params.to_dict()
    view, unread = neighbour_links.parse_neighbours(query)
    comparisons = reader.comparisons()
    if not comparisons:
        components.top("Neighbourhood", "This store holds no comparison: nothing can be kept.", reader, query)
        return
    if view.comparison is not None:
        reader.comparison(view.comparison)
    if view.feature is not None:
        reader.feature(view.feature.space, view.feature.feature)
    c = neighbour_links.settled(view, comparisons)
    st.set_page_config(page_title=f"{view.feature or c.comparison} · Neighbourhood · Homolog")
    components.top(
        "Neighbourhood",
        "Does a feature keep its company? Its nearest features in A are followed through their best matches: do they "
        "land among the nearest features of its own match in B?",
        reader,
        query,
        neighbour_links.href(reader.fingerprint, c.comparison, view.feature),
        ("neighbour", "neighbour overlap", "mutual best"),
    )
    components.problems(unread)
    neighbours.bar(reader.fingerprint, view, c, comparisons, reader.space(c.space_a).n_features)
    chance = neighbours.agreement(reader, c.comparison)
    said = neighbour_words.chance(chance, neighbours.floor(reader, c))
    found = None
    if view.feature is not None:
        found = reader.neighbourhood(c.comparison, view.feature.feature)
        one_feature(reader, c, view.feature, found, said)
    everything(reader, c, found, chance, said)


def one_feature(reader: data.Reader, c: r.Comparison, a: FeatureRef, found: r.Neighbourhood, chance: str) -> None:
    """The picture of one feature, its sentence, and its neighbours by another measure."""
    feature = reader.feature(a.space, a.feature)
    if feature.n_active == 0:
        prose.note(f"{a} never fires on this text: it has no neighbour and no match.")
        return
    partner = None if found.partner is None else reader.feature(c.space_b, found.partner)
    b = FeatureRef(c.space_b, found.partner or 0)
    sentence = neighbour_words.headline(found, str(a), str(b), c.space_b)
    said = (
        f'<div style="font-size:.86rem;{markup.FAINT}">{escape(neighbour_words.unkept(found))} {escape(chance)}</div>'
    )
    st.html(f'<div style="font-size:1.1rem;font-weight:600">{escape(sentence)}</div>{said}')
    picture = neighbour_picture.picture(reader.fingerprint, c, found, (feature, partner))
    st.html(picture)
    explained = f"{neighbour_words.WHAT} {neighbour_words.HOW}"
    st.caption(explained)
    name = f"{a.space}-{a.feature}-neighbours"
    with take_away.table(reader, "neighbours", name, queries.carried(c, a.feature)):
        here = markup.link(neighbour_links.href(reader.fingerprint, c.comparison, a), "Open this in Homolog")
        body = f"<h1>{escape(sentence)}</h1>{said}{picture}<p>{escape(explained)}</p>"
        take_away.page(reader, "neighbours_page", name, f"Neighbours of {a}", body, here)
    st.header("Near by direction", anchor=False)
    st.caption(
        "Another measure: the cosine of decoder rows says which features write alike into the model, not which fire "
        "together. The overlap does not count it. Faint ones are not among the ten neighbours above."
    )
    for column, ref, side in zip(st.columns(2, gap="large"), (a, b), ("a", "b"), strict=True):
        if side == "a" or partner is not None:
            column.html(neighbours.by_direction(reader, ref, side))
            sql = queries.near(ref.space, ref.feature, "decoder_cosine")
            with column:
                take_away.table(reader, f"by_direction_{side}", f"{ref.space}-{ref.feature}-by-direction", sql)


def everything(
    reader: data.Reader,
    c: r.Comparison,
    found: r.Neighbourhood | None,
    agreement: r.MapAgreement | None,
    chance: str,
) -> None:
    """How much of their company all features of A keep."""
    prose.heading(f"All features of {c.space_a}")
    distribution = reader.overlap_distribution(c.comparison)
    if missing := neighbour_words.no_distribution(distribution, c):
        prose.note(missing)
        return
    chosen = None
    if found is None:
        st.html(f'<div style="font-size:1.05rem;font-weight:600">{escape(chance)}</div>')
    elif found.overlap is not None:
        chosen = f"{c.space_a}:{found.feature_a}", found.overlap
    drawn, said = (
        reader.drawn(pictures.overlap, c.comparison, agreement, chosen),
        neighbour_words.distribution(distribution, c.space_a),
    )
    take_away.chart(reader, drawn, "neighbourhood_overlap", f"{c.comparison}-overlap", said)
    kept(reader, c, distribution)


def kept(reader: data.Reader, c: r.Comparison, distribution: r.OverlapDistribution) -> None:
    """The pairs at both ends."""
    ends = {end: reader.kept_neighbours(c.comparison, end, r.PairFilter(), ROWS) for end in ("best", "worst")}
    if not ends["best"]:
        st.info(neighbour_words.no_kept(distribution), icon=":material/filter_alt_off:")
        return
    st.caption(
        "Mutual best matches that pass the default filter: a feature of A shows its neighbourhood, B's the pair."
    )
    for column, (end, rows) in zip(st.columns(2, gap="large"), ends.items(), strict=True):
        with column:
            st.header(f"{end.capitalize()} kept", anchor=False)
            st.html(markup.table(neighbours.HEAD, [neighbours.line(reader.fingerprint, c, one) for one in rows]))
            sql = queries.kept(c, r.PairFilter(), end)
            take_away.table(reader, f"kept_{end}", f"{c.comparison}-{end}-kept", sql)


show()
