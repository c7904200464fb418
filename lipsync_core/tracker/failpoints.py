"""The points in a job's life at which a crash matters, so that tests can cause one there."""

from __future__ import annotations

from collections.abc import Callable

Failpoint = Callable[[str, int], None]
"""A test hook: called with the name of the point and the job's number, right before the code continues."""

BEFORE_POST = "before the POST"
FIRST_BYTE = "after the mark, before the first byte of the POST"
AFTER_POST = "after the POST, before the answer is kept"
ANSWER_KEPT = "after the answer is kept, before it is applied"
ANSWER_APPLIED = "after the answer is applied"
DURING_POLL = "during a poll, before its answer is applied"
DURING_DOWNLOAD = "during a download, before the video is kept"
BEFORE_DONE = "after the video is kept, before the job is done"


def no_failpoints(_name: str, _job_id: int) -> None:
    """Continue: the hook that is used outside tests."""
