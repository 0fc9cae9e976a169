"""A few visitors at once on a real server: `make bench` sends fifty, and for longer."""

import asyncio
import shutil
from pathlib import Path

from store.schema import DATABASE
from tests import crowd, loops, serving
from tests.bench.visitors import renewed


def test_visitors_break_no_page_while_one_asks_without_end_and_a_store_is_published(
    tiny_store: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    shutil.copy(tiny_store / DATABASE, folder / DATABASE)
    files = renewed(folder, tmp_path)

    async def publish(seen: crowd.Crowd) -> None:
        for at, file in zip((8, 20), files, strict=True):
            while len(seen.seen) < at:
                await asyncio.sleep(0.05)
            file.replace(folder / DATABASE)

    with serving.serving(folder, tmp_path / "log") as address:
        seen = loops.run(crowd.gather(address, visitors=6, seconds=20.0, think=0.3, beside=publish))
    assert seen.faults() == []
    assert [file.exists() for file in files] == [False, False], "no store was published under them"
    assert len(seen.by_page()) > 8
    assert {line.split(";")[0].split(" it needed")[0] for line in seen.stopped} <= {"stopped after 10 s", "stopped:"}
    assert "Traceback" not in (tmp_path / "log").read_text()
