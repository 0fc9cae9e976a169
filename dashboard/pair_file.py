"""What the store knows of a pair, asked for when its page is saved as a file."""

from datetime import date

from dashboard import pair_page
from dashboard.data import Reader
from dashboard.links import FeatureRef, PairsView
from store import records as r


def content(
    reader: Reader,
    comparison: r.Comparison,
    a: FeatureRef,
    b: FeatureRef,
    match: r.Match | None,
    view: PairsView,
    address: str | None,
) -> bytes:
    """The file; `address` is that of a page of the dashboard."""
    asked = comparison.comparison, a.feature, b.feature
    pair = pair_page.Pair(
        reader.build(),
        comparison,
        (_side(reader, a), _side(reader, b)),
        match,
        view,
        reader.group_counts(*asked),
        {name: reader.pair_strips(*asked, name, most) for name, (_, most) in pair_page.GROUPS.items()},
    )
    return pair_page.page(pair, address, date.today())


def _side(reader: Reader, ref: FeatureRef) -> pair_page.Side:
    space = reader.space(ref.space)
    return pair_page.Side(
        reader.feature(ref.space, ref.feature),
        space,
        next(one for one in reader.models() if one.model == space.model),
        reader.feature_tokens(ref.space, ref.feature),
        reader.histogram(ref.space, ref.feature),
        reader.logits(ref.space, ref.feature),
    )
