"""Pieces of the Concepts page: what a search matched, features with their best matches, concepts and their pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape

from dashboard import (
    components,
    concept_words,
    data,
    family_links,
    links,
    marks,
    markup,
    score_links,
    score_words,
    words,
)
from dashboard.family_links import SearchView
from dashboard.links import FeatureRef
from dashboard.score_links import ScoresView
from store import records as r
from store.score_records import Score

METRIC = "cka_debiased"
"""The metric that stands for a concept: it is 0 by chance however few pairs there are."""

HEAD = [
    ("feature", "opens the feature", False),
    ("tokens meant", "the token texts that spell what was searched, strongest first", False),
    ("share", "share of the feature's activation that lies on these tokens", True),
    ("fires on", "occurrences of these tokens that it fires on / tokens of any text that it fires on", True),
    ("all its top tokens", "token texts with the largest share of its activation", False),
    ("best match in each comparison", "opens the pair; r, its part from context, and why it may be trivial", False),
]


def texts(fingerprint: str, found: Sequence[r.TokenText], title: str, searched: bool) -> str:
    """Tokens with how often they stand in the text, a line for models that agree; `searched`: each is a search."""
    lines = ""
    for models, own in concept_words.by_models(found):
        chips = []
        for one in own:
            tip = f"{marks.plain(one.text)}\n{one.n_tokens:,} times in the text"
            chip = f"{markup.token(one.text, tip)}<small>{words.count(one.n_tokens)}</small>"
            query = family_links.search_query(fingerprint, SearchView(one.text))
            chips.append(chip if searched else markup.link(links.href("concepts", query), chip, tip))
        lines += (
            f'<div style="line-height:1.9"><span style="{markup.FAINT}">{escape(title)} '
            f"({escape(', '.join(models))})</span> {' &nbsp;'.join(chips)}</div>"
        )
    return f'<div style="font-size:.86rem">{lines}</div>'


def line(reader: data.Reader, one: r.TokenHit) -> list[str]:
    """One feature as cells of HTML."""
    ref = FeatureRef(one.space, one.feature)
    return [
        markup.feature_link(reader.fingerprint, ref, "a", str(one.feature)),
        components.token_chips(one.matched, "a", 3),
        f"<b>{words.percent(one.mass_share)}</b>",
        f"{words.count(one.n_active)} / {words.count(one.n_active_all)}",
        components.token_chips(one.tokens, "a", 5),
        "".join(best(reader, ref, match) for match in one.matches) or words.NONE,
    ]


def best(reader: data.Reader, ref: FeatureRef, one: r.Elsewhere) -> str:
    """The best match in one comparison: the other feature, its r and context, its reasons."""
    m, own_a = one.match, one.side == "a"
    other = FeatureRef(one.other_space, m.feature_b if own_a else m.feature_a)
    pair = (ref, other) if own_a else (other, ref)
    top = m.top_token_b if own_a else m.top_token_a
    name = markup.link(
        links.href("pair", links.pair_query(reader.fingerprint, *pair)),
        markup.underlined(str(other), "b"),
        f"{words.evidence(m)}",
        "text-decoration:none",
    )
    token = markup.token(top, f"its top token: {marks.plain(top)}", "b") if top is not None else ""
    back = m.rank_ba if own_a else m.rank_ab
    mutual = "" if back == 1 else f' <span style="{markup.FAINT}">({words.ordinal(back)} back)</span>'
    reasons = markup.reason_chips(m, r.Thresholds()) if m.reasons else markup.chip("homologue", "no reason holds", "a")
    return (
        '<div style="display:flex;flex-wrap:wrap;align-items:baseline;gap:.1rem .6rem">'
        f"<span>{name} {token}</span><span>r <b>{words.number(m.pearson)}</b>, context "
        f"{words.number(m.pearson_context)}{mutual}</span><span>{reasons}</span></div>"
    )


def scored(reader: data.Reader) -> dict[str, Score]:
    """Concept -> the score that stands for it: of two models, on decoder rows, if there is one, and the most alike.

    Where there is none it is one at units, which need fewer pairs: its reason is the last that stood in the way.
    """
    taken = [one for one in reader.score_variants() if one.metric == METRIC and one.subset.startswith("concept:")]
    if not taken:
        return {}
    cells = reader.score_grid(METRIC, taken[0].parameters, taken[0].subset, taken[0].level)
    findings = {cell.comparison for cell in cells if cell.kind == "finding"}

    def fitness(one: Score) -> tuple[bool, bool, bool, float]:
        known = one.value is not None
        level = "decoder" if known else "activations"
        return known, one.comparison in findings, one.level == level, score_words.likeness(one) if known else 0.0

    best: dict[str, Score] = {}
    for one in reader.scores(None, METRIC):
        kind, _, concept = one.subset.partition(":")
        if kind == "concept":
            best[concept] = max(best.get(concept, one), one, key=fitness)
    return best


def head(spaces: Sequence[r.Space], has_scores: bool) -> list[tuple[str, str, bool]]:
    """Titles of the table of concepts."""
    tip = "features of this space that belong to the concept, and the share of them that have a match"
    score = f"{METRIC} of its mutual best matches in the most alike comparison of two models; opens it on its null"
    return [
        ("concept", "opens the concept", False),
        ("in the text", "times that the passages spell its keywords, as whole words in any case", True),
        ("its keywords", "the most frequent; hover for how often", False),
        *((space.space, f"{space.model}: {tip}", True) for space in spaces),
        ("score", score, False) if has_scores else ("", "why it has no feature", False),
    ]


def score_cell(fingerprint: str, one: Score | None) -> str:
    """A concept's score beside what chance gives, as a link to its null; or why there is none."""
    if one is None or one.value is None:
        return _reason(score_words.missing(one))
    named = {name: getattr(one, name) for name in (*score_links.NAMES, "comparison")}
    target = links.href("scores", score_links.scores_query(fingerprint, ScoresView(**named)))
    tip = f"{one.comparison}, {score_words.LEVELS[one.level]}, {score_words.rows(one)}: {score_words.null(one)}"
    value = markup.link(target, f"<b>{score_words.number(one.value)}</b>", tip)
    chance = "within its null" if one.above_null is False else f"chance {score_words.number(one.null_mean)}"
    return f'<span style="white-space:nowrap">{value} <span style="{markup.FAINT}">{chance}</span></span>'


