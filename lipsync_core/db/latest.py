"""A cache of answers from the ledger, valid until something is written to it.

Fifty tabs that refresh every second ask the same few questions. Each is asked once for each change of the database,
whoever made it; to look whether there was one costs a hundredth of the shortest question.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar, cast

from lipsync_core.db.database import Database

T = TypeVar("T")

MOST = 200
"""Answers that are kept at once; a page that is searched asks something new with every letter."""


class _Answer(Generic[T]):
    """What one question was answered with. Whoever comes while it is being asked waits for it."""

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

    None is ever out of date: the mark of the last change is read before the question is asked, so that a write in
    between only has it asked once more. All callers share one answer, so it must be something that nobody can change.
    """

    def __init__(self, database: Database) -> None:
        self._db = database
        self._lock = Lock()
        self._as_of: tuple[int, int] | None = None
        self._answers: dict[Hashable, _Answer[object]] = {}

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, question: Hashable, ask: Callable[[], T]) -> T:
        """The answer to ``question``, which ``ask`` finds out."""
        with self._lock:
            changes = self._db.changes()
            if changes != self._as_of or len(self._answers) >= MOST:
                self._answers = {}
                self._as_of = changes
            answer = self._answers.setdefault(question, _Answer())
        return cast(T, answer.get(ask))
