"""A browser that sends what it wants: the page's WebSocket spoken by hand, for tests of what a server carries out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string
from streamlit.web.server.starlette.starlette_server_config import XSRF_COOKIE_NAME
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from tests.line import CLOSES_WITHIN_S
from tests.patient import PATIENCE_S
from tests.place import origin_of


class Tampered:
    """One tab's connection, signed in by ``cookie`` as `tests.oidc.signed_cookie` makes one. Use it as a context."""

    def __init__(self, url: str, cookie: Mapping[str, str], page: str = "") -> None:
        self._url = url
        self._page = page
        self._script = ""
        self._session = ""
        self.widgets: dict[str, str] = {}
        """The ids of what was drawn, by label."""
        self.fragments: list[str] = []
        """The fragments that tick."""
        self.texts: list[str] = []
        """What the last page said: headings and plain texts."""
        self.deferred: dict[str, str] = {}
        """The files that are made when they are saved, by label."""
        self._answers: dict[str, ForwardMsg] = {}
        self.finished = 0
        """How many runs of the whole page have ended."""
        self._stack = ExitStack()
        self._socket: ClientConnection
        token = generate_xsrf_token_string()  # double submit: whatever it is, it has to be the same twice
        self._opens = connect(
            f"{url.replace('http', 'ws', 1)}/_stcore/stream",
            subprotocols=[Subprotocol("streamlit"), Subprotocol(token)],
            origin=Origin(origin_of(url)),
            additional_headers={"Cookie": f"{cookie['name']}={cookie['value']}; {XSRF_COOKIE_NAME}={token}"},
            max_size=None,
            proxy=None,
            open_timeout=PATIENCE_S,
            close_timeout=CLOSES_WITHIN_S,
        )

    def __enter__(self) -> Tampered:
        self._socket = self._stack.enter_context(self._opens)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def ask(self, values: Mapping[str, Any] | None = None, *, press: str = "", fragment: str = "") -> None:
        """Ask for a run, with what stands in fields (by the id of each) and perhaps a button's id that is pressed."""
        asked = BackMsg()
        state = asked.rerun_script
        state.page_script_hash = self._script
        state.page_name = "" if self._script else self._page
        state.fragment_id = fragment
        state.context_info.timezone = "Europe/Madrid"
        state.context_info.locale = "en-GB"
        state.context_info.url = f"{self._url}/{self._page}"
        for widget, value in (values or {}).items():
            state.widget_states.widgets.add(id=widget, **{_field(value): value})
        if press:
            state.widget_states.widgets.add(id=press, trigger_value=True)
        self._socket.send(asked.SerializeToString())

    def run(self, values: Mapping[str, Any] | None = None, *, press: str = "") -> None:
        """The same, and read until the page is drawn."""
        self.widgets, self.texts = {}, []
        was = self.finished
        self.ask(values, press=press)
        deadline = time.monotonic() + PATIENCE_S
        while self.finished == was:
            assert time.monotonic() < deadline, "the page was not drawn"
            self.read(deadline - time.monotonic())

    def read(self, seconds: float) -> bool:
        """Read one message, for which that long is waited; False where none came."""
        try:
            data = self._socket.recv(max(0.0, seconds))
        except TimeoutError:
            return False
        told = ForwardMsg()
        told.ParseFromString(data if isinstance(data, bytes) else data.encode())
        kind = told.WhichOneof("type")
        if kind == "new_session":
            self._session = told.new_session.initialize.session_id
        elif kind == "navigation":
            self._script = told.navigation.page_script_hash
        elif kind == "auto_rerun":
            self.fragments.append(told.auto_rerun.fragment_id)
        elif kind == "script_finished" and told.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
            self.finished += 1
        elif kind == "backend_operation_response":
            self._answers[told.backend_operation_response.request_id] = told
        elif kind == "delta":
            self._note(told.delta.new_element)
        return True

    def until(self, true: Callable[[], bool]) -> None:
        """Read until something has come of it."""
        deadline = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < deadline, "it never came true"
            self.read(0.05)

    def drain(self) -> None:
        """Read what has come already."""
        while self.read(0):
            pass

    def rest(self) -> None:
        """Read what came before the server closed this connection."""
        with suppress(ConnectionClosed):
            while self.read(PATIENCE_S):
                pass

    def saved(self, file: str) -> str:
        """Ask for a file that is made when it is saved; returns its address. Fails where it is not made."""
        asked = BackMsg()
        asked.backend_operation_request.request_id = file
        asked.backend_operation_request.session_id = self._session
        asked.backend_operation_request.deferred_file.file_id = file
        self._answers.pop(file, None)
        self._socket.send(asked.SerializeToString())
        deadline = time.monotonic() + PATIENCE_S
        while file not in self._answers:
            assert time.monotonic() < deadline, "no answer came"
            self.read(deadline - time.monotonic())
        answer = self._answers[file].backend_operation_response
        assert not answer.error_msg, answer.error_msg
        return answer.deferred_file.url

    def closed(self, seconds: float = PATIENCE_S) -> bool:
        """Whether the server closes this connection within that long."""
        deadline = time.monotonic() + seconds
        try:
            while time.monotonic() < deadline:
                self.read(deadline - time.monotonic())
        except ConnectionClosed:
            return True
        return False

    def _note(self, element: Element) -> None:
        kind = element.WhichOneof("type")
        if kind is None:
            return
        what = getattr(element, kind)
        if kind in ("heading", "text"):
            self.texts.append(what.body)
        if getattr(what, "id", "") and getattr(what, "label", ""):
            self.widgets[what.label] = what.id
        if kind == "download_button" and what.deferred_file_id:
            self.deferred[what.label] = what.deferred_file_id


def _field(value: object) -> str:
    return {bool: "bool_value", int: "int_value", float: "double_value", str: "string_value"}[type(value)]
