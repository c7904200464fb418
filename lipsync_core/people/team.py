"""The team: who may sign in, and who has which role. Checked in the core, whatever a page shows or hides."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, RowMapping, delete, func, insert, literal, select, update

from lipsync_core.config.settings import Settings
from lipsync_core.db import audit_log
from lipsync_core.db.database import Database, now_ms
from lipsync_core.db.schema import budgets, people, sign_outs
from lipsync_core.errors import FetchError, LedgerError, NotAllowedError
from lipsync_core.net.guard import checked_link
from lipsync_core.people.identity import bind, check_account, released
from lipsync_core.people.rights import Person, check, person_of, refusal, who
from lipsync_core.people.roles import Action, Role
from lipsync_core.people.sign_in import Vouched, address, visit_of, vouched
from lipsync_core.people.visits import SIGNED_OUT, judge

MOST_USD_MICROS = 1_000_000_000_000
"""The highest limit, a million dollars; more is a typing error."""
LONGEST_URL = 2000
SEEN_EVERY_MS = 60_000
SIGN_OUTS_KEPT_MS = 40 * 86_400_000
"""Longer than the 31 days for which the server accepts a sign-in's cookie."""


class People:
    """The team. Thread-safe; its only state is the settings.

    Without sign-in there is one person, who may do everything, under any name.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._db = database
        self._settings = settings
        if settings.sign_in:
            database.judge = judge
        self.sign_in = settings.sign_in
        """Whether people have to sign in."""

    # Entering

    def enter(self, claims: Mapping[str, Any]) -> Person:
        """Let a person enter whom the sign-in service vouches for; called again in every run of a page.

        ``claims`` are those of the ID token, whose signature was checked on arrival.

        Raises:
            NotAllowedError: this person may not enter, or no longer; the text says why.
        """
        guest = vouched(claims, self._settings, now_ms())
        with self._db.read() as connection:
            if connection.execute(select(sign_outs.c.visit).where(sign_outs.c.visit == guest.visit.id)).first():
                raise NotAllowedError(SIGNED_OUT)
            row = connection.execute(select(people).where(people.c.email == guest.email)).mappings().first()
        self._check_rules(guest, row)
        stale = row is None or row["subject"] is None or now_ms() - (row["seen_ms"] or 0) >= SEEN_EVERY_MS
        if stale or row is None or (row["role"] != Role.ADMIN and self._is_first_admin(guest.email)):
            try:
                row = self._seen(guest)
            except LedgerError:
                if row is None or row["subject"] is None:
                    raise
        check_account(row, guest)
        return replace(person_of(row), visit=guest.visit)

    def _check_rules(self, guest: Vouched, row: RowMapping | None) -> None:
        email, settings = guest.email, self._settings
        if row is not None and row["removed_ms"] is not None:
            raise NotAllowedError(f"{email} was removed from the team. Ask an admin of this studio.")
        if (row is not None and row["invited"]) or email == self._admin():
            return
        domain = email.rpartition("@")[2]
        if (
            domain in {domain.lower().removeprefix("@") for domain in settings.allowed_domains}
            or email in {allowed.lower() for allowed in settings.allowed_emails}
            or guest.groups & set(settings.allowed_groups)
        ):
            return
        raise NotAllowedError(f"{email} is not in the team. Ask an admin of this studio.")

    def _admin(self) -> str | None:
        return None if self._settings.admin is None else self._settings.admin.lower()

    def _is_first_admin(self, email: str) -> bool:
        """Return whether the settings name this person as admin and there is no admin yet."""
        if email != self._admin():
            return False
        with self._db.read() as connection:
            return not _admins(connection)

    def _seen(self, guest: Vouched) -> RowMapping:
        """Record that a person is here; on the first visit add them, bound to their account."""
        email, this = guest.email, people.c.email == guest.email
        with self._db.write() as connection:
            row = connection.execute(select(people).where(this)).mappings().first()
            leads = email == self._admin() and not _admins(connection)
            if row is None:
                first = {
                    "email": email,
                    "name": guest.name,
                    "role": Role.ADMIN if leads else Role(self._settings.entry_role),
                    "limit_usd_micros": None if leads else 0,
                    "invited": False,
                    "added_ms": now_ms(),
                }
                row = connection.execute(insert(people).values(first).returning(people)).mappings().one()
                audit_log.note(connection, email, "signed in for the first time", "person", email, after=_facts(first))
            check_account(row, guest)
            if row["subject"] is None:
                bind(connection, guest, invited=row["invited"])
            if leads and row["role"] != Role.ADMIN:
                connection.execute(update(people).where(this).values(role=Role.ADMIN))
                did = "became admin, as the settings name them and there was none"
                audit_log.note(connection, email, did, "person", email, after={"role": Role.ADMIN})
            seen = update(people).where(this).values(seen_ms=now_ms(), name=guest.name)
            return connection.execute(seen.returning(people)).mappings().one()

    def sign_out(self, claims: Mapping[str, Any]) -> None:
        """End a visit for every tab and every copy of its cookie, even if it is already over."""
        with self._db.write(judged=False) as connection:
            kept_ms = max(SIGN_OUTS_KEPT_MS, int(self._settings.sign_in_hours * 3_600_000))
            connection.execute(delete(sign_outs).where(sign_outs.c.at_ms < now_ms() - kept_ms))
            visit = visit_of(claims)
            if connection.execute(select(sign_outs.c.visit).where(sign_outs.c.visit == visit)).first() is None:
                connection.execute(insert(sign_outs).values(visit=visit, at_ms=now_ms()))

    # Rights

    def check(self, by: str, action: Action, *, owner: str | None = None) -> None:
        """Raise `NotAllowedError` if ``by`` may not do ``action`` to something of ``owner``'s."""
        if self.sign_in:
            with self._db.read() as connection:
                check(connection, by, action, owner=owner, approve_own=self._settings.approve_own)

    def why_not(self, person: Person | None, action: Action, *, owner: str | None = None) -> str | None:
        """Explain, for a page, why a person may not do something; None if they may, or without sign-in.

        Reads no database, so lists may call it. The binding decision is that of `check`.
        """
        if person is None or not self.sign_in:
            return None
        return refusal(person, action, owner=owner, approve_own=self._settings.approve_own)

    def who(self, email: str) -> Person | None:
        """Return a member of the team; None for strangers and for removed members."""
        with self._db.read() as connection:
            return who(connection, email)

    def here(self) -> list[str]:
        """Return the addresses of all members who were not removed."""
        with self._db.read() as connection:
            return list(connection.execute(select(people.c.email).where(people.c.removed_ms.is_(None))).scalars())

    def names(self) -> dict[str, str]:
        """Return the name of everyone who was ever in the team, by address; empty without sign-in."""
        if not self.sign_in:
            return {}
        with self._db.read() as connection:
            rows = connection.execute(select(people.c.email, people.c.name))
            return {row.email: row.name for row in rows}

    def has_ended(self, visit: str) -> bool:
        """Return whether a visit was ended by signing out; ``visit`` is its id or the first letters of it."""
        begins_so = (sign_outs.c.visit >= visit, sign_outs.c.visit < f"{visit}~")
        with self._db.read() as connection:
            return connection.execute(select(sign_outs.c.visit).where(*begins_so).limit(1)).first() is not None

    def who_may(self, action: Action, *, besides: str = "") -> list[str]:
        """Return the names of those who may do it to other people's things, lowest role first."""
        with self._db.read() as connection:
            rows = connection.execute(select(people).where(people.c.removed_ms.is_(None))).mappings().all()
        found = [person for row in rows if (person := person_of(row)).may(action) and person.email != besides]
        return [person.name for person in sorted(found, key=lambda person: ([*Role].index(person.role), person.name))]

    # The team

    def everyone(self, month: str) -> list[Person]:
        """Return everyone who was ever in the team, with their spending in ``month``; one query."""
        spent = (budgets.c.scope == literal("person:") + people.c.email) & (budgets.c.month == month)
        query = select(people, func.coalesce(budgets.c.taken_usd_micros, 0).label("spent")).outerjoin(budgets, spent)
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(people.c.email)).mappings().all()
        return [person_of(row, row["spent"]) for row in rows]

    def invite(self, email: str, role: Role, *, by: str) -> Person:
        """Add a person to the team, or add a removed person again. Raises `NotAllowedError`."""
        email = address(email)
        with self._db.write() as connection:
            self._check_admin(connection, by)
            row = connection.execute(select(people).where(people.c.email == email)).mappings().first()
            if row is not None and row["removed_ms"] is None:
                raise NotAllowedError(f"{email} is already in the team. Nothing was changed.")
            fresh = {"role": Role(role), "invited": True, "removed_ms": None, "limit_usd_micros": 0}
            if row is None:
                fresh |= {"email": email, "name": email, "added_ms": now_ms()}
                connection.execute(insert(people).values(fresh))
            else:
                fresh |= released()
                connection.execute(update(people).where(people.c.email == email).values(fresh))
            audit_log.note(
                connection, by, "added to the team", "person", email, before=_facts(row), after=_facts(fresh)
            )
            return person_of(connection.execute(select(people).where(people.c.email == email)).mappings().one())

    def set_role(self, email: str, role: Role, *, by: str) -> None:
        """Change a person's role, except that of the last admin. Raises `NotAllowedError`."""
        self._change(email, by, "changed the role", role=Role(role))

    def set_limit(self, email: str, usd_micros: int | None, *, by: str) -> None:
        """Set what one press of a person may cost without approval; None for no limit. Raises `NotAllowedError`."""
        if usd_micros is not None and not 0 <= usd_micros <= MOST_USD_MICROS:
            raise NotAllowedError(f"A limit is from $0 to ${MOST_USD_MICROS // 1_000_000:,}. Nothing was changed.")
        self._change(email, by, "changed the limit", limit_usd_micros=usd_micros)

    def remove(self, email: str, *, by: str) -> None:
        """Remove a person; their queued jobs are not sent. The last admin stays. Raises `NotAllowedError`."""
        self._change(email, by, "removed from the team", removed_ms=now_ms(), invited=False)

    def release(self, email: str, *, by: str) -> None:
        """Let an address be bound to another account of the sign-in service: the next one that signs in with it.

        Their open visits end. Raises `NotAllowedError`.
        """
        self._change(email, by, "sign-in was reset", **released())

    def _change(self, email: str, by: str, did: str, **values: Any) -> None:
        with self._db.write() as connection:
            self._check_admin(connection, by)
            row = _row(connection, email)
            leaves = "removed_ms" in values or values.get("role", Role.ADMIN) != Role.ADMIN
            if row["role"] == Role.ADMIN and leaves and _admins(connection) == 1:
                raise NotAllowedError(f"{email} is the last admin. Make somebody else admin first.")
            connection.execute(update(people).where(people.c.email == email).values(values))
            audit_log.note(connection, by, did, "person", email, before=_facts(row), after=_facts(values))

    def _check_admin(self, connection: Connection, by: str) -> None:
        if self.sign_in:
            check(connection, by, Action.PEOPLE)

    # Notifications

    def set_notify(self, email: str, url: str | None, *, by: str) -> str | None:
        """Set a person's notification address, or remove it with None; return the new signing secret.

        People set only their own address; viewers receive no notifications. The secret is shown once.
        Raises `NotAllowedError`.
        """
        url = (url or "").strip() or None
        if url is not None:
            self._check_told(url)
        with self._db.write() as connection:
            if by != email:
                raise NotAllowedError("Everyone sets only their own notifications. Nothing was changed.")
            if self.sign_in:
                check(connection, by, Action.SEE if url is None else Action.MAKE)
            _row(connection, email)
            secret = None if url is None else new_secret()
            changed = update(people).where(people.c.email == email).values(notify_url=url, notify_secret=secret)
            connection.execute(changed)
            did = "set a notification address" if url else "removed the notification address"
            host = None if url is None else urlsplit(url).hostname
            audit_log.note(connection, by, did, "person", email, after={"host": host})
        return secret

    def _check_told(self, url: str) -> None:
        """Refuse an address that cannot receive messages, as far as its text shows; its name is resolved later."""
        try:
            if len(url) > LONGEST_URL:
                raise FetchError("That link is too long", "")
            checked_link(url, self._settings.notify_allow)
        except FetchError as error:
            raise NotAllowedError(
                f"{error.title}, so messages cannot go there. Give an https:// address that anyone on the internet can "
                "reach, or ask the operator of this studio to add its host to STUDIO_NOTIFY_ALLOW. Nothing was changed."
            ) from error


def new_secret() -> str:
    """Return a new signing secret in the format of the Standard Webhooks scheme."""
    return f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"


def _admins(connection: Connection) -> int:
    active = (people.c.role == Role.ADMIN, people.c.removed_ms.is_(None))
    return connection.execute(select(func.count()).select_from(people).where(*active)).scalar_one()


def _row(connection: Connection, email: str) -> RowMapping:
    row = connection.execute(select(people).where(people.c.email == email)).mappings().first()
    if row is None:
        raise NotAllowedError(f"{email} is not in the team. Nothing was changed.")
    return row


_SHOWN = ("role", "limit_usd_micros", "invited", "removed_ms")


def _facts(row: Mapping[Any, Any] | None) -> dict[str, Any] | None:
    """Return what the audit log records about a person: never the notification address or its secret."""
    return None if row is None else {name: row[name] for name in _SHOWN if name in row}
