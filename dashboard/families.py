"""The Families page's filter bar, its rows and its cards."""

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Any

import streamlit as st

from dashboard import bars, components, data, facts, family_links, links, marks, markup, words
from dashboard.family_links import FamiliesView
from dashboard.links import FeatureRef, PairsView
from store import records as r

HIDEABLE = tuple(name for name in r.REASONS if name != "not_mutual")
"""Reasons that a link may show; a family is made of mutual best matches whatever it shows."""


def _write(fingerprint: str, **changes: Any) -> None:
    """Put a change into the URL; any change starts again at the first page, and stays with the family shown."""
    view, _ = family_links.parse_families(st.query_params.to_dict())
    outer = {name: value for name, value in changes.items() if name == "min_spaces"}
    chosen = {name: value for name, value in changes.items() if name != "min_spaces"}
    view = replace(view, filter=replace(view.filter, **chosen), page=1, **outer)
    st.query_params.from_dict(family_links.families_query(fingerprint, view))


def _bound(fingerprint: str, attribute: str, value: object) -> dict[str, Any]:
    """Keyword arguments of a widget that shows `value` and writes `attribute`."""

    def changed(chosen: Any) -> None:
        if attribute == "hide":
            chosen = tuple(name for name in r.REASONS if name in chosen or name == "not_mutual")
        elif chosen is None:
            chosen = family_links.SMALLEST if attribute == "min_spaces" else getattr(r.PairFilter(), attribute)
        _write(fingerprint, **{attribute: chosen})

    return bars.bound(f"families_{attribute}", value, changed)


def bar(fingerprint: str, view: FamiliesView) -> None:
    """Limits, thresholds and the reasons whose matches connect nothing."""
    chosen = view.filter
    one, two, three, four, five = st.columns([3, 3, 3, 3, 4], vertical_alignment="bottom")
    one.number_input(
        "Spaces at least",
        family_links.SMALLEST,
        9999,
        step=1,
        help="Different feature spaces that a family spans. Two training seeds of one model are two spaces.",
        **_bound(fingerprint, "min_spaces", view.min_spaces),
    )
    for column, attribute, label, tip in (
        (two, "min_pearson", "r at least", "Pearson correlation of each match that connects a family."),
        (three, "min_context", "Context at least", "The part of r that the token does not explain, of each match."),
    ):
        column.number_input(
            label,
            -1.0,
            1.0,
            step=0.05,
            format="%.2f",
            help=tip,
            **_bound(fingerprint, attribute, float(getattr(chosen, attribute))),
        )
    four.number_input(
        "Fires at least",
        0,
        links.LARGEST,
        step=10,
        help="Tokens that both features of each match fire on.",
        **_bound(fingerprint, "min_active", chosen.min_active),
    )
    with five:
        bars.thresholds("families", chosen.thresholds, lambda limits: _write(fingerprint, thresholds=limits))
    st.pills(
        "Connect nothing by matches that are",
        list(HIDEABLE),
        selection_mode="multi",
        format_func=words.step,
        help="  \n".join(f"**{words.step(name)}**: {r.REASONS[name]}" for name in HIDEABLE),
        **_bound(fingerprint, "hide", [name for name in chosen.hide if name != "not_mutual"]),
    )


HEAD = [
    ("family", "its first member by name; opens the family", False),
    ("its top tokens", "token texts with the largest share of its members' activation, together", False),
    ("features", "members; more than spaces where one space has two", True),
    ("spaces", "feature spaces that it spans", True),
    ("models", "models that it spans", True),
    ("members", "each opens the feature", False),
    ("weakest context", "smallest pearson_context of the matches that connect it; opens that pair", True),
]


def line(fingerprint: str, view: FamiliesView, one: r.Family) -> list[str]:
    """One family as cells of HTML."""
    ref = FeatureRef(one.space, one.feature)
    target = links.href("families", family_links.families_query(fingerprint, replace(view, family=ref, page=1)))
    weakest = one.weakest
    pair = FeatureRef(weakest.space_a, weakest.feature_a), FeatureRef(weakest.space_b, weakest.feature_b)
    listed = PairsView(filter=view.filter)
    weak = links.href("pair", links.pair_query(fingerprint, *pair, listed))
    members = " ".join(markup.feature_link(fingerprint, FeatureRef(m.space, m.feature), "a") for m in one.members)
    return [
        markup.link(target, markup.underlined(str(ref), "a"), "open this family", "text-decoration:none"),
        components.token_chips(one.tokens, "a", 5),
        words.count(len(one.members)),
        words.count(len(one.spaces)),
        f'<span title="{escape(", ".join(one.models))}">{len(one.models)}</span>',
        f'<div style="display:flex;flex-wrap:wrap;gap:.1rem .7rem">{members}</div>',
        markup.link(weak, words.number(weakest.pearson_context), f"{pair[0]} ↔ {pair[1]}: the weakest link"),
    ]


def card(reader: data.Reader, member: r.FamilyMember) -> str:
    """One member: what it fires on, how strongly, and its strongest passages."""
    feature, space = reader.feature(member.space, member.feature), reader.space(member.space)
    ref = FeatureRef(member.space, member.feature)
    name = markup.feature_link(reader.fingerprint, ref, "a")
    label = f" · {escape(marks.plain(feature.label, 80))}" if feature.label else ""
    about = " · ".join(part for part in (space.model, space.hook, words.kind(space)) if part)
    numbers = "".join(
        f'<div title="{escape(tip)}"><span style="{markup.FAINT}">{escape(title)}</span> {escape(value)}</div>'
        for title, value, tip in facts.facts(feature)[:3]
    )
    tokens = "".join(
        markup.token(
            one.token,
            f"{marks.plain(one.token)}\n{words.percent(one.mass_share)} of its activation",
            "a",
            0.1 + 0.9 * one.mass_share,
        )
        for one in reader.feature_tokens(member.space, member.feature)[:8]
    )
    strips = "".join(
        markup.strip(one, feature.max_activation) for one in reader.strips(member.space, member.feature, "top", 3)
    )
    return (
        f'<div style="flex:1 0 19rem;max-width:32rem;border:{markup.LINE};border-radius:.5rem;padding:.7rem .8rem;'
        'overflow:hidden">'
        f'<div style="font-size:1.05rem;overflow-wrap:anywhere">{name}{label}</div>'
        f'<div style="font-size:.76rem;{markup.FAINT};overflow-wrap:anywhere">{escape(about)}</div>'
        f'<div style="display:flex;flex-wrap:wrap;gap:.1rem .9rem;font-size:.8rem;margin:.3rem 0">{numbers}</div>'
        f"<div>{tokens}</div>{strips}</div>"
    )


def cards(reader: data.Reader, members: Sequence[r.FamilyMember]) -> str:
    """The strip of cards, one a member, side by side; it scrolls where there are many."""
    body = "".join(card(reader, member) for member in members)
    return f'{markup.SCROLLS}<div style="display:flex;gap:.8rem;padding-bottom:.5rem">{body}</div></div>'
