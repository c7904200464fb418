"""What of the pinned Streamlit is mended here: its own answers to a browser survive a run that begins before they left.

A browser that is given a file first asks where to put it. When a run of the page begins before the answer is on its
way, Streamlit empties the queue that the answer waits in, and keeps only what it knows to matter for the run: the file
is never sent, and nothing says so (docs/decisions/0015-an-upload-that-nobody-answers.md).
"""

from __future__ import annotations

from functools import wraps

from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

ANSWERS = ("file_urls_response", "backend_operation_response")
"""Messages that answer a request of the browser, which it makes once."""


def keep_answers() -> None:
    """Have answers kept in every visit from now on."""
    clear = ForwardMsgQueue.clear
    if hasattr(clear, "__wrapped__"):
        return

    @wraps(clear)
    def clear_but_answers(
        queue: ForwardMsgQueue, retain_lifecycle_msgs: bool = False, fragment_ids_this_run: list[str] | None = None
    ) -> None:
        waiting = [message for message in queue._queue if message.WhichOneof("type") in ANSWERS]
        clear(queue, retain_lifecycle_msgs, fragment_ids_this_run)
        if retain_lifecycle_msgs:  # else the visit is over
            queue._queue += [message for message in waiting if message not in queue._queue]

    ForwardMsgQueue.clear = clear_but_answers  # type: ignore[assignment, method-assign]  # see above
