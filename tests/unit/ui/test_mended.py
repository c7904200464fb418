"""What is mended of Streamlit; where a newer one does it itself, the first test says so."""

from __future__ import annotations

import subprocess
import sys

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileStorageError
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.state import SessionState
from streamlit.runtime.state.safe_session_state import SafeSessionState

from pages.ui.streamlit_internals import (
    OFFERED_S,
    finish_callbacks,
    keep_offered_files,
    keep_what_is_said_once,
)


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


def offered() -> tuple[MediaFileManager, str]:
    """What a download button offers, whose page has been drawn anew since."""
    files = MediaFileManager(MemoryMediaFileStorage("/media"))
    file_id = files.add_deferred(lambda: b"name,usd", "text/csv", "1.0", file_name="batch.csv")
    files.clear_session_refs()
    files.remove_orphaned_files()
    return files, file_id


def test_streamlit_alone_still_drops_what_a_button_offered() -> None:
    code = (
        "from tests.unit.ui.test_mended import offered\n"
        "files, file_id = offered()\n"
        "assert file_id not in files._deferred_callables, 'keep_offered_files can go'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_a_button_offered_can_be_had_for_some_time_after_it_was_drawn_anew() -> None:
    keep_offered_files()
    keep_offered_files()  # twice is once
    files, file_id = offered()
    assert files.execute_deferred(file_id).endswith(".csv")
    vars(files)["orphaned_since"][file_id] -= OFFERED_S  # half a minute later
    files.remove_orphaned_files()
    with pytest.raises(MediaFileStorageError):
        files.execute_deferred(file_id)
