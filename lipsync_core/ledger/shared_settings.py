"""Settings that all servers and workers of one ledger must have alike: each says its own, and compares at its start.

What the ledger holds itself, such as the team's rates, is alike by that. Of these settings, the secret one is compared
by a keyed hash, so that the ledger shows nothing of it (docs/decisions, 0074).
"""

from __future__ import annotations

import hmac
import json
import logging
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from lipsync_core.config.settings import Settings
from lipsync_core.db.database import Database, now_ms
from lipsync_core.db.schema import trackers
from lipsync_core.errors import SettingsError
from lipsync_core.ledger.claims import ALIVE_S

log = logging.getLogger(__name__)

COOKIE_SECRET = "cookie_secret"  # noqa: S105 - a setting's name
TIMEZONE = "STUDIO_TIMEZONE"
MEDIA = "STUDIO_MEDIA_URL"
APPROVAL_DAYS = "STUDIO_APPROVAL_DAYS"
APPROVE_OWN = "STUDIO_APPROVE_OWN"


@dataclass(frozen=True, slots=True)
class _Setting:
    """What it means if two servers have different values."""

    harm: str
    stops: bool = True
    """Whether a server does not start then; else the log says it."""
    secret: bool = False
    """Whether no value is ever shown."""


_SETTINGS = {
    COOKIE_SECRET: _Setting("Whoever signed in at one would not be signed in at the other.", secret=True),
    TIMEZONE: _Setting("They would count spending, and the caps on it, by different months."),
    MEDIA: _Setting("Neither would find the pictures, voices and videos that the other one keeps."),
    APPROVAL_DAYS: _Setting("How long a job waits for approval depends on which of them looks.", stops=False),
    APPROVE_OWN: _Setting("Whether approvers may approve their own jobs depends on which one they use.", stops=False),
}


class SharedSettings:
    """One process's values of these settings. ``key`` is the ledger's own, for the hash of the secret one.

    A worker without sign-in has no cookie and decides about no approval; what it does not have is not compared.
    """

    def __init__(self, database: Database, settings: Settings, key: bytes) -> None:
        self._db = database
        self._had = {TIMEZONE: settings.timezone, MEDIA: _media(settings)}
        if settings.cookie_digest is not None:
            self._had[COOKIE_SECRET] = hmac.digest(key, settings.cookie_digest, "sha256").hex()
        if settings.sign_in:
            self._had[APPROVAL_DAYS] = f"{settings.approval_days:g}"
            self._had[APPROVE_OWN] = "1" if settings.approve_own else "0"
        self.said = json.dumps(self._had)
        """What the ledger keeps of them while the process works."""

    def join(self, owner: str) -> None:
        """Record that the tracker ``owner`` works from now on, if all that are alive have the same settings.

        Raises:
            SettingsError: another one has a different value, and work side by side would do harm. Nothing was recorded.
        """
        with self._db.write() as connection:
            for other, theirs in _alive(connection, owner):
                for name, setting in _SETTINGS.items():
                    if name in theirs and name in self._had and theirs[name] != self._had[name]:
                        words = _difference(name, setting, self._had[name], theirs[name], other)
                        if setting.stops:
                            raise SettingsError(words)
                        log.warning("%s", words)
            connection.execute(delete(trackers).where(trackers.c.owner == owner))
            connection.execute(insert(trackers).values(owner=owner, seen_ms=now_ms(), settings=self.said))


def _media(settings: Settings) -> str:
    """Return the bucket of the media. A folder that several computers share may have a different path on each."""
    return "a folder" if settings.bucket is None else "s3://" + "/".join(filter(None, settings.bucket))


def _alive(connection: Connection, owner: str) -> list[tuple[str, dict[str, str]]]:
    """Return the other trackers that are alive, with what they said; an older version says nothing."""
    query = (
        select(trackers.c.owner, trackers.c.settings)
        .where(trackers.c.owner != owner, trackers.c.settings.is_not(None))
        .where(trackers.c.seen_ms > now_ms() - int(ALIVE_S * 1000))
        .order_by(trackers.c.owner)
    )
    return [(other, json.loads(said)) for other, said in connection.execute(query)]


def _difference(name: str, setting: _Setting, mine: str, theirs: str, other: str) -> str:
    """Return the difference in words, for whoever runs the studio."""
    computer, process, _ = other.rsplit(":", 2)
    where = f"the process {process} on {computer}, which works on the same ledger"
    if setting.secret:
        what = f"{name} in this server’s secrets.toml is not that of {where}."
    else:
        what = f"{name} is “{mine}” here and “{theirs}” for {where}."
    if not setting.stops:
        return f"{what} {setting.harm} Give both the same."
    return (
        f"{what} {setting.harm} Nothing was sent or changed. Give both the same, or stop the other one first (one that "
        f"was killed counts as working for {ALIVE_S:.0f} seconds), then start again."
    )
