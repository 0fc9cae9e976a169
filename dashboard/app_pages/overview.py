"""What is in this store, and how much do these models share?"""

from html import escape

import streamlit as st

from dashboard import (
    bars,
    components,
    data,
    floors,
    glance,
    links,
    marks,
    markup,
    pictures,
    prose,
    summary,
    take_away,
    words,
)
from dashboard.links import PairsView
from dashboard.queries import overview as queries
from store import records as r

VALUES = {
    "n_homologues": "Homologues",
    "median_context": "Median context",
    "median_pearson": "Median r",
}
# Comparisons that are asked for their best pairs.
ASKED = 6
# Comparisons whose unmatched features are linked.
LISTED = 3


def show() -> None:
    reader = data.reader()
    build, spaces, models = reader.build(), reader.spaces(), reader.models()
    comparisons, counts = reader.comparisons(), reader.counts()
    name = summary.title(models)
    st.set_page_config(page_title=f"{name} · Homolog")
    query = st.query_params.to_dict()
    value, unread = links.parse_overview(query, tuple(VALUES))
    made = f"store {build.fingerprint[: links.FINGERPRINT_LENGTH]} of {build.created_at:%d %b %Y}"
    components.top(
        f"<span>{escape(name)}</span>",
        f"{summary.text(build, counts, comparisons)} · {made}",
        reader,
        query,
        links.href("", links.overview_query(reader.fingerprint, value)),
        ("space", "comparison", "contextual homologue"),
    )
    components.problems(unread)
    summaries = reader.summaries(r.Thresholds())
    if summaries:
        headline(summaries, spaces)
        st.space("small")
        shared, best = st.columns([6, 5], gap="large")
        with shared:
            comparison_grid(reader, summaries, spaces, value)
            newcomer()
        with best:
            three_pairs(reader, summaries, spaces)
        above_the_floor(reader, summaries, spaces)
    else:
        st.info(
            "This store holds no comparison; its features can be opened on the Feature page.", icon=":material/info:"
        )
    st.space("small")
    facts(reader, models, spaces)
    how(reader, build, counts)


def headline(summaries: list[r.ComparisonSummary], spaces: list[r.Space]) -> None:
    found = summary.headline(summaries, spaces)
    one, two, three, four, five = st.columns(5)
    plural = "s" if found.comparisons != 1 else ""
    one.metric(
        "Contextual homologues",
        words.count(found.homologues),
        border=True,
        help=f"Pairs of features, each the other's best match, that none of the reasons for a trivial match explains. "
        f"Together in {found.comparisons} comparison{plural} between two models.",
    )
    two.metric(
        "Explained by the token",
        words.percent(found.token_share),
        border=True,
        help="Share of the mutual best matches between models whose correlation the token alone explains to more "
        "than 80 %.",
    )
    three.metric(
        "Features with a homologue",
        words.percent(found.best),
        border=True,
        help="In the closest comparison between two models: homologues / features that fire, on the side with fewer.",
    )
    four.metric(
        "Ceiling",
        words.percent(found.ceiling),
        border=True,
        help="The same share for two dictionaries of one model at one hook, such as two training seeds: "
        "two different models can hardly share more.",
    )
    five.metric(
        "Floor",
        words.percent(found.floor),
        border=True,
        help="The same share where one side has random directions in place of learned ones: that much passes the "
        "filters without anything shared but the text. Below: how strongly they agree.",
    )


def comparison_grid(
    reader: data.Reader, summaries: list[r.ComparisonSummary], spaces: list[r.Space], value: str
) -> None:
    head, choice = st.columns([3, 4], vertical_alignment="center")
    head.header("How much is shared", anchor=False)
    with choice:
        st.segmented_control(
            "Show",
            list(VALUES),
            format_func=VALUES.__getitem__,
            required=True,
            label_visibility="collapsed",
            **bars.bound(
                "overview_value",
                value,
                lambda chosen: st.query_params.from_dict(links.overview_query(reader.fingerprint, chosen)),
            ),
        )
    shown, targets, titles = {}, {}, {}
    for one in summaries:
        number = getattr(one, value)
        shown[one.comparison] = words.count(number) if value == "n_homologues" else words.number(number)
        targets[one.comparison] = links.href("pairs", links.pairs_query(reader.fingerprint, PairsView(one.comparison)))
        titles[one.comparison] = words.summary(one, summary.ROLES[summary.role(one, spaces)])
    st.html(markup.grid(summaries, value, shown, targets, titles, summary.references(summaries, spaces)))
    st.caption(
        "A cell is a comparison and opens its pairs. Grey cells are references, not findings about two models: "
        "ceilings, baselines and floors. Hover for which."
    )
    take_away.table(reader, "overview_comparisons", "comparisons", queries.comparisons(r.Thresholds()))
    lacking(reader, summaries, spaces)


def above_the_floor(reader: data.Reader, summaries: list[r.ComparisonSummary], spaces: list[r.Space]) -> None:
    """Homologues against what random directions share, for a store that has a floor."""
    random = floors.floors(reader.comparisons(), spaces)
    if not random:
        return
    curves = reader.homologue_curves(r.Thresholds())
    st.header("More than any directions share?", anchor=False)
    picture, said = st.columns([6, 5], gap="large", vertical_alignment="center")
    drawn = reader.drawn(pictures.homologues)
    with picture:
        take_away.chart(reader, drawn, "overview_floor", "homologues-by-context")
    said.html("".join(floor_line(reader, one, curves, random, spaces) for one in summaries))


