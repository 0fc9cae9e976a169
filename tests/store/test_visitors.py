"""Visitors' SQL in processes of its own: what does not listen is ended, and nothing of it stays."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from store.errors import NotAStore, QueryRefused, QueryStopped, StoreReplaced
from store.read import Store
from store.visitors import Visitors
from tests.store import build
from tests.store.test_replace import published

DEAF = "select levenshtein(repeat('a', 100000), repeat('b', 100000))"
"""It does not hear an interrupt for minutes."""
ENDLESS = {
    "cross join": "select count(*) from range(10000000) a, range(10000000) b",
    "recursion": "with recursive r as (select 1 x union all select x + 1 from r) select max(x) from r",
    "deaf": DEAF,
    "a long text": "select length(repeat('x', 1500000000))",
    "texts": "select repeat('x', 20000000) from range(64)",
    "a lambda": "select list_sum(list_transform(range(20000000), lambda x: sin(x) + cos(x)))",
    "a regular expression": "select regexp_replace(repeat('ab', 20000000), '(a*)*b', '\\1\\1', 'g')",
    "a deep aggregate": "select list_aggregate(list_transform(range(20000000), lambda x: x::varchar), 'string_agg', ',')",
}


OTHERS: set[int] = set()
"""Process ids of workers that pages of tests before left open in this process."""


@pytest.fixture(autouse=True)
def _others() -> None:
    OTHERS.clear()
    OTHERS.update(one.pid for one in workers())


@pytest.fixture
def visitors() -> Iterator[Visitors]:
    found = Visitors()
    yield found
    found.close()


def ask(
    visitors: Visitors, folder: Path, sql: str, seconds: float = 5.0, **more: object
) -> tuple[tuple[object, ...], ...]:
    return visitors.run(folder, "f" * 64, sql, max_rows=10, seconds=seconds, **more).rows  # type: ignore[arg-type]


def workers() -> list[psutil.Process]:
    children = psutil.Process().children()
    return [one for one in children if one.pid not in OTHERS and "store.worker" in one.cmdline()]


@pytest.mark.parametrize("name", ENDLESS)
def test_whatever_does_not_end_is_stopped_and_leaves_nothing(healthy: Path, visitors: Visitors, name: str) -> None:
    with pytest.raises(QueryStopped, match=r"^stopped"):
        ask(visitors, healthy, ENDLESS[name], seconds=0.5)
    assert workers() == []
    assert ask(visitors, healthy, "select 1") == ((1,),)


def test_a_process_answers_many_questions_and_refusals(healthy: Path, visitors: Visitors) -> None:
    assert ask(visitors, healthy, "select 'é' || chr(128512)") == (("é😀",),)
    (first,) = workers()
    with pytest.raises(QueryRefused, match=r"^`read_csv` is not allowed: it reads or writes files$"):
        ask(visitors, healthy, "from read_csv('/etc/passwd')")
    with pytest.raises(QueryRefused, match=r"^Conversion Error"):
        ask(visitors, healthy, "select 1 / 'a'")
    table = visitors.run(healthy, "f" * 64, "from range(99) t(x)", max_rows=2, seconds=5.0)
    assert (table.columns, table.types, table.rows, table.truncated) == (("x",), ("BIGINT",), ((0,), (1,)), True)
    assert workers() == [first]


class Gone(Exception):
    """What a page's own run raises when its visitor went elsewhere."""


def test_pages_answer_while_every_place_is_taken(healthy: Path, store: Store) -> None:
    """Deaf questions hold every place until the page has its answer; without a process of its own none would end."""
    visitors = Visitors(at_once=2, patience=0.3)
    said: list[str] = []
    is_done = threading.Event()

    def waiting() -> None:
        if is_done.is_set():
            raise Gone

    def endless() -> None:
        try:
            ask(visitors, healthy, DEAF, seconds=300.0, waiting=waiting)
        except QueryRefused as error:
            said.append(str(error))
        except Gone:
            said.append("gone")

    threads = [threading.Thread(target=endless) for _ in range(12)]
    for thread in threads:
        thread.start()
    while len(said) < 10:
        time.sleep(0.05)
    assert said == ["the console is busy: 2 questions of other visitors are running; try again in a few seconds"] * 10
    running = workers()
    for _ in range(20):
        assert store.match("a~b", 0, 0) is not None
    assert [one.is_running() for one in running] == [True, True]
    is_done.set()
    for thread in threads:
        thread.join()
    assert said[10:] == ["gone", "gone"]
    assert workers() == []


def test_a_question_whose_visitor_is_gone_is_dropped(healthy: Path, visitors: Visitors) -> None:
    def waiting() -> None:
        if workers():
            raise Gone

    with pytest.raises(Gone):
        ask(visitors, healthy, DEAF, seconds=300.0, waiting=waiting)
    assert workers() == []
    assert ask(visitors, healthy, "select 1") == ((1,),)


def test_a_process_gives_way_cannot_write_and_sees_no_environment(
    healthy: Path, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "hidden")
    ask(visitors, healthy, "select 1")
    (worker,) = workers()
    assert "SECRET_OF_THE_SERVER" not in worker.environ()
    assert worker.nice() == min(19, psutil.Process().nice() + 10)
    assert worker.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
    assert worker.rlimit(psutil.RLIMIT_DATA) == (2**30, 2**30)


def test_the_new_store_is_asked_after_it_was_published(tmp_path: Path, visitors: Visitors) -> None:
    folder = build.write(tmp_path, published("1" * 64, 100))
    asked = "select fingerprint[:1] from build"
    assert visitors.run(folder, "1" * 64, asked, max_rows=1, seconds=5.0).rows == (("1",),)
    build.write(folder, published("2" * 64, 200))
    # A page that began before still has the old store, and the process that has it open.
    assert visitors.run(folder, "1" * 64, asked, max_rows=1, seconds=5.0).rows == (("1",),)
    assert visitors.run(folder, "2" * 64, asked, max_rows=1, seconds=5.0).rows == (("2",),)
    assert len(workers()) == 1
    with pytest.raises(StoreReplaced, match=r"^another store was published in .*; ask again$"):
        visitors.run(folder, "1" * 64, asked, max_rows=1, seconds=5.0)


def test_a_store_that_is_gone_is_said(tmp_path: Path, visitors: Visitors) -> None:
    with pytest.raises(NotAStore, match=r"is no folder; give the folder that"):
        ask(visitors, tmp_path / "nowhere", "select 1")
