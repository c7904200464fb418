"""Notifications: signed JSON about jobs, posted to people's addresses and retried until it arrives.

Notices are made from job events, which are already durable, so none is lost and no job waits for one. A notice goes to
the team's address and to the job's maker; if the job waits for approval, to the team's address and to the approvers.
Receivers must check the signature (https://www.standardwebhooks.com) and the message id: a message may arrive twice.
`NOTICE_EXAMPLE` shows one.

The types are ``job.finished``, ``job.failed``, ``job.unconfirmed``, ``job.awaiting_approval``, and ``job.above_price``
for a job that cost more than its price; its approver receives that one too. ``cap.nearly_used`` comes from
`cap_notices`, ``access.asked`` from `lipsync_core.people.access_requests`. ``text`` is for chat tools; that they ignore
the other fields is assumed.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, RowMapping, exists, select, update

from lipsync_core.db.database import Database, instant, now_ms
from lipsync_core.db.outbox import TEAM, put
from lipsync_core.db.schema import events, jobs, notices, people, read_events
from lipsync_core.errors import FetchError
from lipsync_core.job import JobState
from lipsync_core.ledger.caps import ABOVE_PRICE
from lipsync_core.net.outlet import DIRECT, Outlet
from lipsync_core.people.roles import Action, roles_with
from lipsync_core.plain_text import for_chat, one_line

log = logging.getLogger(__name__)

MESSAGES: Mapping[JobState, tuple[str, str]] = MappingProxyType(
    {
        JobState.DONE: ("job.finished", "is done"),
        JobState.FAILED: ("job.failed", "failed"),
        JobState.REJECTED: ("job.failed", "was not sent or not taken"),
        JobState.LOST: ("job.failed", "was rendered, but its video is gone"),
        JobState.UNCONFIRMED: (
            "job.unconfirmed",
            "got no answer and may have been charged: please check it",
        ),
        JobState.AWAITING_APPROVAL: ("job.awaiting_approval", "waits for approval"),
    }
)
"""The message type and text for each state that people are notified about. None can be switched off alone."""

NOTICE_EXAMPLE = """{
  "type": "job.finished",
  "timestamp": "2026-11-21T09:00:00+00:00",
  "text": "Job 7 “Intro” is done.",
  "data": {
    "job": 7,
    "name": "Intro",
    "state": "done",
    "engine": "joypix/motion-2",
    "by": "ana@example.org",
    "sandbox": false,
    "price_usd": 0.9,
    "cost_usd": null,
    "reason": "",
    "url": "https://studio.example.org/jobs?job=7"
  }
}"""
"""A message as it is sent, indented for reading. ``price_usd`` and ``url`` are null if unknown.

``cost_usd`` is the cost of the job in messages of type ``job.above_price``, and null in all others.
"""

WAITS_S = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""The wait after each failed attempt; after the last one the message is given up."""
DEADLINE_S = 10.0
LEASE_MS = 60_000
TOGETHER = 20
"""The most messages sent at once."""
READ_AT_ONCE = 500
GONE = 410
"""The status that means “stop sending” in the Standard Webhooks scheme."""
_LISTENERS = select(exists().where(people.c.removed_ms.is_(None), people.c.notify_url.is_not(None)))
"""Whether any team member has a notification address."""
_APPROVERS = roles_with(Action.DECIDE)


def _is_told(event: Any) -> bool:
    return event.state in MESSAGES or event.about == ABOVE_PRICE


