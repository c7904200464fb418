"""Write ``newest.sql`` again after a migration was added: ``python -m lipsync_core.db.migrations``."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from lipsync_core.db.database import Database
from lipsync_core.db.ledger_file import NEWEST

HEADER = "-- The schema after all migrations of an empty ledger. Written by: python -m lipsync_core.db.migrations\n"


def newest() -> str:
    """Return the statements that create a new ledger in one step, with the same result as all migrations."""
    with tempfile.TemporaryDirectory(prefix="newest-") as folder:
        file = Path(folder, "ledger.db")
        database = Database(f"sqlite:///{file}")
        database.upgrade()
        database.close()
        with closing(sqlite3.connect(file)) as connection:
            lines = [line for line in connection.iterdump() if line not in ("BEGIN TRANSACTION;", "COMMIT;")]
    return HEADER + "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    NEWEST.write_text(newest(), encoding="utf-8")
