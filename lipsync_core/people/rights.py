"""Permission checks, in the transaction of the action itself. The table of permissions is in `roles`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from lipsync_core.db.database import maybe_instant
from lipsync_core.db.schema import people
from lipsync_core.errors import NotAllowedError
from lipsync_core.people.roles import Action, Role, may, roles_for
from lipsync_core.people.visits import Visit, judge

_NOTHING = "Nothing was sent and nothing was changed."


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the team."""

    email: str
    name: str
    role: Role
    limit_usd_micros: int | None
    """What one press may cost without approval; None for no limit."""
    seen_at: datetime | None = None
    removed: bool = False
    notify_url: str | None = None
    """Where this person's notifications are sent."""
    spent_usd_micros: int = 0
    """What this person's jobs cost in the requested month."""
    issuer: str | None = None
    """The sign-in service of this person's account; None until they enter."""
    visit: Visit | None = None
    """The visit with which this person entered; None if they did not just enter."""

    def may(self, action: Action, *, owner: str | None = None) -> bool:
        """Return whether this person may do it to something of ``owner``'s."""
        return not self.removed and may(self.role, action, own=owner == self.email)


def check(
    connection: Connection, by: str, action: Action, *, owner: str | None = None, approve_own: bool = False
) -> None:
    """Raise `NotAllowedError` if ``by`` may not do ``action`` to a thing of ``owner``'s, or if their visit is over."""
    judge(connection, by)
    person = who(connection, by)
    if person is None:
        raise NotAllowedError(f"{by or 'This person'} is not in the team. {_NOTHING}")
    why = refusal(person, action, owner=owner, approve_own=approve_own)
    if why is not None:
        raise NotAllowedError(f"{why} {_NOTHING}")


def refusal(person: Person, action: Action, *, owner: str | None = None, approve_own: bool = False) -> str | None:
    """Explain why a person may not do ``action`` to something of ``owner``'s, and whom to ask; None if they may."""
    by = person.email
    if approve_own and action is Action.DECIDE and owner == by:
        owner = None
    if person.may(action, owner=owner):
        return None
    if action is Action.DECIDE and owner == by and person.may(action):
        return "Somebody else has to decide about your own job."
    others = action is Action.HANDLE and person.may(action, owner=by)
    what = "change somebody else’s work" if others else _WORDS[action]
    needed = "an approver or an admin" if others else roles_for(action)
    return f"{person.role.capitalize()}s cannot {what}. Ask {needed}."


_WORDS = {
    Action.SEE: "look",
    Action.MAKE: "create clips",
    Action.HANDLE: "change this",
    Action.DECIDE: "approve or decline jobs",
    Action.CHECK: "check a vendor’s account",
    Action.PRICES: "change prices or invoices",
    Action.CAPS: "change caps",
    Action.PEOPLE: "change the team",
    Action.AUDIT: "read the audit log",
    Action.CLEAN: "clean up",
}


def who(connection: Connection, email: str) -> Person | None:
    """Return a member of the team; None for strangers and for removed members."""
    row = connection.execute(select(people).where(people.c.email == email)).mappings().first()
    return None if row is None or row["removed_ms"] is not None else person_of(row)


def person_of(row: Mapping[Any, Any], spent: int = 0) -> Person:
    """Return the person in a row."""
    return Person(
        email=row["email"],
        name=row["name"],
        role=Role(row["role"]),
        limit_usd_micros=row["limit_usd_micros"],
        seen_at=maybe_instant(row["seen_ms"]),
        removed=row["removed_ms"] is not None,
        notify_url=row["notify_url"],
        issuer=row["issuer"],
        spent_usd_micros=spent,
    )


Guard = Callable[[str, Action], None]
"""Raises `NotAllowedError` if a person may not do something."""


def everybody(_by: str, _action: Action) -> None:
    """Allow everyone everything."""
