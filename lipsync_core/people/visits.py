"""On whose behalf a thread works: the visit of somebody who signed in, judged in every transaction that writes.

A visit is one sign-in with all its tabs. It ends by signing out or by its age, and then nothing more is done for it,
whatever a browser still sends: whoever may act is asked for by address, and an address stays in the team. So the pages
say for whom a run works (`act_for`), and the ledger asks inside each transaction whether that visit is still going on
(docs/decisions/0026-a-visit-that-ended-is-over.md).

Work that belongs to no visit, such as the tracker's, is bound to none and not asked.
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
    """One sign-in of somebody's."""

    id: str
    """What all its tabs, and all copies of its cookie, have in common: its claims, hashed."""
    email: str
    until_ms: int
    """When it is over by its age."""


_acting: ContextVar[Visit | None] = ContextVar("acting", default=None)


def act_for(visit: Visit | None) -> None:
    """Bind what this thread does from now on to a visit, or with None to nobody's."""
    _acting.set(visit)


def judge(connection: Connection, by: str | None = None) -> None:
    """Raise `NotAllowedError` where this thread works for a visit that is over, or for somebody else than ``by``."""
    visit = _acting.get()
    if visit is None:
        return
    if by is not None and by != visit.email:
        raise NotAllowedError(f"You are signed in as {visit.email}, and that was asked for {by or 'nobody'}.")
    if now_ms() > visit.until_ms:
        raise NotAllowedError(EXPIRED)
    if connection.execute(select(sign_outs.c.visit).where(sign_outs.c.visit == visit.id)).first() is not None:
        raise NotAllowedError(SIGNED_OUT)
