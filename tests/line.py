"""A browser's socket to the pages without a browser: what tests say on it is said exactly so."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import cast
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from tests.patient import PATIENCE_S
from tests.place import origin_of

CLOSES_WITHIN_S = 1.0
"""How long the connection below is waited for once both sides have said that they close: whoever said more than the
server read by then is not hung up on by itself."""


class Line:
    """One open socket. What the pages say is kept in `heard`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.heard: list[bytes] = []
        self.ran: set[str] = set()
        """The parts of pages that were run alone, of which the server says so."""

    def say(self, message: BackMsg | bytes | str) -> None:
        """Send a message as it is, or text."""
        self._connection.send(message.SerializeToString() if isinstance(message, BackMsg) else message)

    def draw(self, page: str = "") -> list[ForwardMsg]:
        """Ask for a page, as on a visit; returns what is said until it is drawn."""
        self.say(asked(page))
        return self.until_drawn()

    def until_drawn(self) -> list[ForwardMsg]:
        """What is said until the run has ended by itself."""
        told = []
        while True:
            told.append(self.next())
            if (
                told[-1].WhichOneof("type") == "script_finished"
                and told[-1].script_finished != told[-1].FINISHED_EARLY_FOR_RERUN
            ):
                return told

    def until_taken_in(self) -> list[ForwardMsg]:
        """What is said until the server has taken in all that was said here: it has answered a question after that.

        A question that names no page of this socket is answered, and asks for nothing.
        """
        question = BackMsg()
        question.backend_operation_request.request_id = secrets.token_hex(8)
        question.backend_operation_request.deferred_file.SetInParent()
        self.say(question)
        told = []
        while True:
            told.append(self.next())
            if told[-1].backend_operation_response.request_id == question.backend_operation_request.request_id:
                return told[:-1]

    def next(self, timeout: float | None = PATIENCE_S) -> ForwardMsg:
        """The next message. Raises `TimeoutError` where none comes."""
        frame = self._connection.recv(timeout=timeout, decode=False)
        self.heard.append(bytes(frame))
        told = ForwardMsg()
        told.ParseFromString(self.heard[-1])
        self.ran.update(told.metadata.run.fragment_ids)
        return told

    def end(self) -> int | None:
        """Hear all until the server closes; returns the code that it closes with."""
        try:
            while True:
                self.next()
        except ConnectionClosed:
            return self._connection.close_code

    def holds(self, text: str) -> bool:
        """Whether a text came up in anything that was said."""
        return any(text.encode() in frame for frame in self.heard)


def asked(page: str = "") -> BackMsg:
    """What a browser says to have a page drawn."""
    message = BackMsg()
    message.rerun_script.page_name = page
    message.rerun_script.context_info.timezone = "Europe/Madrid"
    message.rerun_script.context_info.locale = "en-GB"
    return message


@contextmanager
def opened(
    url: str,
    *,
    path: str = "/_stcore/stream",
    origin: str | None = "",
    host: str | None = None,
    cookies: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] = {},
    session: str = "",
) -> Iterator[Line]:
    """A socket to the server at ``url``, as from its own page, or from ``origin`` (None for none) and for ``host``.

    ``session`` is one that was left and is to be taken up again.

    Raises `websockets.exceptions.InvalidStatus` where it is refused.
    """
    at = urlsplit(url)
    token = generate_xsrf_token_string()
    jar = {"_streamlit_xsrf": token} | {cookie["name"]: cookie["value"] for cookie in cookies}
    with (
        socket.create_connection((at.hostname, at.port)) as plain,
        connect(
            f"ws://{host or at.netloc}{at.path}{path}",
            sock=plain,
            origin=cast(Origin | None, origin_of(url) if origin == "" else origin),
            subprotocols=[cast(Subprotocol, one) for one in ("streamlit", token, session) if one],
            additional_headers={"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items()), **headers},
            max_size=None,
            compression=None,
            open_timeout=PATIENCE_S,
            close_timeout=CLOSES_WITHIN_S,
        ) as connection,
    ):
        yield Line(connection)
