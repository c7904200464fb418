"""A tab whose messages to the server can be held back, merged and put into another order.

A browser says what was entered in a field when the field is left. On a busy machine that message may come just before
the click that followed it, in one message with it, or after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, WebSocketRoute
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState


class Commits:
    """The messages of one tab; to be made before the tab opens a page. They pass until `hold` is called."""

    def __init__(self, page: Page, pressed: str) -> None:
        self._pressed = pressed
        self._server: WebSocketRoute | None = None
        self._passed: dict[str, WidgetState] = {}
        self._held: list[BackMsg] | None = None
        page.route_web_socket(re.compile(r"/_stcore/stream"), self._open)

    def hold(self) -> None:
        """Keep back what the person does from now on."""
        self._held = []

    def any(self) -> bool:
        """Whether something waits here."""
        return bool(self._held)

    def with_press(self) -> bool:
        """Whether the press waits here."""
        return any(self._press_of(message) is not None for message in self._held or [])

    def in_order(self) -> None:
        """Deliver all of it as it was sent, at once: the press comes right behind what was entered."""
        for message in self._taken():
            self._send(message)

    def together(self) -> None:
        """Deliver all of it as one message, in which the press stands first."""
        held = self._taken()
        last = next(message for message in reversed(held) if self._press_of(message) is not None)
        states = {state.id: state for message in held for state in message.rerun_script.widget_states.widgets}
        press = self._press_of(last)
        assert press is not None
        others = [state for state in states.values() if state.id != press.id]
        self._send(_with(last, [press, *others]))

    def press_first(self) -> None:
        """Deliver the press with the values that were known before; `the_rest` delivers what was entered."""
        for message in self._held or []:
            if (press := self._press_of(message)) is not None:
                self._send(_with(message, [*self._passed.values(), press]))

    def press_last(self, then: Callable[[], None]) -> None:
        """Deliver what was entered, and the press after ``then``; it is the one that left the browser all the same."""
        held = self._taken()
        for message in held:
            if self._press_of(message) is None:
                self._send(message)
        then()
        for message in held:
            if self._press_of(message) is not None:
                self._send(message)

    def the_rest(self) -> None:
        """Deliver what was entered, after `press_first`."""
        for message in self._taken():
            if self._press_of(message) is None:
                self._send(message)

    def _open(self, socket: WebSocketRoute) -> None:
        self._server = socket.connect_to_server()
        socket.on_message(self._from_browser)

    def _from_browser(self, data: str | bytes) -> None:
        assert isinstance(data, bytes)
        message = BackMsg()
        message.ParseFromString(data)
        is_done = message.WhichOneof("type") == "rerun_script" and not message.rerun_script.is_auto_rerun
        if self._held is not None and is_done:
            self._held.append(message)
        else:
            self._send(message)

    def _send(self, message: BackMsg) -> None:
        assert self._server is not None, "the tab has opened no page"
        if message.WhichOneof("type") == "rerun_script":
            self._passed |= {
                state.id: state
                for state in message.rerun_script.widget_states.widgets
                if state.WhichOneof("value") != "trigger_value"
            }
        self._server.send(message.SerializeToString())

    def _taken(self) -> list[BackMsg]:
        held, self._held = self._held or [], None
        return held

    def _press_of(self, message: BackMsg) -> WidgetState | None:
        states: list[WidgetState] = list(message.rerun_script.widget_states.widgets)
        return next((state for state in states if self._pressed in state.id and state.trigger_value), None)


def _with(message: BackMsg, states: list[WidgetState]) -> BackMsg:
    changed = BackMsg()
    changed.CopyFrom(message)
    del changed.rerun_script.widget_states.widgets[:]
    changed.rerun_script.widget_states.widgets.extend(states)
    return changed
