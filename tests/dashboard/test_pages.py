"""Every page through Streamlit's AppTest: good links, wrong links, empty states, a store that goes and comes back."""

import re
import shutil
from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import data
from dashboard.links import FeatureRef, PairsView, pair_query, pairs_query
from store.read import Store
from store.records import REASONS, Comparison, PairFilter

APP = Path(__file__).parents[2] / "dashboard" / "app.py"
EVERY = PairFilter(hide=(), min_pearson=-1.0)


def page(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, **query: str) -> AppTest:
    """A page opened by a link, as a new visitor."""
    monkeypatch.setenv(data.ENVIRONMENT, str(folder))
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    if name != "overview":
        app.switch_page(f"app_pages/{name}.py")
    app.query_params.clear()
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def said(app: AppTest) -> str:
    """All text and HTML of a page; fails on a traceback."""
    assert [one.message for one in app.exception] == []
    kinds = (app.title, app.header, app.caption, app.markdown, app.info, app.html, app.metric)
    text = "\n".join(str(one.value) for kind in kinds for one in kind)
    for word in ("None<", ">None", "nan<", ">nan", "Traceback"):
        assert word not in text
    return text


def headings(app: AppTest) -> list[str]:
    """What the parts of a page are called, whether Streamlit wrote it or the page's own HTML."""
    found: list[str] = []
    for one in app.main:
        if one.type == "header":
            found.append(str(one.value))
        elif one.type == "html":
            found += re.findall("<h2[^>]*>(.*?)</h2>", one.value)
    return found


def labels(app: AppTest) -> list[str]:
    """What the popovers of a page are called."""
    return [block.proto.popover.label for block in app.get("popover")]


class Names:
    """What this store holds, read from it."""

    def __init__(self, folder: Path) -> None:
        with Store(folder) as store:
            self.comparison: Comparison = store.comparisons()[0]
            rows = store.pairs(self.comparison.comparison, EVERY, "pearson", 1000)
            self.fingerprint = store.fingerprint
            self.n_features = store.space(self.comparison.space_a).n_features
            known = {(row.match.feature_a, row.match.feature_b) for row in rows}
            sizes = self.n_features, store.space(self.comparison.space_b).n_features
            every = [(x, y) for x in range(min(sizes[0], 40)) for y in range(min(sizes[1], 40))]
            self.unmatched = next((pair for pair in every if pair not in known), None)
        self.n_candidates = len(rows)
        self.a = FeatureRef(self.comparison.space_a, rows[0].match.feature_a)
        self.b = FeatureRef(self.comparison.space_b, rows[0].match.feature_b)
        self.match = rows[0].match


@pytest.fixture(scope="module")
def names(tiny_store: Path) -> Names:
    return Names(tiny_store)


