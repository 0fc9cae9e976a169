"""What is this feature, and who else has it?"""

import streamlit as st

from dashboard import bars, components, data, links, marks, markup, neighbours, take_away, words
from dashboard.links import FeatureRef
from dashboard.queries import feature as queries
from store import records as r

STRATA = {
    "top": "Strongest",
    "q5": "Top fifth",
    "q4": "4th fifth",
    "q3": "Middle fifth",
    "q2": "2nd fifth",
    "q1": "Weakest fifth",
    "random": "Random",
}
LIMIT = 10


def show() -> None:
    reader = data.reader()
    query = st.query_params.to_dict()
    ref = links.parse_one(query)
    if ref is None:
        choose(reader, query)
        return
    stratum, unread = links.parse_stratum(query, tuple(STRATA))
    feature = reader.feature(ref.space, ref.feature)
    st.set_page_config(page_title=f"{ref} · Homolog")
    components.top(
        markup.underlined(str(ref), "a"),
        "What it fires on, how strongly, and its best match in every other space. "
        "Read the weak examples too: a name must hold for them.",
        reader,
        query,
        links.href("feature", links.feature_query(reader.fingerprint, ref, stratum)),
        ("feature", "top token", "match"),
    )
    components.problems(unread)
    left, right = st.columns([2, 3], gap="medium")
    with left, st.container(border=True):
        components.feature_card(reader, ref, "a", named=False)
    with right:
        elsewhere(reader, ref)
        if feature.n_active and (company := neighbours.of_feature(reader, ref)):
            st.html(company)
        if feature.n_active:
            examples_of(reader, ref, feature, stratum)


def choose(reader: data.Reader, query: dict[str, str]) -> None:
    st.set_page_config(page_title="Feature · Homolog")
    components.top(
        "Feature",
        "One feature: what it fires on, and who else has it. Name it here, or come from a pair.",
        reader,
        query,
    )
    if chosen := components.go_to("feature", reader, ("",)):
        st.query_params.from_dict(links.feature_query(reader.fingerprint, chosen[0]))
        st.rerun()


def examples_of(reader: data.Reader, ref: FeatureRef, feature: r.Feature, stratum: str) -> None:
    def changed(chosen: str) -> None:
        st.query_params.from_dict(links.feature_query(reader.fingerprint, ref, chosen))

    st.header("Examples", anchor=False)
    st.segmented_control(
        "Strength",
        list(STRATA),
        format_func=STRATA.__getitem__,
        required=True,
        label_visibility="collapsed",
        help="Fifths of the range from 0 to its largest activation; random ones are drawn from all tokens that "
        "it fires on.",
        **bars.bound("feature_stratum", stratum, changed),
    )
    found = reader.strips(ref.space, ref.feature, stratum, LIMIT)
    if not found:
        st.caption("No token of this strength. Choose another.")
        return
    st.html("".join(markup.strip(one, feature.max_activation) for one in found))
    space = reader.space(ref.space)
    name = f"{ref.space}-{ref.feature}"
    take_away.table(reader, "feature_examples", f"{name}-{stratum}", queries.examples(space, ref.feature, stratum))
    what = f"All {words.count(feature.n_active)} tokens that it fires on"
    take_away.table(reader, "feature_activations", f"{name}-activations", queries.activations(space, ref.feature), what)


HEAD = [
    ("Best match", "opens the pair", False),
    ("top token", "token text with the largest share of its activation", False),
    ("r", "Pearson correlation over all units", True),
    ("token + context", "grey is explained by the token, blue only by the context", False),
    ("context", "pearson_context", True),
    ("rank back", "this feature's place among the other's candidates", True),
    ("reasons", "why the match may be trivial", False),
]


def elsewhere(reader: data.Reader, ref: FeatureRef) -> None:
    st.header("Best match in every other space", anchor=False)
    found = reader.elsewhere(ref.space, ref.feature, r.Thresholds())
    if not found:
        st.caption("It has no candidate in any comparison of this store.")
        return
    st.html(markup.table(HEAD, [line(reader, ref, one) for one in found]))
    name, sql = f"{ref.space}-{ref.feature}-elsewhere", queries.elsewhere(ref.space, ref.feature, r.Thresholds())
    take_away.table(reader, "feature_elsewhere", name, sql)


def line(reader: data.Reader, ref: FeatureRef, one: r.Elsewhere) -> list[str]:
    m = one.match
    own_a = one.side == "a"
    other = FeatureRef(one.other_space, m.feature_b if own_a else m.feature_a)
    a, b = (ref, other) if own_a else (other, ref)
    top = m.top_token_b if own_a else m.top_token_a
    target = links.href("pair", links.pair_query(reader.fingerprint, a, b))
    return [
        markup.link(
            target, markup.underlined(str(other), "b"), f"open {marks.plain(str(a), 60)} ↔ {b}", "text-decoration:none"
        ),
        markup.token(top, "", "b") if top is not None else words.NONE,
        f"<b>{words.number(m.pearson)}</b>",
        markup.split_bar(m),
        words.number(m.pearson_context),
        words.ordinal(m.rank_ba if own_a else m.rank_ab),
        markup.reason_chips(m, r.Thresholds()),
    ]


show()
