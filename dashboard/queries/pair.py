"""Where two features fire: the passages of a group, and what they do on each token text."""

from dashboard.queries.text import literal
from store.records import Comparison

_GROUPS = {
    "both": ("activation_a > 0 AND activation_b > 0", "activation_a * activation_b"),
    "only_a": ("activation_b = 0", "activation_a"),
    "only_b": ("activation_a = 0", "activation_b"),
}
"""Group -> (which of the units where either fires, by what passages are sorted)."""


def _side(name: str, space: str, feature: int) -> str:
    here = f"space = {literal(space)} AND feature = {feature}"
    return f"{name} AS (SELECT token_index, activation FROM activations WHERE {here})"


def _on_units(name: str, side: str, alignment: str) -> str:
    """A feature's activation on each unit: the largest of its tokens."""
    return (
        f"{name} AS (\n"
        f"  SELECT unit, max(activation) AS activation\n  FROM fired_{side}\n"
        f"  ASOF JOIN (FROM units WHERE alignment = {alignment}) ON token_index >= token_{side}\n"
        f"  WHERE token_index < token_{side} + n_tokens_{side}\n  GROUP BY unit\n)"
    )


def _fired(c: Comparison, a: int, b: int) -> str:
    """`either`: unit, activation_a and activation_b (0 where that side does not fire), as a WITH clause."""
    if c.alignment == "identical":
        parts = [_side("on_a", c.space_a, a), _side("on_b", c.space_b, b)]
        unit = "token_index AS unit"
        using = "token_index"
    else:
        units = literal(c.alignment)
        parts = [_side("fired_a", c.space_a, a), _side("fired_b", c.space_b, b)]
        parts += [_on_units("on_a", "a", units), _on_units("on_b", "b", units)]
        unit = using = "unit"
    parts.append(
        "either AS (\n"
        f"  SELECT {unit}, coalesce(on_a.activation, 0)::DOUBLE AS activation_a,\n"
        "         coalesce(on_b.activation, 0)::DOUBLE AS activation_b\n"
        f"  FROM on_a FULL JOIN on_b USING ({using})\n)"
    )
    return "WITH " + ",\n".join(parts)


def _texts(c: Comparison, model_a: str) -> str:
    """`texts`: unit, passage_id, token (A's text of it)."""
    if c.alignment == "identical":
        return (
            "texts AS (\n  SELECT token_index AS unit, passage_id, text AS token\n"
            f"  FROM tokens WHERE model = {literal(model_a)} AND NOT is_special\n)"
        )
    return (
        "texts AS (\n  SELECT unit, any_value(t.passage_id) AS passage_id,\n"
        "         string_agg(t.text, '' ORDER BY t.token_index) AS token\n"
        "  FROM (SELECT unit, unnest(range(token_a, token_a + n_tokens_a))::INTEGER AS token_index\n"
        f"        FROM units WHERE alignment = {literal(c.alignment)})\n"
        f"  JOIN tokens AS t USING (token_index)\n  WHERE t.model = {literal(model_a)}\n  GROUP BY unit\n)"
    )


def passages(c: Comparison, model_a: str, a: int, b: int, group: str) -> str:
    """The passages of a group (of `records.GROUPS`), strongest first, with the text that fires most there."""
    test, strength = _GROUPS[group]
    return (
        f"{_fired(c, a, b)},\n{_texts(c, model_a)}\n"
        "SELECT passage_id, max(activation_a) AS activation_a, max(activation_b) AS activation_b,\n"
        f"       count(*) AS n_units, arg_max(token, row({strength}, -unit)) AS token,\n"
        "       any_value(source) AS source, any_value(text) AS text\n"
        "FROM either JOIN texts USING (unit) JOIN passages USING (passage_id)\n"
        f"WHERE {test}\nGROUP BY passage_id\n"
        f"ORDER BY max({strength}) DESC, passage_id"
    )


def tokens(c: Comparison, model_a: str, a: int, b: int) -> str:
    """What two features do on each token text, by the share of their activation that both put on it."""
    return (
        f"{_fired(c, a, b)},\n{_texts(c, model_a)}\n"
        "SELECT token, count(*) AS n_units, count(*) FILTER (activation_a > 0) AS n_a,\n"
        "       count(*) FILTER (activation_b > 0) AS n_b,\n"
        "       count(*) FILTER (activation_a > 0 AND activation_b > 0) AS n_both,\n"
        "       sum(activation_a) / nullif(sum(sum(activation_a)) OVER (), 0) AS mass_share_a,\n"
        "       sum(activation_b) / nullif(sum(sum(activation_b)) OVER (), 0) AS mass_share_b\n"
        "FROM texts LEFT JOIN either USING (unit)\nGROUP BY token\nQUALIFY n_a + n_b > 0\n"
        "ORDER BY round(coalesce(mass_share_a, 0) + coalesce(mass_share_b, 0), 9) DESC, token"
    )
