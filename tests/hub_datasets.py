"""A hub of datasets on this machine: the few answers of huggingface.co that streaming a dataset asks for.

A dataset is a folder of files at one commit. What the names ask for is refused as the hub refuses it: an unknown
dataset, a gated one, an unknown revision. Point HF_ENDPOINT at `serve(...)` before `huggingface_hub` is imported.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class _Hub(BaseHTTPRequestHandler):
    datasets: dict[str, Path]
    asked: list[str]
    gated = "lab/gated"

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, with_body: bool) -> None:
        self.asked.append(f"{self.command} {self.path}")
        path = self.path.partition("?")[0]
        name = re.match(r"/(?:api/)?datasets/([^/]+/[^/]+)", path)
        if name is None or (name[1] not in self.datasets and name[1] != self.gated):
            return self._send(404, b"", {"X-Error-Code": "RepoNotFound"}, with_body)
        if name[1] == self.gated:
            return self._send(403, b"", {"X-Error-Code": "GatedRepo"}, with_body)
        rest, folder = path[name.end() :], self.datasets[name[1]]
        revision = re.match(r"/(?:revision|tree|resolve)/([^/]+)", rest)
        if revision and revision[1] not in ("main", COMMIT):
            return self._send(404, b"", {"X-Error-Code": "RevisionNotFound"}, with_body)
        files = sorted(p for p in folder.rglob("*") if p.is_file())
        if path.startswith("/api/") and rest.startswith("/tree/"):
            under = rest.split("/", 3)[3] if rest.count("/") > 2 else ""
            rows = [self._row(folder, p) for p in files if p.relative_to(folder).as_posix().startswith(under)]
            return self._json(rows, with_body)
        if path.startswith("/api/"):
            found = {"id": name[1], "sha": COMMIT, "siblings": [{"rfilename": p.name} for p in files], "tags": []}
            return self._json(found, with_body)
        file = folder / rest.split("/", 3)[3]
        if not file.is_file():
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound"}, with_body)
        self._file(file.read_bytes(), with_body)

    def _row(self, folder: Path, path: Path) -> dict[str, object]:
        return {
            "type": "file",
            "path": path.relative_to(folder).as_posix(),
            "size": path.stat().st_size,
            "oid": "0" * 40,
        }

    def _json(self, value: object, with_body: bool) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"}, with_body)

    def _file(self, content: bytes, with_body: bool) -> None:
        headers, status = {"ETag": '"etag"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}, 200
        if asked := re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            begin, end = int(asked[1]), int(asked[2] or len(content) - 1)
            headers["Content-Range"] = f"bytes {begin}-{min(end, len(content) - 1)}/{len(content)}"
            content, status = content[begin : end + 1], 206
        self._send(status, content, headers, with_body)

    def _send(self, status: int, body: bytes, headers: dict[str, str], with_body: bool) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)


@contextmanager
def serve(datasets: dict[str, Path]) -> Iterator[tuple[str, list[str]]]:
    """The address of a hub that holds these datasets, and the list of what it is asked while it runs."""
    asked: list[str] = []
    handler = type("Hub", (_Hub,), {"datasets": datasets, "asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
