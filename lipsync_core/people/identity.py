"""The sign-in account of each person: bound at the first sign-in, and required from then on.

Colleagues know a person by their e-mail address, but an address proves little: a mailbox can be given to somebody else,
people may change their address at the service, and a second service may vouch for it too. Only the issuer and its
subject are permanent. One account is one person here, so nobody can approve under one address what they requested under
another.
"""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping, select, update

from lipsync_core.db import audit_log
from lipsync_core.db.database import now_ms
from lipsync_core.db.schema import people
from lipsync_core.errors import NotAllowedError
from lipsync_core.people.sign_in import Vouched

UNBOUND = {"issuer": None, "subject": None}


def check_account(row: RowMapping, guest: Vouched) -> None:
    """Raise `NotAllowedError` if the guest's sign-in is older than its reset, or not by the account in this row."""
    if row["bind_after_ms"] is not None and guest.issued_ms < row["bind_after_ms"]:
        raise NotAllowedError("Your sign-in was reset. Sign in again to continue.")
    if row["subject"] is not None and (row["issuer"], row["subject"]) != guest.account:
        raise NotAllowedError(
            f"{guest.email} signed in with another account of the sign-in service before. If the account has really "
            "changed, an admin of this studio can reset the sign-in on the Team page."
        )


def bind(connection: Connection, guest: Vouched, *, invited: bool) -> None:
    """Bind a person, whose row exists, to the guest's account.

    ``invited`` says whether an admin invited this address: if so, the account may be taken over from a removed person.
    Raises `NotAllowedError` if somebody else is bound to it.
    """
    issuer, subject = guest.account
    same = (people.c.issuer == issuer, people.c.subject == subject)
    other = connection.execute(select(people.c.email, people.c.removed_ms).where(*same)).first()
    if other is not None:
        if other.removed_ms is None or not invited:
            raise NotAllowedError(
                f"Your account of the sign-in service is already used here as {other.email}. One account is one "
                "person: ask an admin of this studio."
            )
        connection.execute(update(people).where(*same).values(UNBOUND))
    values = {"issuer": issuer, "subject": subject}
    connection.execute(update(people).where(people.c.email == guest.email).values(values))
    audit_log.note(connection, guest.email, "was bound to an account", "person", guest.email, after=values)


def released() -> dict[str, object]:
    """Return the values of a row after its sign-in was reset; earlier sign-ins do not bind it."""
    return {**UNBOUND, "bind_after_ms": now_ms() // 1000 * 1000}  # the time of a sign-in has only seconds
