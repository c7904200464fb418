"""The seconds for which a press is held, in a test's hand.

A paid press is held for five seconds. A busy machine may need longer than that to draw the countdown, and a quiet one
would sit them out in every test: so nothing leaves before the test says so, and then at once.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.patient import PATIENCE_S

HOUR_MS = 3_600_000

LATER = f"UPDATE jobs SET due_ms = due_ms + {HOUR_MS} WHERE id = NEW.id;"
TRIGGERS = f"""
CREATE TRIGGER held_when_pressed AFTER INSERT ON jobs WHEN NEW.due_ms > NEW.created_ms BEGIN {LATER} END;
CREATE TRIGGER held_when_approved AFTER UPDATE OF state ON jobs
    WHEN OLD.state = 'awaiting_approval' AND NEW.state = 'queued' BEGIN {LATER} END;
"""


class Hold:
    """The hold of every press that is written into the ledger of a studio with these variables, from now on."""

    def __init__(self, variables: dict[str, str]) -> None:
        self._ledger = Path(variables["STUDIO_DATABASE_URL"].removeprefix("sqlite:///"))
        with self._open() as connection:
            connection.executescript(TRIGGERS)

    def end(self) -> None:
        """Wait until something is held, and let go what was pressed by now. What was taken back becomes due, too, and
        is to stay."""
        deadline = time.monotonic() + PATIENCE_S
        while not self._let_go():
            assert time.monotonic() < deadline, "nothing was pressed"
            time.sleep(0.02)

    def _let_go(self) -> bool:
        now = time.time_ns() // 1_000_000
        with self._open() as connection:
            held = connection.execute(f"UPDATE jobs SET due_ms = {now} WHERE state = 'queued' AND due_ms > {now}")
            connection.execute(f"UPDATE jobs SET due_ms = {now} WHERE state = 'withdrawn'")
            return held.rowcount > 0

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._ledger, timeout=60)) as connection, connection:
            yield connection