def signed(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers of the Standard Webhooks scheme, with the symmetric signature v1."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = b".".join((message_id.encode(), str(timestamp).encode(), body))
    mark = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": f"v1,{mark}"}


@dataclass(frozen=True, slots=True)
class Notices:
    """Makes and delivers notices. Any number of trackers may do so on one ledger."""

    database: Database
    team: tuple[str, str] | None
    """The team's address and signing secret."""
    allow: tuple[str, ...]
    """Private hosts that may be notified."""
    public_url: str | None
    most_s: float | None = None
    """An upper limit for the wait between two attempts, for tests and demos."""
    outlet: Outlet = DIRECT
    """How they are reached from here."""

    def gather(self) -> int:
        """Make notices of the unread events that people are notified about; return how many were made."""
        with self.database.read() as connection:
            until = connection.execute(select(read_events.c.until)).scalar_one()
            fresh = select(events.c.id, events.c.state, events.c.about).where(events.c.id > until).order_by(events.c.id)
            rows = connection.execute(fresh.limit(READ_AT_ONCE)).all()
        # Other events are skipped in bulk, to avoid a write for each step of a job.
        if not any(map(_is_told, rows)) and len(rows) < READ_AT_ONCE:
            return 0
        with self.database.write() as connection:
            mine = update(read_events).where(read_events.c.until == until).values(until=rows[-1].id)
            if connection.execute(mine).rowcount == 0:
                return 0  # another tracker was faster
            if self.team is None and not connection.execute(_LISTENERS).scalar_one():
                return 0
            return sum(self._make(connection, row.id) for row in rows if _is_told(row))

    def _make(self, connection: Connection, event_id: int) -> int:
        event = connection.execute(select(events).where(events.c.id == event_id)).mappings().one()
        earlier = select(events.c.state).where(events.c.job_id == event["job_id"], events.c.id < event_id)
        before = connection.execute(earlier.order_by(events.c.id.desc()).limit(1)).scalar()
        if before == event["state"] and event["about"] is None:
            return 0  # another kind of event, such as hiding the job
        job = connection.execute(select(jobs).where(jobs.c.id == event["job_id"])).mappings().one()
        if job["provider"] == "draft" and event["state"] == JobState.DONE:
            return 0
        asks = event["state"] == JobState.AWAITING_APPROVAL
        concerned = [job["made_by"], *([job["decided_by"]] if event["about"] == ABOVE_PRICE else [])]
        wanted = people.c.role.in_(_APPROVERS) if asks else people.c.email.in_(concerned)
        return put(connection, self._message(event, job), wanted, team=self.team is not None, event_id=event_id)

    def _message(self, event: RowMapping, job: RowMapping) -> dict[str, Any]:
        state, above = JobState(event["state"]), event["about"] == ABOVE_PRICE
        name = one_line(job["name"]) or "no name"
        price = job["quoted_usd_micros"]
        sandbox = job["environment"] != "live"
        words = f"cost more than its price: {event['note'].removesuffix('.')}" if above else MESSAGES[state][1]
        return {
            "type": "job.above_price" if above else MESSAGES[state][0],
            "timestamp": instant(event["at_ms"]).isoformat(),
            "text": f"{'SANDBOX · ' if sandbox else ''}Job {job['id']} “{for_chat(name)}” {words}.",
            "data": {
                "job": job["id"],
                "name": job["name"],
                "state": state,
                "engine": job["engine"],
                "by": job["made_by"],
                "sandbox": sandbox,
                "price_usd": None if price is None else price / 1_000_000,
                "cost_usd": job["counted_usd_micros"] / 1_000_000 if above else None,
                "reason": "" if state is JobState.DONE and not above else event["note"],
                "url": None if self.public_url is None else f"{self.public_url}/jobs?job={job['id']}",
            },
        }

    async def deliver(self) -> int:
        """Send the messages that are due; return how many arrived."""
        due = await asyncio.to_thread(self._claim)
        return sum(await asyncio.gather(*(self._send(row) for row in due)))

    def _claim(self) -> list[RowMapping]:
        now = now_ms()
        ids = select(notices.c.id).where(notices.c.due_ms <= now).order_by(notices.c.due_ms).limit(TOGETHER)
        with self.database.read() as connection:
            if connection.execute(ids.limit(1)).first() is None:
                return []
        with self.database.write() as connection:
            mine = update(notices).where(notices.c.id.in_(ids)).values(due_ms=now + LEASE_MS, tries=notices.c.tries + 1)
            return list(connection.execute(mine.returning(notices)).mappings())

    async def _send(self, row: RowMapping) -> bool:
        from lipsync_core.net.fetch import post  # imported here: the HTTP client is slow to load

        where = await asyncio.to_thread(self._where, row["to"])
        if where is None:
            await asyncio.to_thread(self._note_attempt, row, "The notification address was removed.", gives_up=True)
            return False
        url, secret = where
        body = row["body"].encode()
        headers = signed(secret, f"notice_{row['id']}", int(time.time()), body)
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        problem, status = None, 0
        try:
            status = await post(url, body, headers, allow=self.allow, timeout_s=DEADLINE_S, outlet=self.outlet)
        except FetchError as error:
            problem = f"{error.title}: {error.did}" if error.did else error.title
        else:
            problem = None if 200 <= status < 300 else f"answered with status {status}"
        await asyncio.to_thread(self._note_attempt, row, problem, gives_up=status == GONE)
        return problem is None

    def _where(self, to: str) -> tuple[str, str] | None:
        if to == TEAM:
            return self.team
        query = select(people.c.notify_url, people.c.notify_secret).where(
            people.c.email == to, people.c.removed_ms.is_(None), people.c.notify_url.is_not(None)
        )
        with self.database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else (row.notify_url, row.notify_secret)

    def _note_attempt(self, row: RowMapping, problem: str | None, *, gives_up: bool = False) -> None:
        values: dict[str, Any] = {"last_error": problem}
        if problem is None:
            values |= {"told_ms": now_ms(), "due_ms": None}
        elif gives_up or row["tries"] > len(WAITS_S):
            values |= {"due_ms": None}
            log.warning("notice %d is given up: %s", row["id"], problem)
        else:
            wait_s = min(WAITS_S[row["tries"] - 1], self.most_s or WAITS_S[-1])
            values |= {"due_ms": now_ms() + int(wait_s * 1000)}
        with self.database.write() as connection:
            connection.execute(update(notices).where(notices.c.id == row["id"]).values(values))