def _reason(text: str) -> str:
    return f'<span style="{markup.FAINT};display:block;min-width:14rem;white-space:normal">{escape(text)}</span>'


def concept_line(
    fingerprint: str, view: SearchView, one: r.Concept, spaces: Sequence[r.Space], scores: Mapping[str, Score]
) -> list[str]:
    """One concept as cells of HTML."""
    target = links.href("concepts", family_links.search_query(fingerprint, replace(view, concept=one.concept)))
    known = {space.space: space for space in one.spaces}
    cells = [known[space.space] for space in spaces]
    why = concept_words.without(one, view.share)
    return [
        markup.link(target, f"<b>{escape(one.concept)}</b>", "open this concept"),
        words.count(concept_words.found(one)),
        "".join(_keyword(word) for word in one.keywords[:5] if word.n_found) or words.NONE,
        *(
            f'<span style="white-space:nowrap">{concept_words.matched(cell) if cell.n_features else words.NONE}</span>'
            for cell in cells
        ),
        _reason(why) if why else score_cell(fingerprint, scores.get(one.concept)) if scores else "",
    ]


def _keyword(word: r.Keyword) -> str:
    return markup.token(word.keyword, f"{marks.plain(word.keyword)}\n{word.n_found:,} times in the text")


def keywords(fingerprint: str, view: SearchView, one: r.Concept) -> str:
    """All keywords of a concept: those that the text holds, each with its count and a search; then the others."""
    searches = []
    for word in one.keywords:
        query = family_links.search_query(fingerprint, replace(view, text=word.keyword, concept=None))
        tip = f"search {marks.plain(word.keyword)}"
        chip = f"{_keyword(word)}<small>{words.count(word.n_found)}</small>"
        searches += [markup.link(links.href("concepts", query), chip, tip)] if word.n_found else []
    absent = [word.keyword for word in one.keywords if not word.n_found]
    rest = (
        f'<div style="{markup.FAINT}">Not in the text: {escape(", ".join(map(marks.plain, absent)))}</div>'
        if absent
        else ""
    )
    return f'<div style="font-size:.86rem;line-height:1.9">{" &nbsp;".join(searches)}{rest}</div>'


PAIRS = [
    ("pair", "opens the pair", False),
    ("top tokens", "A's and B's token text with the largest share of their activation", False),
    ("r", "Pearson correlation over all units", True),
    ("token + context", "grey is explained by the token, blue only by the context", False),
    ("context", "pearson_context", True),
    ("A's share", "share of A's activation on the concept's words", True),
    ("B's share", "share of B's activation on the concept's words", True),
]


def pair_line(reader: data.Reader, one: r.ConceptPair) -> list[str]:
    """One match as cells of HTML."""
    m = one.match
    comparison = reader.comparison(m.comparison)
    a, b = FeatureRef(comparison.space_a, m.feature_a), FeatureRef(comparison.space_b, m.feature_b)
    name = f"{markup.underlined(str(a), 'a')} ↔ {markup.underlined(str(b), 'b')}"
    tokens = [
        markup.token(top, "", side) for top, side in ((m.top_token_a, "a"), (m.top_token_b, "b")) if top is not None
    ]
    shares = ["< 1 %" if part is None else words.percent(part) for part in (one.share_a, one.share_b)]
    target = links.href("pair", links.pair_query(reader.fingerprint, a, b))
    return [
        markup.link(target, name, "open this pair", "text-decoration:none"),
        "".join(tokens) or words.NONE,
        f"<b>{words.number(m.pearson)}</b>",
        markup.split_bar(m),
        words.number(m.pearson_context),
        *shares,
    ]


MEMBERS = [
    ("feature", "opens the feature", False),
    ("share", "share of its activation on the concept's words", True),
    ("fires on", "tokens of these words that it fires on / tokens of any text that it fires on", True),
    ("its top tokens", "token texts with the largest share of its activation", False),
]


def member_line(fingerprint: str, one: r.ConceptMember) -> list[str]:
    """One feature of a concept as cells of HTML."""
    return [
        markup.feature_link(fingerprint, FeatureRef(one.space, one.feature), "a"),
        f"<b>{words.percent(one.mass_share)}</b>",
        f"{words.count(one.n_active)} / {words.count(one.n_active_all)}",
        components.token_chips(one.tokens, "a", 5),
    ]
