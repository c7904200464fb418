"""The server's log: as text, as Python writes it, or one JSON object a line for a program that collects logs.

A JSON line has the time, the level, the logger, the message and, while a job is being worked on, its number (``job``,
or ``jobs`` where several are asked about at once). Of an error it has the kind and the places in the code, not its
text: that may quote a file's name, a person's words or a row. Known keys are blacked out of every line.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType

OURS = "lipsync_core"
"""The logger above all loggers of the studio."""
SHORTEST_KEY = 6
"""Shorter values are not blacked out: too much else would be, too."""
MOST_JOBS = 5
"""The most numbers of jobs in a line."""
MOST_CAUSES = 5
"""The most errors that are named of those that led to one."""

Error = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
"""What `sys.exc_info` returns."""

_jobs: ContextVar[tuple[int, ...]] = ContextVar("jobs", default=())
_log = logging.getLogger(OURS)


@contextmanager
def about(*jobs: int) -> Iterator[None]:
    """Name these jobs in every line that is written meanwhile, in this task or thread."""
    token = _jobs.set(jobs)
    try:
        yield
    finally:
        _jobs.reset(token)


def moved(job: int, state: str) -> None:
    """Log that a job has another state now; only JSON logs are that detailed."""
    with about(job):
        _log.info("job %s: %s", job, state)


def as_json(keys: Collection[str]) -> logging.Handler:
    """Write the log as JSON from now on, to standard error, and return the handler for loggers of other programs.

    ``keys`` are the values that no line may contain.
    """
    from pythonjsonlogger.core import RESERVED_ATTRS
    from pythonjsonlogger.json import JsonFormatter

    hidden = sorted(
        {json.dumps(key, ensure_ascii=False)[1:-1] for key in keys if len(key) >= SHORTEST_KEY}, key=len, reverse=True
    )

    class Lines(JsonFormatter):
        def format(self, record: logging.LogRecord) -> str:
            record.exc_text = None  # another handler may have kept the error's text there
            line = super().format(record)
            for key in hidden:
                line = line.replace(key, "…")
            return line

        def formatException(self, ei: Error) -> str:  # noqa: N802 - the library's name
            return error_text(ei)

    handler = logging.StreamHandler()
    handler.addFilter(_name_jobs)
    handler.setFormatter(
        Lines(
            "{levelname}{name}{message}",
            style="{",
            timestamp="time",
            rename_fields={"levelname": "level", "name": "logger", "exc_info": "error"},
            json_ensure_ascii=False,
            reserved_attrs=[*RESERVED_ATTRS, "color_message"],  # uvicorn repeats its messages, in colours
        )
    )
    logging.getLogger().addHandler(handler)
    _log.setLevel(logging.INFO)
    return handler


def error_text(error: Error) -> str:
    """Describe an error, and those that led to it, by kind and place only: ``KeyError at store.py:12 in get``."""
    lines: list[str] = []
    cause = error[1]
    while cause is not None and len(lines) < MOST_CAUSES:
        places = [
            f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(cause.__traceback__)
        ]
        lines.append(f"{type(cause).__name__} at {' > '.join(places)}" if places else type(cause).__name__)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\n".join(lines)


def _name_jobs(record: logging.LogRecord) -> bool:
    jobs = _jobs.get()
    if len(jobs) == 1:
        record.job = jobs[0]
    elif jobs:
        record.jobs = list(jobs[:MOST_JOBS])
    return True
