"""Requests for access: a member of the team asks for a right, and an admin gives it or declines.

They are entries of the audit log. A request is open until its maker's role is changed, they are removed, or it is
declined. The team's address and the admins' own are told of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from lipsync_core.db import audit_log
from lipsync_core.db.database import Database
from lipsync_core.db.outbox import put
from lipsync_core.db.schema import audit, people
from lipsync_core.people.rights import check, who
from lipsync_core.people.roles import Action, Role, roles_with
from lipsync_core.plain_text import for_chat

LATEST = 500
"""How many of the latest entries of the audit log are read: what is older has been left unanswered."""
_ASKED = "asked for access"
_DECLINED = "declined access"
_ANSWERS = frozenset({_DECLINED, "changed the role", "removed from the team"})


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """One person's open request."""

    email: str
    name: str
    what: str
    """What they want to do, as the title of a page: ``Providers``."""
    role: Role
    """The least role that may."""


class AccessRequests:
    """The team's requests for access. Thread-safe."""

    def __init__(self, database: Database, *, sign_in: bool, team: bool, public_url: str | None) -> None:
        self._db = database
        self._sign_in = sign_in
        self._team = team
        self._public_url = public_url

    def ask(self, what: str, action: Action, *, by: str) -> None:
        """Ask for a right; asking again changes nothing. Raises `NotAllowedError` for people outside the team."""
        with self._db.write() as connection:
            self._check(connection, by, Action.SEE)
            if self._open(connection).get(by, {}).get("what") != what:
                facts = {"what": what, "role": roles_with(action)[0]}
                audit_log.note(connection, by, _ASKED, "person", by, after=facts)
                self._tell(connection, by, facts)

    def has_asked(self, what: str, *, by: str) -> bool:
        """Return whether a person's request for this is open. Raises `NotAllowedError` for people outside the team."""
        with self._db.read() as connection:
            self._check(connection, by, Action.SEE)
            return self._open(connection).get(by, {}).get("what") == what

    def waiting(self, *, by: str) -> list[AccessRequest]:
        """Return the open requests, the oldest first. Raises `NotAllowedError` unless ``by`` may answer them."""
        with self._db.read() as connection:
            self._check(connection, by, Action.PEOPLE)
            asked = [
                (person, facts)
                for email, facts in self._open(connection).items()
                if (person := who(connection, email)) is not None
            ]
        return [AccessRequest(one.email, one.name, facts["what"], Role(facts["role"])) for one, facts in asked]

    def decline(self, email: str, *, by: str) -> None:
        """Decline a person's request. Raises `NotAllowedError` unless ``by`` may answer it."""
        with self._db.write() as connection:
            self._check(connection, by, Action.PEOPLE)
            if email in self._open(connection):
                audit_log.note(connection, by, _DECLINED, "person", email)

    def _tell(self, connection: Connection, by: str, facts: Mapping[str, str]) -> None:
        message = {
            "type": "access.asked",
            "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
            "text": f"{for_chat(by)} asks for access to {for_chat(facts['what'])}.",
            "data": {**facts, "by": by, "url": None if self._public_url is None else f"{self._public_url}/team"},
        }
        put(connection, message, people.c.role.in_(roles_with(Action.PEOPLE)), team=self._team)

    def _check(self, connection: Connection, by: str, action: Action) -> None:
        if self._sign_in:
            check(connection, by, action)

    def _open(self, connection: Connection) -> dict[str, Mapping[str, str]]:
        """Return what each person last asked for, if nobody has answered since."""
        entries = select(audit.c.kind, audit.c.did, audit.c.about, audit.c.after)
        latest = entries.order_by(audit.c.id.desc()).limit(LATEST)
        found: dict[str, Mapping[str, str]] = {}
        for row in reversed(connection.execute(latest).all()):
            if row.kind != "person":
                continue
            if row.did == _ASKED:
                found[row.about] = json.loads(row.after)
            elif row.did in _ANSWERS:
                found.pop(row.about, None)
        return found
