"""What leaves the dashboard as a file, a query or a table of links."""

from pathlib import Path

import pytest

from dashboard import tables, take_away
from dashboard.__main__ import command, main
from store import records as r

LEFT_RIGHT = r.Comparison("left~right", "left", "right", "identical", 100, 10)


def answer(*rows: dict[str, object]) -> r.Table:
    """A table of these rows, whose types do not matter."""
    return r.Table(tuple(rows[0]), ("VARCHAR",) * len(rows[0]), tuple(tuple(row.values()) for row in rows), False, 0.1)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            [{"comparison": "left~right", "feature_a": 1, "feature_b": 2}, {"comparison": "gone", "feature_a": 1, "feature_b": 2}],
            {"pair": ["pair?store=abcdef01&a=left:1&b=right:2", None]},
        ),
        ([{"comparison": "left~right"}], {"pairs": ["pairs?store=abcdef01&comparison=left~right"]}),
        (
            [{"space": "left", "feature": 5}, {"space": None, "feature": 5}, {"space": "<b>", "feature": 1}],
            {"feature": ["feature?store=abcdef01&f=left:5", None, None]},
        ),
        ([{"space": "left", "feature": True}, {"space": "left", "feature": -1}], {"feature": [None, None]}),
        ([{"space": "left", "neighbour": 6}], {"neighbour": ["feature?store=abcdef01&f=left:6"]}),
        (
            [{"space_a": "left", "feature_a": 1, "space_b": "right", "feature_b": 2}],
            {
                "pair": ["pair?store=abcdef01&a=left:1&b=right:2"],
                "A": ["feature?store=abcdef01&f=left:1"],
                "B": ["feature?store=abcdef01&f=right:2"],
            },
        ),
        (
            [{"family": "left:1"}, {"family": "left"}, {"family": None}],
            {"family": ["families?store=abcdef01&family=left:1", None, None]},
        ),
        ([{"concept": "a b"}, {"concept": None}], {"concept": ["concepts?store=abcdef01&concept=a+b", None]}),
        (
            [{"passage_id": 3}, {"passage_id": "x"}],
            {"passage": ["sql?store=abcdef01&q=SELECT+passage_id,+source,+text%0AFROM+passages%0A"
                         "WHERE+passage_id+%3D+3", None]},
        ),
        (
            [{"comparison": "left~right", "metric": "rsa", "parameters": "", "subset": "all", "level": "decoder"}],
            {"score": ["scores?store=abcdef01&metric=rsa&level=decoder&subset=all&comparison=left~right"]},
        ),
    ],
)  # fmt: skip
def test_rows_link_to_what_their_ids_name(rows: list[dict[str, object]], expected: dict[str, list[str | None]]) -> None:
    assert tables.targets(answer(*rows), "abcdef0123", [LEFT_RIGHT]) == expected


def test_a_file_is_named_by_what_it_holds_and_where_it_comes_from() -> None:
    assert take_away.file_name("abcdef0123", "left~right-pairs") == "left~right-pairs-abcdef01"
    assert take_away.file_name("abcdef0123", "word-../../\u202e<b>", 7) == "word-..-..-b-7-abcdef01"
    assert take_away.file_name("abcdef0123", "x" * 500) == f"{'x' * 120}-abcdef01"


def test_a_result_keeps_its_integers_and_tells_equal_names_apart() -> None:
    table = r.Table(
        ("n", "n", "l"), ("BIGINT", "DOUBLE", "VARCHAR[]"), ((1, 0.5, ["a", "b"]), (None, None, None)), False, 0.1
    )
    frame, _ = tables.frame(table, "abcdef0123", [])
    assert list(frame.columns) == ["n", "n (2)", "l"]
    assert str(frame["n"].dtype) == "Int64"
    assert frame["l"].tolist()[0] == "a, b"


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
