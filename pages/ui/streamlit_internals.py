"""Workarounds for the pinned Streamlit, so that a following run drops neither one-time messages nor presses.

Before an upload, a browser asks for the file's address. If a run of the page begins before the answer has left,
Streamlit clears the queue with the answer and keeps only messages that matter for the run: the file is never sent, and
no error is shown (docs/decisions/0015-an-upload-that-nobody-answers.md). The same happens to the address for signing in
or out if another run draws the page of a visit that has just ended.

A waiting message also ends the run of the previous one, even before that one's callbacks ran. That press is then lost,
because a press counts only in its own message (docs/decisions/0019-what-a-press-reads.md).
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.state.safe_session_state import SafeSessionState

SAID_ONCE = ("file_urls_response", "backend_operation_response", "auth_redirect")
"""Messages that no later run repeats: answers to a browser's request, and the address for signing in or out."""


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
