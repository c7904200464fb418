"""Workarounds for the pinned Streamlit, so that a following run drops neither one-time messages nor presses nor files.

Before an upload, a browser asks for the file's address. If a run of the page begins before the answer has left,
Streamlit clears the queue with the answer and keeps only messages that matter for the run: the file is never sent, and
no error is shown (docs/decisions/0015-an-upload-that-nobody-answers.md). The same happens to the address for signing in
or out if another run draws the page of a visit that has just ended.

A waiting message also ends the run of the previous one, even before that one's callbacks ran. That press is then lost,
because a press counts only in its own message (docs/decisions/0019-what-a-press-reads.md).

A download button whose file is made at the press gets another id in each run, and the old id is dropped when the run
ends. A press that was on its way then showed “Failed to generate file”.

What a field wrote in the address goes when a run does not draw the field, even where the page still reads it there.

Streamlit gives each of its loggers, and uvicorn's, a handler of its own that writes text.
"""

from __future__ import annotations

import logging
import time
from functools import wraps
from typing import Any

from streamlit import logger as loggers
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.state import get_session_state
from streamlit.runtime.state.safe_session_state import SafeSessionState

SAID_ONCE = ("file_urls_response", "backend_operation_response", "auth_redirect")
"""Messages that no later run repeats: answers to a browser's request, and the address for signing in or out."""


OFFERED_S = 30.0
"""How long a file can still be asked for after its button was drawn anew, or its page was left."""


def keep_what_is_said_once() -> None:
    """Keep these messages in every visit from now on."""
    clear = ForwardMsgQueue.clear
    if hasattr(clear, "__wrapped__"):
        return

    @wraps(clear)
    def clear_the_rest(
        queue: ForwardMsgQueue, retain_lifecycle_msgs: bool = False, fragment_ids_this_run: list[str] | None = None
    ) -> None:
        waiting = [message for message in queue._queue if message.WhichOneof("type") in SAID_ONCE]
        clear(queue, retain_lifecycle_msgs, fragment_ids_this_run)
        if retain_lifecycle_msgs:  # otherwise the visit is over
            queue._queue += [message for message in waiting if message not in queue._queue]

    ForwardMsgQueue.clear = clear_the_rest  # type: ignore[assignment, method-assign]  # see above


def finish_callbacks() -> None:
    """From now on, let the callbacks of every message finish before a newer message may end its run."""
    run = SafeSessionState.on_script_will_rerun
    if hasattr(run, "__wrapped__"):
        return

    @wraps(run)
    def run_to_the_end(state: SafeSessionState, *given: Any, **named: Any) -> None:
        yields = state._yield_callback
        object.__setattr__(state, "_yield_callback", _goes_on)  # its own __setattr__ writes to the session
        try:
            run(state, *given, **named)
        finally:
            object.__setattr__(state, "_yield_callback", yields)

    SafeSessionState.on_script_will_rerun = run_to_the_end  # type: ignore[assignment, method-assign]  # see above


def _goes_on() -> None:
    """Replaces Streamlit's check for a newer message; Streamlit checks again right after the callbacks."""


def keep_offered_files() -> None:
    """From now on, keep what a download button offered for some time after the button was drawn anew."""
    remove = MediaFileManager._remove_orphaned_deferred_callables
    if hasattr(remove, "__wrapped__"):
        return

    @wraps(remove)
    def remove_later(manager: MediaFileManager) -> None:  # its caller holds the manager's lock
        now = time.monotonic()
        before: dict[str, float] = vars(manager).get("orphaned_since", {})
        used = {file_id for files in manager._files_by_session_and_coord.values() for file_id in files.values()}
        orphans = [file_id for file_id in manager._deferred_callables if file_id not in used]
        vars(manager)["orphaned_since"] = since = {file_id: before.get(file_id, now) for file_id in orphans}
        for file_id in [file_id for file_id, at in since.items() if now - at >= OFFERED_S]:
            manager._drop_deferred_id(file_id)
            del since[file_id]

    MediaFileManager._remove_orphaned_deferred_callables = remove_later  # type: ignore[assignment, method-assign]  # see above


def keep_address() -> None:
    """Let the address keep what is there now, although this run draws none of the fields that wrote it."""
    with get_session_state().query_params() as address:
        for field in list(address._bindings_by_widget):
            address.unbind_widget(field)


def log_by(handler: logging.Handler) -> None:
    """From now on, let every logger of Streamlit and of its server write by ``handler`` only."""

    def set_up(logger: logging.Logger) -> None:
        own = getattr(logger, "streamlit_console_handler", None)
        if own is not None and own not in logger.handlers:
            return  # its server has turned this one off: addresses may be secret
        if own is not None:
            logger.removeHandler(own)
        logger.streamlit_console_handler = handler  # type: ignore[attr-defined]  # where Streamlit keeps its own
        logger.addHandler(handler)

    loggers.setup_formatter = set_up
    loggers.update_formatter()
