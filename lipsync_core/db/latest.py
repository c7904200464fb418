"""A cache of answers from the ledger, valid until the next write to it.

Fifty tabs that refresh every second ask the same few questions. Each question is asked once per change of the database,
by any process; checking for a change costs a hundredth of the shortest question.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar, cast

from lipsync_core.db.database import Database

T = TypeVar("T")

MOST = 200
"""The most cached answers; a search field asks a new question with every letter."""


class _Answer(Generic[T]):
    """The answer to one question. Callers that arrive while it is being asked wait for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._found: list[T] = []

    def get(self, ask: Callable[[], T]) -> T:
        with self._lock:
            if not self._found:
                self._found.append(ask())
            return self._found[0]


class Latest:
    """Answers by question. Thread-safe.

    No answer is ever out of date: the mark of the last change is read before the question is asked, so a write in
    between only causes one more query. All callers share an answer, so it must be immutable.
    """

    def __init__(self, database: Database) -> None:
        self._db = database
        self._lock = Lock()
        self._as_of: Hashable = None
        self._answers: dict[Hashable, _Answer[object]] = {}

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, question: Hashable, ask: Callable[[], T]) -> T:
        """Return the answer to ``question``, computed by ``ask`` if it is not cached."""
        with self._lock:
            changes = self._db.changes()
            if changes != self._as_of or len(self._answers) >= MOST:
                self._answers = {}
                self._as_of = changes
            answer = self._answers.setdefault(question, _Answer())
        return cast(T, answer.get(ask))
