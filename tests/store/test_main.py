import io
import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from store.__main__ import main


def test_info(healthy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(healthy)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "store ffffffff, published 2026-01-02 03:04 UTC by Homolog 0.1.0"
    assert "  m1: demo:m1, float32 on cpu" in lines
    assert "  a: sae of m1 at hook.a, 2 of 3 features alive, 1 active a token" in lines
    assert "  a~b: 3 candidates, 1 mutual best, 0 contextual homologues" in lines
    assert "  activations: 14" in lines


def test_dictionary(healthy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(healthy), "--dictionary"]) == 0
    lines = capsys.readouterr().out.splitlines()
    found = [" ".join(line.split()) for line in lines if "firing_rate" in line]
    assert found == ["features firing_rate DOUBLE fraction Share of tokens it fires on"]


def test_check(healthy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(healthy)]) == 0
    assert capsys.readouterr().out == f"{healthy}: healthy\n"
    assert main(["check", str(tmp_path)]) == 1
    assert capsys.readouterr().out == "SHA256SUMS is missing; copy the store again, with it\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["info", "nowhere"], "nowhere is no folder; give the folder that `python -m ingest run` published (--out)"),
        (["check", "nowhere"], "nowhere is no folder; give the folder that a store was published to"),
        (["sql", "HERE", "selec 1"], 'Parser Error: syntax error at or near "selec"'),
    ],
)
def test_wrong_input(healthy: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    assert main([str(healthy) if word == "HERE" else word for word in arguments]) == 2
    assert capsys.readouterr().err == f"store: {said}\n"


@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_wrong_limit(healthy: Path, capsys: pytest.CaptureFixture[str], limit: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["sql", str(healthy), "select 1", f"--limit={limit}"])
    assert f"wants a number of rows from 1; got {limit}" in capsys.readouterr().err


def test_sql_formats(healthy: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    def answer(form: str) -> bytes:
        assert main(["sql", str(healthy), "select space, n_alive from spaces order by 1", "--format", form]) == 0
        return capsysbinary.readouterr().out

    rows = [["a", 2], ["b", 2], ["c", 2]]
    assert answer("table") == b"space  n_alive\n-----  -------\na      2\nb      2\nc      2\n"
    assert answer("csv").splitlines() == [b"space,n_alive", b"a,2", b"b,2", b"c,2"]
    assert json.loads(answer("json"))["rows"] == rows
    assert pq.read_table(io.BytesIO(answer("parquet"))).to_pydict() == {"space": ["a", "b", "c"], "n_alive": [2, 2, 2]}


def test_sql_from_standard_input_and_its_limit(
    healthy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("from range(5)"))
    assert main(["sql", str(healthy), "-", "--format", "csv", "--limit", "2"]) == 0
    said = capsys.readouterr()
    assert said.out.split() == ["range", "0", "1"]
    assert said.err == "store: cut after 2 rows; --limit allows more\n"


def test_a_reader_that_leaves_is_no_error(healthy: Path) -> None:
    sql = "select repeat('x', 1000) from range(10000)"
    command = [sys.executable, "-m", "store", "sql", str(healthy), sql]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0
