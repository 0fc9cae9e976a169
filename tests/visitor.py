"""A visitor without a browser: a websocket session that speaks Streamlit's own protocol, and reads what a page says."""

import html
import re
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from dashboard.links import PAGES

LINK = re.compile(r'href="([^"#]+)"')
ALERT = re.compile(r'<div role="alert"[^>]*>(.*?)</div></div>', re.DOTALL)


@dataclass
class Seen:
    """What a page run sent."""

    target: str
    """Path and query that were asked for, such as `pairs?comparison=a~b`."""
    seconds: float = 0.0
    """From asking to the end of the run."""
    n_bytes: int = 0
    titles: list[str] = field(default_factory=list)
    """Headings of the first rank, as HTML or markdown."""
    texts: list[str] = field(default_factory=list)
    """Bodies of markdown and HTML."""
    alerts: list[str] = field(default_factory=list)
    """Lines of `components.problems`."""
    exceptions: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    """Targets of links to the dashboard's own pages."""
    is_whole: bool = False
    """Whether the run ended by itself."""

    @property
    def page(self) -> str:
        return urlsplit(self.target).path or "overview"


class Visitor:
    """One session; `async with Visitor(address) as visitor: seen = await visitor.visit("pairs")`."""

    def __init__(self, address: str) -> None:
        self.url = address.replace("http://", "ws://") + "/_stcore/stream"

    async def __aenter__(self) -> Self:
        # A large page is one message; Streamlit's own limit is 200 MB.
        self.socket: ClientConnection = await connect(
            self.url, subprotocols=["streamlit"], max_size=None, open_timeout=60  # type: ignore[list-item]
        )  # fmt: skip
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.socket.close()

    async def visit(self, target: str) -> Seen:
        """Opens a page as a click on its link does, and waits for the end of its run."""
        seen = Seen(target)
        begun = time.perf_counter()
        await self.ask(target)
        while not await self._read(seen):
            pass
        seen.seconds = time.perf_counter() - begun
        return seen

    async def ask(self, target: str) -> None:
        """Asks for a page without waiting for it."""
        parts = urlsplit(target)
        message = BackMsg()
        message.rerun_script.query_string = parts.query
        message.rerun_script.page_name = parts.path.strip("./")
        await self.socket.send(message.SerializeToString())

    async def _read(self, seen: Seen) -> bool:
        """Takes one message in; whether it was the run's last."""
        data = await self.socket.recv()
        assert isinstance(data, bytes)
        seen.n_bytes += len(data)
        message = ForwardMsg.FromString(data)
        kind = message.WhichOneof("type")
        if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            _element(message.delta.new_element, seen)
        elif kind == "session_event" and message.session_event.WhichOneof("type") == "script_compilation_exception":
            seen.exceptions.append(message.session_event.script_compilation_exception.message)
        elif kind == "page_not_found":
            seen.exceptions.append(f"no page {message.page_not_found.page_name}")
        elif kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            seen.is_whole = message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
            return True
        return False


def _element(element: object, seen: Seen) -> None:
    kind = element.WhichOneof("type")  # type: ignore[attr-defined]
    part = getattr(element, kind) if kind else None
    if kind == "exception":
        seen.exceptions.append(f"{part.type}: {part.message}")
    elif kind == "heading" and part.tag == "h1":
        seen.titles.append(part.body)
    elif kind == "page_link" and not part.external:
        seen.links.append(f"{part.page}?{part.query_string}" if part.query_string else part.page)
    elif kind in ("html", "markdown"):
        seen.texts.append(part.body)
        seen.alerts += [html.unescape(re.sub("<[^>]*>", " ", one)).strip() for one in ALERT.findall(part.body)]
        for found in LINK.findall(part.body):
            target = html.unescape(found)
            if "://" not in target and urlsplit(target).path.strip("./") in PAGES:
                seen.links.append(target)
