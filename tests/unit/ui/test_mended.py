"""What is mended of Streamlit; where a newer one does it itself, the first test says so."""

from __future__ import annotations

import subprocess
import sys

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.state import SessionState
from streamlit.runtime.state.safe_session_state import SafeSessionState

from pages.ui.streamlit_internals import finish_callbacks, keep_what_is_said_once


def waiting() -> ForwardMsgQueue:
    """An answer, a part of the page, an answer again, and where to sign out."""
    queue = ForwardMsgQueue()
    answer, other, part, leave = ForwardMsg(), ForwardMsg(), ForwardMsg(), ForwardMsg()
    answer.file_urls_response.response_id = "1"
    part.delta.new_element.text.body = "old"
    other.backend_operation_response.SetInParent()
    leave.auth_redirect.url = "/auth/logout"
    for message in (answer, part, other, leave):
        queue.enqueue(message)
    return queue


def kinds(queue: ForwardMsgQueue) -> list[str | None]:
    return [message.WhichOneof("type") for message in queue.flush()]


def test_streamlit_alone_still_forgets_them() -> None:
    code = (
        "from tests.unit.ui.test_mended import kinds, waiting\n"
        "queue = waiting(); queue.clear(retain_lifecycle_msgs=True)\n"
        "assert kinds(queue) == [], 'pages.ui.streamlit_internals can go'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_said_once_outlives_the_run_that_begins_before_it_left() -> None:
    keep_what_is_said_once()
    keep_what_is_said_once()  # which changes nothing
    queue = waiting()
    queue.clear(retain_lifecycle_msgs=True)
    assert kinds(queue) == ["file_urls_response", "backend_operation_response", "auth_redirect"]

    queue = waiting()
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=["f"])
    assert sorted(filter(None, kinds(queue))) == [
        "auth_redirect",
        "backend_operation_response",
        "delta",
        "file_urls_response",
    ]

    queue = waiting()
    queue.clear()
    assert kinds(queue) == []


class NewerMessageError(Exception):
    """What Streamlit raises where a newer message waits."""


def is_cut_off() -> bool:
    """Whether a message's callbacks are left out because a newer one waits."""

    def waits() -> None:
        raise NewerMessageError

    state = SafeSessionState(SessionState(), waits)
    try:
        state.on_script_will_rerun(WidgetStates())
    except NewerMessageError:
        return True
    try:
        state["after"] = 1  # from here on the run ends for it again
    except NewerMessageError:
        return False
    raise AssertionError("the run goes on although a newer message waits")


def test_streamlit_alone_still_leaves_out_callbacks() -> None:
    code = (
        "from tests.unit.ui.test_mended import is_cut_off; assert is_cut_off(), 'pages.ui.streamlit_internals can go'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_callbacks_run_before_a_newer_message_is_looked_at() -> None:
    finish_callbacks()
    finish_callbacks()  # which changes nothing
    assert not is_cut_off()


def test_the_server_does_so() -> None:
    code = (
        "import app; from streamlit.runtime.forward_msg_queue import ForwardMsgQueue as Q; Q.clear.__wrapped__;"
        "from streamlit.runtime.state.safe_session_state import SafeSessionState as S;"
        "S.on_script_will_rerun.__wrapped__"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