def test_the_overview_names_the_models_and_links_every_comparison(
    tiny_store: Path, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page(tiny_store, monkeypatch, "overview")
    text = said(app)
    assert names.fingerprint[:8] in text
    assert f"comparison={names.comparison.comparison}" in text
    assert [metric.label for metric in app.metric] == [
        "Contextual homologues", "Explained by the token", "Features with a homologue", "Ceiling", "Floor",
    ]  # fmt: skip


def test_pairs_lists_every_candidate_when_nothing_is_hidden(
    tiny_store: Path, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = pairs_query(names.fingerprint, PairsView(names.comparison.comparison, EVERY))
    text = said(page(tiny_store, monkeypatch, "pairs", **query))
    assert text.count(">Compare<") == min(names.n_candidates, 25)
    assert f"a={names.a}&amp;b={names.b}" in text


def test_a_link_sets_the_widgets(tiny_store: Path, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(tiny_store, monkeypatch, "pairs", r="0.25", fires="3", show="token,hub", sort="pearson")
    said(app)
    assert app.number_input(key="pairs_min_pearson").value == 0.25
    assert app.number_input(key="pairs_min_active").value == 3
    assert app.selectbox(key="pairs_sort").value == "pearson"
    assert app.button_group(key="pairs_hide").value == [name for name in REASONS if name not in ("token", "hub")]


def test_a_widget_writes_the_link(tiny_store: Path, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(tiny_store, monkeypatch, "pairs", page="2")
    app.number_input(key="pairs_min_pearson").set_value(0.5).run()
    said(app)
    assert app.query_params["r"] == "0.5"
    assert "page" not in app.query_params
    assert app.query_params["store"] == names.fingerprint[:8]


def test_thresholds_of_the_link_stand_in_their_widgets_and_are_counted(
    tiny_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page(tiny_store, monkeypatch, "pairs", t_rare="50", t_token="0.9", t_chance="2")
    assert "t_chance=2 is ignored; write a number between 0 and 1" in said(app)
    assert {one.key: one.value for one in app.number_input if str(one.key).startswith("pairs_t_")} == {
        "pairs_t_rare": 50, "pairs_t_dense": 0.1, "pairs_t_special": 0.5, "pairs_t_position": 0.5, "pairs_t_token": 0.9,
        "pairs_t_single_token": 0.8, "pairs_t_stop_token": 0.2, "pairs_t_hub": 3, "pairs_t_chance": 0.05,
        "pairs_t_thin": 10,
    }  # fmt: skip
    assert "Thresholds · 2 changed" in labels(app)
    app.button(key="pairs_thresholds_reset").click().run()
    said(app)
    assert "Thresholds" in labels(app)
    assert [name for name in app.query_params if name.startswith("t_")] == []


def test_a_threshold_changes_the_list_its_links_and_its_query(
    tiny_store: Path, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page(tiny_store, monkeypatch, "pairs", t_token="0.9", fires="2")
    assert said(app).count(">Compare<") == 1
    app.number_input(key="pairs_t_rare").set_value(1000).run()
    assert [app.query_params[name] for name in ("t_rare", "t_token", "fires")] == ["1000", "0.9", "2"]
    assert "No match passes. The last filter that removed some was `rare`" in said(app)
    app.button_group(key="pairs_hide").set_value(["chance"]).run()
    text = said(app)
    assert "t_rare=1000" in text[text.index("<table") :]
    assert "fewer than 1,000" in text
    assert "judged_matches%28rare+:%3D+1000" in text


def test_a_pair_says_why_it_may_be_trivial_under_the_thresholds_of_its_link(
    tiny_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said(page(tiny_store, monkeypatch, "pair", a="left:3", b="right:2", t_token="0.9"))
    assert "Why it may be trivial" in text
    plain = re.sub("<[^>]*>", "", text)
    for line in ("100 % of r = 1.00 is explained by the token", " (more than 90 %)", "A fires on 11 % of tokens"):
        assert line in plain
    assert "Thresholds of this link: token more than 90 % (default: more than 80 %)." in plain
    text = said(page(tiny_store, monkeypatch, "pair", a="left:1", b="right:0"))
    assert "No reason to call it trivial holds" in text
    assert "a reason if more than 10 %" in text


def test_chance_is_drawn_beside_the_matches_or_its_absence_explained(
    tiny_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page(tiny_store, monkeypatch, "pairs")
    assert "Chance is not known here: too few features of A fire (4)" in said(app)
    assert len(app.get("vega_lite_chart")) == 1
    folder = shutil.copytree(tiny_store, tmp_path / "known")
    with duckdb.connect(folder / "homolog.duckdb") as database:
        database.execute("UPDATE match_nulls SET mean = 0.2, sd = 0.1, median = 0.2, q95 = 0.41, maximum = 0.6")
    app = page(folder, monkeypatch, "pairs")
    assert "reach r = .41 by chance once in twenty" in said(app)
    assert len(app.get("vega_lite_chart")) == 2


def test_what_one_side_has_and_the_other_lacks(tiny_store: Path, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(tiny_store, monkeypatch, "unmatched", below="0.9", show="rare,dense,special", side="b")
    text = said(app)
    assert "1 of 4 alive features of right have no match above r = .90 in left." in text
    assert "f=right:4" in text
    assert "a=left:1&amp;b=right:4" in text
    assert app.selectbox(key="unmatched_side").value == "b"
    app.selectbox(key="unmatched_side").set_value("a").run()
    text = said(app)
    assert app.query_params["side"] == "a"
    assert "1 of 4 alive features of left have no match above r = .90 in right." in text
    assert "no candidate" in text
    app.button_group(key="unmatched_hide").set_value(["rare"]).run()
    assert "No unmatched feature passes. The last filter that removed some was `rare`: 1 → 0. Relax it." in said(app)
    assert app.query_params["show"] == "dense,special"
    app.number_input(key="unmatched_t_rare").set_value(1).run()
    assert "f=left:4" in said(app)
    assert app.query_params["t_rare"] == "1"
    app.number_input(key="unmatched_below").set_value(0.0).run()
    assert app.query_params["below"] == "0"


def test_unmatched_features_are_linked_from_overview_and_pairs(
    tiny_store: Path, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("overview", "pairs"):
        text = said(page(tiny_store, monkeypatch, name))
        for side in ("a", "b"):
            target = f"unmatched?store={names.fingerprint[:8]}&amp;comparison=left~right&amp;side={side}"
            assert f'href="{target}"' in text


def test_a_page_of_unmatched_features_past_the_end_leads_back(
    tiny_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Page 9 is past the end." in said(page(tiny_store, monkeypatch, "unmatched", page="9"))


def test_what_a_link_to_unmatched_features_gets_wrong_is_said(
    tiny_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said(page(tiny_store, monkeypatch, "unmatched", side="<b>", below="banana", sort="luck"))
    assert "side=&lt;b&gt; is ignored; choose from a, b" in text
    assert "below=banana is ignored" in text
    assert "sort=luck is ignored" in text


def test_an_empty_list_says_which_filter_and_offers_a_way_back(
    tiny_store: Path, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said(page(tiny_store, monkeypatch, "pairs", r="1", fires="2147483647"))
    assert "No match passes. The last filter that removed some was" in text
    assert "Show every candidate" in text


def test_a_page_past_the_end_leads_back(tiny_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Page 2147483647 is past the end." in said(page(tiny_store, monkeypatch, "pairs", page="2147483647"))


def test_filters_that_cannot_be_read_are_said(tiny_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(page(tiny_store, monkeypatch, "pairs", r="banana", colour="<b>red</b>"))
    assert "r=banana is ignored" in text
    assert "colour=&lt;b&gt;red&lt;/b&gt; is no filter" in text


def test_what_a_step_dropped_can_be_seen(tiny_store: Path, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(page(tiny_store, monkeypatch, "pairs", only="not_mutual"))
    assert "Showing what <b>not mutual</b> dropped" in text or "No match was dropped by `not mutual`" in text


def test_a_pair_shows_its_evidence(tiny_store: Path, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(page(tiny_store, monkeypatch, "pair", **pair_query(names.fingerprint, names.a, names.b)))
    assert str(names.a) in text
    assert str(names.b) in text
    assert " = token " in text
    assert f"Both fire on {names.match.n_both:,} units" in text
    assert "linear-gradient(" in text


def test_a_pair_that_was_never_a_candidate_says_so(
    tiny_store: Path, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    if names.unmatched is None:
        pytest.skip("every pair of this store is a candidate")
    a, b = FeatureRef(names.a.space, names.unmatched[0]), FeatureRef(names.b.space, names.unmatched[1])
    text = said(page(tiny_store, monkeypatch, "pair", a=str(a), b=str(b)))
    assert "These two were never candidates" in text
    assert f"f={b}" in text


def test_a_pair_in_the_other_order_offers_the_swap(
    tiny_store: Path, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said(page(tiny_store, monkeypatch, "pair", a=str(names.b), b=str(names.a)))
    assert "swap the two to see their evidence" in text
    assert f"a={names.a}&amp;b={names.b}" in text


def test_a_pair_within_one_space_says_what_exists(
    tiny_store: Path, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said(page(tiny_store, monkeypatch, "pair", a=str(names.a), b=str(names.a)))
    assert f"This store has no comparison of {names.a.space} with {names.a.space}; it has" in text


@pytest.mark.parametrize(
    ("name", "query", "expected"),
    [
        ("pair", {"a": "nonsense", "b": "left:1"}, "a=nonsense is not a feature; write it as space:number"),
        ("pair", {"a": "left:1"}, "the link has no b"),
        ("pair", {"a": "nowhere:1", "b": "nowhere:2"}, "no space `nowhere`; there are"),
        ("feature", {"f": "<script>:1"}, "f=&lt;script&gt;:1 is not a feature"),
        ("feature", {"f": "nowhere:1"}, "no space `nowhere`; there are"),
        ("pairs", {"comparison": "no~such"}, "no comparison `no~such`; there"),
        ("unmatched", {"comparison": "no~such"}, "no comparison `no~such`; there"),
    ],
)
def test_a_wrong_link_is_answered_in_words(
    tiny_store: Path, monkeypatch: pytest.MonkeyPatch, name: str, query: dict[str, str], expected: str
) -> None:
    app = page(tiny_store, monkeypatch, name, **query)
    assert expected in said(app)
    assert [title.value for title in app.title] == ["This link names something that is not here"]


def test_a_feature_past_the_end_says_which_exist(
    tiny_store: Path, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said(page(tiny_store, monkeypatch, "feature", f=f"{names.a.space}:{names.n_features}"))
    assert f"{names.a.space} has features 0 to {names.n_features - 1}; got {names.n_features}" in text


def test_a_link_from_another_store_opens_and_says_so(
    tiny_store: Path, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said(page(tiny_store, monkeypatch, "pair", store="00000000", a=str(names.a), b=str(names.b)))
    assert "This link was made from store `00000000`" in text
    assert " = token " in text


def test_a_feature_shows_its_card_its_strips_and_its_matches(
    tiny_store: Path, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page(tiny_store, monkeypatch, "feature", f=str(names.a))
    text = said(app)
    assert headings(app) == ["Best match in every other space", "Examples"]
    assert "border-bottom:2px solid currentColor" in text
    assert f"b={names.b.space}:" in text
    app.button_group(key="feature_stratum").set_value("random").run()
    said(app)


def test_an_sae_that_neuronpedia_shows_links_there_and_a_poor_one_says_so(
    tiny_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = "https://neuronpedia.org/pythia-70m-deduped/2-res-sm/1"
    assert "neuronpedia" not in said(page(tiny_store, monkeypatch, "feature", f="left:1"))
    folder = shutil.copytree(tiny_store, tmp_path / "known")
    with duckdb.connect(folder / "homolog.duckdb") as database:
        database.execute("UPDATE spaces SET kind = 'sae', variance_explained = -3.2 WHERE space = 'left'")
        database.execute("UPDATE spaces SET neuronpedia_id = 'pythia-70m-deduped/2-res-sm' WHERE space = 'left'")
    assert f'href="{outside}"' in said(page(folder, monkeypatch, "feature", f="left:1"))
    assert "neuronpedia" not in said(page(folder, monkeypatch, "feature", f="right:1"))
    overview = said(page(folder, monkeypatch, "overview"))
    assert "-320 % (low)" in overview
    assert "check hook, model, prepend_bos and normalisation" in overview


@pytest.mark.parametrize(("name", "boxes"), [("pair", 2), ("feature", 1)])
def test_a_page_without_identity_asks_for_one_and_goes_there(
    tiny_store: Path, names: Names, monkeypatch: pytest.MonkeyPatch, name: str, boxes: int
) -> None:
    app = page(tiny_store, monkeypatch, name)
    said(app)
    assert len(app.number_input) == boxes
    app.button[0].click().run()
    said(app)
    assert app.query_params["f" if boxes == 1 else "a"].endswith(":0")


def test_sql_runs_the_query_of_the_link(tiny_store: Path, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = "SELECT comparison, feature_a, feature_b FROM matches ORDER BY ALL LIMIT 1"
    app = page(tiny_store, monkeypatch, "sql", q=sql)
    assert "1 row · " in said(app)
    assert app.text_area[0].value == sql
    frame = app.dataframe[0].value
    assert frame["comparison"].tolist() == [names.comparison.comparison]
    assert frame.iloc[0, 0].startswith("pair?store=")


def test_sql_that_is_refused_is_said_in_a_line(tiny_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(tiny_store, monkeypatch, "sql", q="SELECT * FROM read_text('/etc/passwd')")
    assert 'role="alert"' in said(app)
    assert len(app.dataframe) == 0


def test_an_example_is_run_and_put_into_the_link(tiny_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(tiny_store, monkeypatch, "sql")
    box = app.selectbox(key="sql_example")
    box.set_value(box.options[0]).run()
    assert "rows · " in said(app)
    assert app.query_params["q"].startswith("SELECT table_name")
    assert app.text_area[0].value == app.query_params["q"]


def test_the_glossary_holds_every_reason_and_can_be_searched(tiny_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(tiny_store, monkeypatch, "glossary")
    text = said(app)
    assert all(meaning in text.replace("&#x27;", "'") for meaning in REASONS.values())
    app.text_input(key="glossary_search").set_value("pearson_token").run()
    found = said(app)
    assert "pearson_token" in found
    assert "tokenizer" not in found


def test_a_store_that_is_missing_or_damaged_is_said_and_recovers(
    tiny_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "store"
    app = page(folder, monkeypatch, "overview")
    assert "The store cannot be read" in said(app)
    folder.mkdir()
    (folder / "homolog.duckdb").write_bytes(b"not a database" * 1000)
    app.button(key="trouble_again").click().run()
    assert "The store cannot be read" in said(app)
    shutil.copy(tiny_store / "homolog.duckdb", folder / "new")
    (folder / "new").rename(folder / "homolog.duckdb")
    app.button(key="trouble_again").click().run()
    assert len(app.metric) == 5
