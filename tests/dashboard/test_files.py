"""What leaves the dashboard as a file, a query or a table of links."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from dashboard import examples, export, tables
from dashboard.__main__ import command, main
from dashboard.links import PairsView, UnmatchedView
from store import console
from store import records as r
from store.read import Store
from tests.dashboard.test_words import MATCH

LEFT_RIGHT = r.Comparison("left~right", "left", "right", "identical", 100, 10)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@x", "'@x"), (" =1", "' =1"),
        ("\t=1", "'\t=1"), ("\r1", "'\r1"),
        ("a=b", "a=b"), ("", ""), (" ", " "), (None, ""), (-0.5, -0.5), (3, 3),
    ],
)  # fmt: skip
def test_a_cell_that_a_spreadsheet_would_run_is_quoted(cell: object, written: object) -> None:
    assert export.safe(cell) == written


def test_pairs_as_csv() -> None:
    rows = [r.PairRow(replace(MATCH, reasons=("token", "hub")), ("=cmd()", "a"), ("\ud83d", '"'))]
    read = list(csv.DictReader(io.StringIO(export.pairs_csv(rows).decode())))
    assert len(read) == 1
    assert (read[0]["feature_a"], read[0]["pearson"], read[0]["z_context"]) == ("1", "0.782", "40.0")
    assert (read[0]["top_tokens_a"], read[0]["top_tokens_b"]) == ("'=cmd() | a", '? | "')
    assert read[0]["reasons"] == "token hub"


def test_unmatched_features_as_csv() -> None:
    row = r.Unmatched("left", 3, 40, 0.01, 2.5, 60.0, None, "-name", None, None, 0.25, ("rare",), ("=cmd()", "a"))
    read = list(csv.DictReader(io.StringIO(export.unmatched_csv([row]).decode())))
    assert read == [
        {
            "space": "left", "feature": "3", "n_active": "40", "firing_rate": "0.01", "max_activation": "2.5",
            "mass": "60.0", "token_entropy_bits": "", "partner": "", "pearson": "", "chance_q95": "0.25",
            "label": "'-name", "top_tokens": "'=cmd() | a", "reasons": "rare",
        }
    ]  # fmt: skip


def test_results_link_to_pairs_features_and_comparisons() -> None:
    pairs = r.Table(
        ("comparison", "feature_a", "feature_b"),
        ("VARCHAR", "INTEGER", "INTEGER"),
        (("left~right", 1, 2), ("gone", 1, 2)),
        False,
        0.1,
    )
    assert tables.targets(pairs, "abcdef0123", [LEFT_RIGHT]) == {
        "pair": ["pair?store=abcdef01&a=left:1&b=right:2", None]
    }
    features = r.Table(("space", "feature"), ("VARCHAR", "INTEGER"), (("left", 5), (None, 5), ("<b>", 1)), False, 0.1)
    assert tables.targets(features, "abcdef0123", [LEFT_RIGHT]) == {
        "open": ["feature?store=abcdef01&f=left:5", None, None]
    }
    alone = r.Table(("comparison",), ("VARCHAR",), (("left~right",),), False, 0.1)
    assert tables.targets(alone, "abcdef0123", [LEFT_RIGHT]) == {
        "pairs": ["pairs?store=abcdef01&comparison=left~right"]
    }


def test_a_result_keeps_its_integers_and_tells_equal_names_apart() -> None:
    table = r.Table(
        ("n", "n", "l"), ("BIGINT", "DOUBLE", "VARCHAR[]"), ((1, 0.5, ["a", "b"]), (None, None, None)), False, 0.1
    )
    frame, _ = tables.frame(table, "abcdef0123", [])
    assert list(frame.columns) == ["n", "n (2)", "l"]
    assert str(frame["n"].dtype) == "Int64"
    assert frame["l"].tolist()[0] == "a, b"


def test_every_offered_query_runs(tiny_store: Path) -> None:
    with Store(tiny_store) as store:
        comparison = store.comparisons()[0]
        space = store.spaces()[0]
        queries = {
            **examples.general(store.comparisons(), store.spaces()),
            "pairs": examples.pairs(comparison.comparison, PairsView()),
            "match": examples.match(comparison, 0, 0, r.Thresholds(rare=5, token=0.125)),
            "feature": examples.feature_activations(space.space, space.model, 0),
        }
        for title, sql in queries.items():
            assert console.run(store, sql).columns, title


@pytest.mark.parametrize(
    "chosen",
    [
        r.PairFilter(),
        r.PairFilter(hide=()),
        r.PairFilter(min_pearson=0.2, min_context=-0.5, min_active=2, hide=("token", "thin")),
        r.PairFilter(only="not_mutual", hide=("rare",)),
        r.PairFilter(only="min_pearson", min_pearson=1.0),
        r.PairFilter(only="position"),
        r.PairFilter(hide=(), thresholds=r.Thresholds(rare=1, token=0.1)),
    ],
)
def test_the_query_behind_pairs_gives_the_pairs_of_the_page(tiny_store: Path, chosen: r.PairFilter) -> None:
    with Store(tiny_store) as store:
        name = store.comparisons()[0].comparison
        shown = [(p.match.feature_a, p.match.feature_b) for p in store.pairs(name, chosen, "pearson", 1000)]
        sql = examples.pairs(name, PairsView(name, chosen, "pearson"))
        table = console.run(store, sql)
        assert [(row[1], row[2]) for row in table.rows] == shown
        if chosen.only is not None:
            assert shown != []


@pytest.mark.parametrize("side", ["a", "b"])
@pytest.mark.parametrize("sort", r.UNMATCHED_SORTS)
@pytest.mark.parametrize(
    "chosen",
    [
        r.UnmatchedFilter(),
        r.UnmatchedFilter(below=1.0, hide=()),
        r.UnmatchedFilter(below=1.0, min_active=1, thresholds=r.Thresholds(rare=1, dense=0.5, token=0.5)),
    ],
)
def test_the_query_behind_unmatched_gives_the_features_of_the_page(
    tiny_store: Path, chosen: r.UnmatchedFilter, side: str, sort: str
) -> None:
    with Store(tiny_store) as store:
        comparison = store.comparisons()[0]
        shown = store.unmatched(comparison.comparison, side, chosen, sort)
        table = console.run(store, examples.unmatched(comparison, UnmatchedView(None, side, chosen, sort)))
    place = [table.columns.index(name) for name in ("space", "feature", "reasons", "best_match", "pearson")]
    assert [tuple(row[at] for at in place) for row in table.rows] == [
        (one.space, one.feature, list(one.reasons), one.partner, one.pearson) for one in shown
    ]
    if chosen.below == 1.0:
        assert shown != []


def test_the_row_behind_a_pair_carries_the_thresholds_of_its_link(tiny_store: Path) -> None:
    with Store(tiny_store) as store:
        comparison = store.comparisons()[0]
        for thresholds in (r.Thresholds(), r.Thresholds(rare=1000, token=0.125, thin=500)):
            match = store.match(comparison.comparison, 1, 0, thresholds)
            table = console.run(store, examples.match(comparison, 1, 0, thresholds))
            assert match is not None
            assert table.rows[0][table.columns.index("reasons")] == list(match.reasons)


def test_a_folder_without_a_store_is_refused_before_a_server_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert str(tmp_path) in said
    assert main([str(tmp_path), "--port", "99999"]) == 2


def test_the_server_listens_on_this_machine_only_unless_told(tmp_path: Path) -> None:
    from dashboard.__main__ import arguments

    started = command(arguments([str(tmp_path), "--port", "8777"]))
    assert "--server.address=127.0.0.1" in started
    assert "--server.port=8777" in started
    assert "--browser.gatherUsageStats=false" in started
    assert started[-2:] == ["--", str(tmp_path.resolve())]
    assert "--server.address=0.0.0.0" in command(arguments([str(tmp_path), "--host", "0.0.0.0"]))
