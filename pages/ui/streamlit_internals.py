"""Workarounds for the pinned Streamlit: what is said once and presses are not lost to a run that follows.

A browser that is given a file first asks where to put it. When a run of the page begins before the answer is on its
way, Streamlit empties the queue that the answer waits in, and keeps only what it knows to matter for the run: the file
is never sent, and nothing says so (docs/decisions/0015-an-upload-that-nobody-answers.md). So it is with the address to
which a browser is sent to sign in or out, where another run draws the page of a visit that has just ended.

And a message that waits ends the run of the one before, also before that one's callbacks ran: what was pressed is then
forgotten, as a press counts in its own message only (docs/decisions/0019-what-a-press-reads.md).
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.state.safe_session_state import SafeSessionState

SAID_ONCE = ("file_urls_response", "backend_operation_response", "auth_redirect")
"""Messages that no later run says again: answers to a request of the browser, and where to go to sign in or out."""


def keep_what_is_said_once() -> None:
    """Have those messages kept in every visit from now on."""
    clear = ForwardMsgQueue.clear
    if hasattr(clear, "__wrapped__"):
        return

    @wraps(clear)
    def clear_the_rest(
        queue: ForwardMsgQueue, retain_lifecycle_msgs: bool = False, fragment_ids_this_run: list[str] | None = None
    ) -> None:
        waiting = [message for message in queue._queue if message.WhichOneof("type") in SAID_ONCE]
        clear(queue, retain_lifecycle_msgs, fragment_ids_this_run)
        if retain_lifecycle_msgs:  # else the visit is over
            queue._queue += [message for message in waiting if message not in queue._queue]

    ForwardMsgQueue.clear = clear_the_rest  # type: ignore[assignment, method-assign]  # see above


def finish_callbacks() -> None:
    """Have the callbacks of every message run to their end before a newer one may end its run. From now on."""
    run = SafeSessionState.on_script_will_rerun
    if hasattr(run, "__wrapped__"):
        return

    @wraps(run)
    def run_to_the_end(state: SafeSessionState, *given: Any, **named: Any) -> None:
        yields = state._yield_callback
        object.__setattr__(state, "_yield_callback", _goes_on)  # its own __setattr__ is the session's
        try:
            run(state, *given, **named)
        finally:
            object.__setattr__(state, "_yield_callback", yields)

    SafeSessionState.on_script_will_rerun = run_to_the_end  # type: ignore[assignment, method-assign]  # see above


def _goes_on() -> None:
    """In place of Streamlit's look whether a newer message waits; it looks again right after the callbacks."""
