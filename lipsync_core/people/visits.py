"""The visit for which a thread works, checked in every transaction that writes.

A visit is one sign-in with all its tabs. It ends by signing out or by its age, and then nothing more is done for it,
whatever a browser still sends. Permissions are checked by address, and an address stays in the team after a visit has
ended. So the pages bind each run to its visit (`act_for`), and the ledger checks inside each transaction whether that
visit is still open (docs/decisions/0026-a-visit-that-ended-is-over.md).

Work without a visit, such as the tracker's, is bound to none and not checked.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from sqlalchemy import Connection, select

from lipsync_core.db.database import now_ms
from lipsync_core.db.schema import sign_outs
from lipsync_core.errors import NotAllowedError

SIGNED_OUT = "You signed out. Sign in again to continue."
EXPIRED = "Your sign-in has expired. Sign in again to continue."


@dataclass(frozen=True, slots=True)
class Visit:
    """One sign-in of a person."""

    id: str
    """The hash of its claims, which all its tabs and all copies of its cookie share."""
    email: str
    until_ms: int
    """When it expires by its age."""


_acting: ContextVar[Visit | None] = ContextVar("acting", default=None)


def act_for(visit: Visit | None) -> None:
    """Bind this thread's work from now on to a visit, or with None to no visit."""
    _acting.set(visit)


def judge(connection: Connection, by: str | None = None) -> None:
    """Raise `NotAllowedError` if this thread works for a visit that is over, or of a person other than ``by``."""
    visit = _acting.get()
    if visit is None:
        return
    if by is not None and by != visit.email:
        raise NotAllowedError(f"You are signed in as {visit.email}, but this was requested as {by or 'nobody'}.")
    if now_ms() > visit.until_ms:
        raise NotAllowedError(EXPIRED)
    if connection.execute(select(sign_outs.c.visit).where(sign_outs.c.visit == visit.id)).first() is not None:
        raise NotAllowedError(SIGNED_OUT)
