"""Links: what is written is read back, and what cannot be read is answered in one line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import links
from dashboard.links import FeatureRef, LinkError, PairsView, UnmatchedView
from store.records import ONE_SIDED, REASONS, SORTS, UNMATCHED_SORTS, PairFilter, Region, Thresholds, UnmatchedFilter

FINGERPRINT = "3fa9c2d1" + "0" * 56
slugs = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)
refs = st.builds(FeatureRef, slugs, st.integers(0, links.LARGEST))
correlations = st.floats(-1, 1, allow_nan=False)
fractions = st.floats(0, 1, allow_nan=False)
counts = st.integers(0, links.LARGEST)
hidden = st.sets(st.sampled_from(list(REASONS))).map(lambda some: tuple(name for name in REASONS if name in some))
thresholds = st.builds(
    Thresholds, rare=counts, dense=fractions, special=fractions, position=fractions, token=fractions,
    single_token=fractions, stop_token=fractions, hub=counts, chance=fractions, thin=counts,
)  # fmt: skip
regions = st.tuples(st.floats(-1, 0), st.floats(-1, 0), st.floats(0.001, 1), st.floats(0.001, 1)).map(
    lambda one: Region(*one)
)
filters = st.builds(
    PairFilter, region=st.none() | regions, min_pearson=correlations, min_context=correlations, min_active=counts, hide=hidden,
    only=st.none() | st.sampled_from(links.STEPS), feature_a=st.none() | counts, feature_b=st.none() | counts,
    thresholds=thresholds,
)  # fmt: skip
comparisons = st.tuples(slugs, slugs).map("~".join)
views = st.builds(PairsView, comparisons, filters, st.sampled_from(SORTS), st.integers(1, links.LARGEST))
left_out = st.sets(st.sampled_from(ONE_SIDED)).map(lambda some: tuple(name for name in ONE_SIDED if name in some))
lacking = st.builds(
    UnmatchedView, comparisons, st.sampled_from("ab"),
    st.builds(UnmatchedFilter, below=fractions, min_active=counts, hide=left_out, thresholds=thresholds),
    st.sampled_from(UNMATCHED_SORTS), st.integers(1, links.LARGEST),
)  # fmt: skip


@given(refs)
def test_a_feature_is_read_back(ref: FeatureRef) -> None:
    assert links.parse_feature(str(ref), "a") == ref
    assert links.parse_one(links.feature_query(FINGERPRINT, ref)) == ref


@given(refs, refs, views)
def test_a_pair_is_read_back_and_carries_its_filter(a: FeatureRef, b: FeatureRef, view: PairsView) -> None:
    query = links.pair_query(FINGERPRINT, a, b, view)
    assert links.parse_pair(query) == (a, b)
    read, unread = links.parse_pairs(query)
    assert unread == []
    assert (read.filter, read.sort) == (view.filter, view.sort)


@given(views)
def test_a_view_is_read_back(view: PairsView) -> None:
    assert links.parse_pairs(links.pairs_query(FINGERPRINT, view)) == (view, [])


@given(lacking)
def test_a_view_of_unmatched_features_is_read_back(view: UnmatchedView) -> None:
    assert links.parse_unmatched(links.unmatched_query(FINGERPRINT, view)) == (view, [])


def test_a_link_to_unmatched_features_names_the_side_and_what_differs() -> None:
    view = UnmatchedView("left~right", "b", UnmatchedFilter(0.25, 30, ("dense",), Thresholds(dense=0.2)), "n_active", 2)
    assert links.href("unmatched", links.unmatched_query(FINGERPRINT, view)) == (
        "unmatched?store=3fa9c2d1&comparison=left~right&side=b&below=0.25&fires=30&show=rare,special&t_dense=0.2"
        "&sort=n_active&page=2"
    )
    assert links.unmatched_query(FINGERPRINT, UnmatchedView("x~y")) == {
        "store": "3fa9c2d1", "comparison": "x~y", "side": "a",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"side": "c"}, "side=c is ignored; choose from a, b"),
        ({"below": "much"}, "below=much is ignored; write a number between 0 and 1, such as 0.5"),
        ({"below": "-0.5"}, "below=-0.5 is ignored; write a number between 0 and 1, such as 0.5"),
        ({"fires": "1.5"}, "fires=1.5 is ignored; write a whole number from 0"),
        ({"show": "hub"}, "show=hub is ignored; choose from rare, dense, special"),
        ({"sort": "pearson"}, "sort=pearson is ignored; choose from mass, n_active, token_entropy_bits"),
        ({"page": "0"}, "page=0 is ignored; write a whole number from 1"),
        ({"t_dense": "2"}, "t_dense=2 is ignored; write a number between 0 and 1, such as 0.5"),
        ({"context": "0.5"}, "context=0.5 is no filter and is ignored"),
    ],
)
def test_what_a_link_to_unmatched_features_gets_wrong_is_said(query: dict[str, str], said: str) -> None:
    assert links.parse_unmatched(query) == (UnmatchedView(), [said])


@given(
    st.dictionaries(
        st.sampled_from(["comparison", "side", "below", "fires", "show", "sort", "page", "t_rare", "zzz"]), st.text()
    )
)
def test_no_query_breaks_the_parser_of_unmatched_features(query: dict[str, str]) -> None:
    view, unread = links.parse_unmatched(query)
    assert all("\n" not in line for line in unread)
    assert links.parse_unmatched(links.unmatched_query(FINGERPRINT, view)) == (view, [])


def test_a_link_holds_only_what_differs_from_the_default() -> None:
    assert links.pairs_query(FINGERPRINT, PairsView("left~right")) == {"store": "3fa9c2d1", "comparison": "left~right"}
    shown = tuple(name for name in REASONS if name not in ("token", "hub"))
    view = PairsView("left~right", PairFilter(min_pearson=0.5, hide=shown, thresholds=Thresholds(rare=5)), "pearson", 3)
    assert links.href("pairs", links.pairs_query(FINGERPRINT, view)) == (
        "pairs?store=3fa9c2d1&comparison=left~right&r=0.5&show=token,hub&t_rare=5&sort=pearson&page=3"
    )


def test_a_pair_is_written_as_the_contract_says() -> None:
    query = links.pair_query(FINGERPRINT, FeatureRef("tiny-1l.0", 1655), FeatureRef("tiny-2l.1", 1155))
    assert links.href("pair", query) == "pair?store=3fa9c2d1&a=tiny-1l.0:1655&b=tiny-2l.1:1155"


@pytest.mark.parametrize(
    "text",
    ["nonsense", "", "tiny:", ":5", "tiny:-1", "tiny:1.5", "Tiny:1", "tiny:1:2", "tiny:٣", "tiny:99999999999", "a b:1"],
)
def test_what_is_no_feature_is_said_in_one_line(text: str) -> None:
    with pytest.raises(LinkError) as caught:
        links.parse_feature(text, "a")
    assert str(caught.value) == f"a={text} is not a feature; write it as space:number, such as tiny-1l.0:1655"


def test_a_message_stays_one_short_line_whatever_the_link_holds() -> None:
    with pytest.raises(LinkError) as caught:
        links.parse_feature("x\n\u202e" * 500, "f")
    message = str(caught.value)
    assert "\n" not in message
    assert "\u202e" not in message
    assert len(message) < 140


def test_half_a_pair_is_said() -> None:
    assert links.parse_pair({}) is None
    with pytest.raises(LinkError, match="the link has no b"):
        links.parse_pair({"a": "left:1"})


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"r": "banana"}, "r=banana is ignored; write a number between -1 and 1, such as 0.5"),
        ({"r": "nan"}, "r=nan is ignored; write a number between -1 and 1, such as 0.5"),
        ({"context": "2"}, "context=2 is ignored; write a number between -1 and 1, such as 0.5"),
        ({"fires": "-3"}, "fires=-3 is ignored; write a whole number from 0"),
        ({"page": "0"}, "page=0 is ignored; write a whole number from 1"),
        ({"sort": "luck"}, f"sort=luck is ignored; choose from {', '.join(SORTS)}"),
        ({"show": "token,luck"}, f"show=luck is ignored; choose from {', '.join(REASONS)}"),
        ({"t_rare": "many"}, "t_rare=many is ignored; write a whole number from 0"),
        ({"t_token": "-0.5"}, "t_token=-0.5 is ignored; write a number between 0 and 1, such as 0.5"),
        ({"colour": "red"}, "colour=red is no filter and is ignored"),
        (
            {"region": "0,0,0,1"},
            "region=0,0,0,1 is ignored; write token part and r from, token part and r to, such as 0,0.5,0.2,1",
        ),
    ],
)
def test_a_filter_that_cannot_be_read_is_said_and_left_at_its_default(query: dict[str, str], said: str) -> None:
    view, unread = links.parse_pairs(query)
    assert unread == [said]
    expected = PairFilter(hide=tuple(name for name in REASONS if name != "token")) if "show" in query else PairFilter()
    assert view == PairsView(None, expected)


@given(
    st.dictionaries(
        st.sampled_from(["r", "context", "fires", "fa", "show", "only", "sort", "page", "t_hub", "zzz"]), st.text()
    )
)
def test_no_query_breaks_the_parser(query: dict[str, str]) -> None:
    view, unread = links.parse_pairs(query)
    assert all("\n" not in line for line in unread)
    assert links.parse_pairs(links.pairs_query(FINGERPRINT, view)) == (view, [])


def test_a_link_from_another_store_is_recognised() -> None:
    assert links.stale({"store": "00000000"}, FINGERPRINT)
    assert not links.stale({"store": "3fa9c2d1"}, FINGERPRINT)
    assert not links.stale({}, FINGERPRINT)
    assert links.other_store({"store": "00000000"}) == "store `00000000`"
    assert links.other_store({"store": "`[x](//y)"}) == "another store"


@pytest.mark.parametrize(
    ("sae", "link"),
    [
        ("pythia-70m-deduped/2-res-sm", "https://neuronpedia.org/pythia-70m-deduped/2-res-sm/17"),
        ("gemma-2-2b/12-sae_bench-topk-res-4k__trainer_0_step_final", "https://neuronpedia.org/gemma-2-2b/12-sae_bench-topk-res-4k__trainer_0_step_final/17"),
        (None, None),
        ("gpt2-small", None),
        ("../x", None),
        ("a/b?c=d", None),
        ("a/b/c", None),
    ],
)  # fmt: skip
def test_neuronpedia_is_linked_where_it_shows_the_sae(sae: str | None, link: str | None) -> None:
    assert links.neuronpedia(sae, 17) == link
