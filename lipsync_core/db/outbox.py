"""Puts messages into the outbox, from which `lipsync_core.tracker.notices` delivers them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select

from lipsync_core.db.database import now_ms
from lipsync_core.db.schema import notices, people

TEAM = "team"
"""The team's own address."""


def put(
    connection: Connection,
    message: Mapping[str, Any],
    wanted: ColumnElement[bool],
    *,
    team: bool,
    event_id: int | None = None,
) -> int:
    """Address a message to the ``team`` and to those members who are ``wanted`` and have an address of their own.

    This is part of the transaction of what the message tells. Returns how many get it.
    """
    listens = select(people.c.email).where(wanted, people.c.removed_ms.is_(None), people.c.notify_url.is_not(None))
    to = [*([TEAM] if team else []), *connection.execute(listens).scalars()]
    body, now = json.dumps(dict(message), ensure_ascii=False), now_ms()
    row = {"event_id": event_id, "body": body, "created_ms": now, "due_ms": now}
    for one in to:
        connection.execute(insert(notices).values(row | {"to": one}))
    return len(to)