def floor_line(
    reader: data.Reader,
    one: r.ComparisonSummary,
    curves: list[r.HomologueCurve],
    random: list[str],
    spaces: list[r.Space],
) -> str:
    """What the floor says about a comparison of two models, with a link to its pairs above it; empty for others."""
    found = floors.clear(one.comparison, curves, random) if summary.role(one, spaces) == "finding" else None
    if found is None:
        return ""
    view = PairsView(one.comparison, r.PairFilter(min_context=found.context or r.PairFilter().min_context))
    target = links.href("pairs", links.pairs_query(reader.fingerprint, view))
    body = f'<span style="{markup.MONO};font-weight:600">{escape(one.comparison)}</span>'
    opened = markup.link(target, f"Open the {found.n_clear} pairs") if found.context is not None else ""
    said = escape(floors.sentence(found, one.n_homologues))
    return f'<div style="font-size:.9rem;margin-bottom:.8rem">{body}<br>{said} {opened}</div>'


def lacking(reader: data.Reader, summaries: list[r.ComparisonSummary], spaces: list[r.Space]) -> None:
    """Links to what one model has and the other lacks, for the comparisons between models that share most."""
    findings = [one for one in summaries if summary.role(one, spaces) == "finding"]
    richest = sorted(findings, key=lambda one: (-one.n_homologues, one.comparison))[:LISTED]
    lines = "".join(
        f"<div>{markup.unmatched_links(reader.fingerprint, reader.comparison(one.comparison), r.Thresholds())}</div>"
        for one in richest
    )
    if lines:
        st.html(
            '<div style="font-size:.86rem;line-height:1.7"><div>What does one have that the other lacks?</div>'
            f"{lines}</div>"
        )


def three_pairs(reader: data.Reader, summaries: list[r.ComparisonSummary], spaces: list[r.Space]) -> None:
    st.header("Three pairs worth opening", anchor=False)
    findings = [one for one in summaries if summary.role(one, spaces) in ("finding", "within")] or summaries
    richest = sorted(findings, key=lambda one: (-one.n_homologues, one.comparison))[:ASKED]
    rows = [row for one in richest for row in reader.pairs(one.comparison, r.PairFilter(), "pearson_context", 10)]
    chosen = summary.worth_opening(rows)
    if not chosen:
        st.caption("No pair passes every filter. Open a comparison and relax one.")
    for row in chosen:
        with st.container(border=True):
            glance.pair(reader, row.match, 1)


def facts(reader: data.Reader, models: list[r.Model], spaces: list[r.Space]) -> None:
    st.header("Spaces and models", anchor=False)
    by_name = {model.model: model for model in models}
    head = [
        ("Space", "one dictionary of features, read at one place of one model", False),
        ("Model", "the language model that it reads", False),
        ("Kind", "what the dictionary is", False),
        ("Hook", "the place in the model", False),
        ("Features", "features that fire / all features", True),
        ("L0", "active features a token, on average", True),
        ("Variance explained", "1 - residual / total variance of the hook's activations on this text", True),
        ("Parameters", "trained weights of the model", True),
    ]
    rows = [
        (
            f'<span style="{markup.MONO};font-weight:600">{escape(space.space)}</span>',
            f'<span title="{escape(words.computed(by_name[space.model]))}">{escape(space.model)}</span>',
            f'<span title="{escape(words.kind(space))}">{escape(space.kind.replace("_", " "))}</span>',
            f'<span style="{markup.MONO};font-size:.78rem">{marks.html(space.hook or words.NONE, 60)}</span>',
            f"{space.n_alive:,} / {space.n_features:,}",
            f"{space.l0:.1f}",
            '<span title="{1}">{0}</span>'.format(*words.fit(space)),
            words.compact(by_name[space.model].n_parameters) if by_name[space.model].n_parameters else words.NONE,
        )
        for space in spaces
    ]
    st.html(markup.table(head, rows))
    take_away.table(reader, "overview_spaces", "spaces", queries.SPACES)


def how(reader: data.Reader, build: r.Build, counts: dict[str, int]) -> None:
    with st.expander(
        "How this store was made", icon=":material/receipt_long:", on_change="rerun", key="overview_how"
    ) as box:
        if not box.open:
            return
        left, right = st.columns([3, 2], gap="large")
        left.caption("Run file")
        left.code(marks.lines(build.run_file), language="toml")
        with right:
            prose.caption(f"Versions · Homolog {marks.plain(build.homolog_version)} · schema {build.schema_version}")
        mono = f'<span style="{markup.MONO}">{{}}</span>'
        versions = [
            (escape(marks.plain(name)), mono.format(escape(marks.plain(v)))) for name, v in summary.packages(build)
        ]
        tables = [(escape(t), f"{n:,}") for t, n in counts.items()]
        with right:
            st.html(markup.table([("Package", "", False), ("Version", "", True)], versions))
            take_away.table(reader, "overview_packages", "packages", queries.PACKAGES)
            st.caption("Rows of each table")
            st.html(markup.table([("Table", "", False), ("Rows", "", True)], tables))
            take_away.table(reader, "overview_tables", "tables", queries.TABLES)


def newcomer() -> None:
    st.header("New here?", anchor=False)
    st.markdown(
        "A *feature* is one direction that a model uses; a *homologue* is a feature of one model that "
        "fires on the same "
        "text, in the same contexts, as one of another model. Open a pair and judge by its text, not by its r.  \n"
        "Two models easily agree on *which token* this is. Homolog takes that part away and shows what is left: "
        "the context. "
        "Every word is in the Glossary."
    )


show()
