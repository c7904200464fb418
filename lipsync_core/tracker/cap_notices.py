"""Tells the team that a monthly cap is nearly used up: once for each cap, amount and month.

The ledger's row of what was told decides who tells it, so that two servers never both do. A notice goes to the team's
address, to those who may change caps, and to the person whose cap it is; `Notices` delivers it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, exists, or_, select

from lipsync_core.db.database import Database, now_ms
from lipsync_core.db.outbox import put
from lipsync_core.db.schema import budgets, cap_warnings, caps, people
from lipsync_core.db.upsert import add_new
from lipsync_core.ledger.caps import NEAR_SHARE, Cap, month_at, month_name
from lipsync_core.people.roles import Action, roles_with
from lipsync_core.plain_text import for_chat
from lipsync_core.quote import price_text

_SETS_CAPS = roles_with(Action.CAPS)


@dataclass(frozen=True, slots=True)
class CapNotices:
    """Makes the notices about caps. Any number of trackers may do so on one ledger."""

    database: Database
    zone: str
    """The time zone of the months."""
    team: bool
    """Whether the team has an address."""
    public_url: str | None

    def gather(self) -> int:
        """Make notices of the caps that are newly near their end; return how many were made."""
        month = month_at(self.zone, datetime.now(UTC))
        with self.database.read() as connection:
            near = connection.execute(_near(month)).all()
        if not near:
            return 0
        with self.database.write() as connection:
            found = [Cap(*row) for row in connection.execute(_near(month)).all()]
            return sum(self._tell(connection, cap, month) for cap in found)

    def _tell(self, connection: Connection, cap: Cap, month: str) -> int:
        told = {"scope": cap.scope, "month": month, "usd_micros": cap.usd_micros, "at_ms": now_ms()}
        if not add_new(connection, cap_warnings, told):
            return 0
        wanted = or_(people.c.role.in_(_SETS_CAPS), people.c.email == cap.scope.removeprefix("person:"))
        return put(connection, self._message(cap, month, datetime.now(UTC)), wanted, team=self.team)

    def _message(self, cap: Cap, month: str, at: datetime) -> dict[str, Any]:
        kind, _, name = cap.scope.partition(":")
        whose = {"project": f"The cap of project “{for_chat(name)}”", "person": f"{for_chat(name)}’s cap"}
        used, most = price_text(cap.taken_usd_micros), price_text(cap.usd_micros)
        words = f"{whose.get(kind, 'The team’s cap')} is {int(cap.share * 100)} % used in {month_name(month)}"
        return {
            "type": "cap.nearly_used",
            "timestamp": at.isoformat(timespec="seconds"),
            "text": f"{words}: {used} of {most}.",
            "data": {
                "scope": cap.scope,
                "month": month,
                "cap_usd": cap.usd_micros / 1_000_000,
                "used_usd": cap.taken_usd_micros / 1_000_000,
                "url": None if self.public_url is None else f"{self.public_url}/spend",
            },
        }


def _near(month: str) -> Select[str, int, int, str]:
    """Return the query for the caps that are nearly used up and were not told about."""
    percent = round(NEAR_SHARE * 100)
    of_it = (budgets.c.scope == caps.c.scope) & (budgets.c.month == month)
    told = exists().where(
        cap_warnings.c.scope == caps.c.scope,
        cap_warnings.c.month == month,
        cap_warnings.c.usd_micros == caps.c.usd_micros,
    )
    return (
        select(caps.c.scope, caps.c.usd_micros, budgets.c.taken_usd_micros, caps.c.set_by)
        .join(budgets, of_it)
        .where(caps.c.usd_micros > 0, budgets.c.taken_usd_micros * 100 >= caps.c.usd_micros * percent, ~told)
    )
