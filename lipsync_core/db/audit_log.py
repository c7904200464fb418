"""Write the audit log: an append-only table of who did what, in addition to the events of jobs.

It must not contain secrets; callers pass only facts that a colleague may read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert

from lipsync_core.brief import MAX_NAME
from lipsync_core.db.database import now_ms
from lipsync_core.db.schema import audit
from lipsync_core.plain_text import one_line

LONGEST_ABOUT = 300
"""The most characters of the subject of an entry."""


def note(
    connection: Connection,
    by: str,
    did: str,
    kind: str,
    about: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry, in the same transaction as the change that it describes."""
    row = {
        "at_ms": now_ms(),
        "made_by": one_line(by, MAX_NAME),
        "did": did,
        "kind": kind,
        "about": one_line(about, LONGEST_ABOUT),
        "before": None if before is None else json.dumps(dict(before), default=str),
        "after": None if after is None else json.dumps(dict(after), default=str),
    }
    connection.execute(insert(audit).values(row))
