"""A visitor without a browser: asks a running dashboard for a page over its websocket, as Streamlit's own client does.

What it times is the server alone: from the request to the message that the script has ended, everything drawn sent.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

PATIENCE = 120
"""Seconds that a page may take."""


class Visitor:
    """One session of a dashboard."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    def ask(self, page: str, query: Mapping[str, str]) -> tuple[float, int]:
        """Milliseconds until a page's script has ended, and bytes that were sent; `page` is its path in the address.

        Raises `AssertionError` where the script failed.
        """
        request = BackMsg()
        request.rerun_script.query_string = urlencode(query)
        request.rerun_script.page_name = page
        began, size = time.perf_counter(), 0
        self._connection.send(request.SerializeToString())
        while True:
            content = self._connection.recv(PATIENCE)
            size += len(content)
            message = ForwardMsg()
            message.ParseFromString(content if isinstance(content, bytes) else content.encode())
            kind = message.WhichOneof("type")
            element = message.delta.new_element if kind == "delta" else None
            assert element is None or element.WhichOneof("type") != "exception", element.exception.message
            # Other endings belong to a run that this one has replaced.
            if kind == "script_finished" and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return 1000 * (time.perf_counter() - began), size


@contextmanager
def visiting(address: str) -> Iterator[Visitor]:
    """A new visitor of the dashboard at an `http` address."""
    socket = f"{address.replace('http', 'ws', 1)}/_stcore/stream"
    with connect(socket, subprotocols=["streamlit"], max_size=None) as connection:  # type: ignore[list-item]
        yield Visitor(connection)
