"""A job, its states, and every legal transition between them. Pure: no clock, no store, no network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lipsync_core.brief import Brief
    from lipsync_core.quote import Quote


class JobState(StrEnum):
    """Where a job stands. The comment beside each state says what is true in it."""

    AWAITING_APPROVAL = "awaiting_approval"  # priced above the maker's limit; nothing was sent
    QUEUED = "queued"  # ready to be claimed; nothing was sent
    SUBMITTING = "submitting"  # the paid request may be on its way; it is never sent a second time
    RENDERING = "rendering"  # a vendor, or the draft engine, is working on it
    OVERDUE = "overdue"  # past its expected end; still asked for
    ARCHIVING = "archiving"  # rendered; the video is being checked and kept
    DONE = "done"  # the video is kept here
    FAILED = "failed"  # the engine said that it cannot be rendered
    REJECTED = "rejected"  # the vendor did not take it; nothing was charged
    UNCONFIRMED = "unconfirmed"  # sent, but no readable answer: it may have been paid
    NOT_TAKEN = "not_taken"  # a person found that an unconfirmed job was never taken
    WRITTEN_OFF = "written_off"  # a person gave an unconfirmed job up; it counts as spent
    WITHDRAWN = "withdrawn"  # taken back before anything was sent, or while a draft rendered
    LOST = "lost"  # rendered and paid, but gone before it could be fetched


_S = JobState

TRANSITIONS: Mapping[JobState, frozenset[JobState]] = MappingProxyType(
    {
        _S.AWAITING_APPROVAL: frozenset({_S.QUEUED, _S.WITHDRAWN}),
        _S.QUEUED: frozenset({_S.SUBMITTING, _S.RENDERING, _S.REJECTED, _S.WITHDRAWN, _S.AWAITING_APPROVAL}),
        _S.SUBMITTING: frozenset({_S.QUEUED, _S.RENDERING, _S.REJECTED, _S.UNCONFIRMED}),
        _S.RENDERING: frozenset({_S.ARCHIVING, _S.FAILED, _S.OVERDUE, _S.WITHDRAWN}),
        _S.OVERDUE: frozenset({_S.ARCHIVING, _S.FAILED}),
        _S.ARCHIVING: frozenset({_S.DONE, _S.FAILED, _S.LOST}),
        _S.UNCONFIRMED: frozenset({_S.RENDERING, _S.NOT_TAKEN, _S.WRITTEN_OFF}),
        _S.DONE: frozenset(),
        _S.FAILED: frozenset(),
        _S.REJECTED: frozenset(),
        # A person may have judged before the vendor's late answer came: an id that is paid for is never dropped. And a
        # person may take "not taken" back for a day, which reserves the money again.
        _S.NOT_TAKEN: frozenset({_S.RENDERING, _S.UNCONFIRMED}),
        _S.WRITTEN_OFF: frozenset({_S.RENDERING}),
        _S.WITHDRAWN: frozenset(),
        _S.LOST: frozenset(),
    }
)
"""From each state to those that may follow it. Who may take a step is decided by the ledger's guards."""

UNDO_NOT_TAKEN = timedelta(days=1)
"""For how long a person may take back that an unconfirmed job was not taken."""

LIVE = "live"
SANDBOX = "sandbox"

TRACKER = "tracker"
"""Who an event names when no person took the step."""


class Money(StrEnum):
    """What a job in a state means for the money."""

    NONE = "none"
    """Nothing is, or was, to be paid."""
    RESERVED = "reserved"
    """What it may cost counts in its caps."""
    SETTLED = "settled"
    """It is known what was paid, as far as it ever will be."""


@dataclass(frozen=True, slots=True)
class StateFacts:
    """What is true of every job in a state."""

    money: Money
    moves: bool = False
    """The tracker moves it on by itself."""
    withdrawable: bool = False
    """It can be taken back for free; a draft also while it renders."""
    awaits_person: bool = False
    """A person has to decide before it goes on."""
    takes_slot: bool = False
    """It takes one of its vendor's concurrent slots."""
    pollable: bool = False
    """Its vendor has it and can be asked about it."""
    correctable: bool = False
    """A late answer can correct it."""
    ended_at_vendor: bool = False
    """It came to an end at a vendor, which may have been billed."""
    unchosen_end: bool = False
    """It ended, or stopped, without anybody having chosen that: whoever made it is told."""


STATES: Mapping[JobState, StateFacts] = MappingProxyType(
    {
        _S.AWAITING_APPROVAL: StateFacts(Money.NONE, withdrawable=True, awaits_person=True),
        _S.QUEUED: StateFacts(Money.NONE, moves=True, withdrawable=True),
        _S.SUBMITTING: StateFacts(Money.RESERVED, moves=True, takes_slot=True),
        _S.RENDERING: StateFacts(Money.RESERVED, moves=True, takes_slot=True, pollable=True),
        _S.OVERDUE: StateFacts(Money.RESERVED, moves=True, pollable=True),
        _S.ARCHIVING: StateFacts(Money.RESERVED, moves=True, pollable=True),
        _S.DONE: StateFacts(Money.SETTLED, ended_at_vendor=True, unchosen_end=True),
        _S.FAILED: StateFacts(Money.SETTLED, ended_at_vendor=True, unchosen_end=True),
        _S.REJECTED: StateFacts(Money.NONE, unchosen_end=True),
        _S.UNCONFIRMED: StateFacts(Money.RESERVED, awaits_person=True, correctable=True, unchosen_end=True),
        _S.NOT_TAKEN: StateFacts(Money.NONE, correctable=True),
        _S.WRITTEN_OFF: StateFacts(Money.SETTLED, correctable=True),
        _S.WITHDRAWN: StateFacts(Money.NONE),
        _S.LOST: StateFacts(Money.SETTLED, ended_at_vendor=True, unchosen_end=True),
    }
)
"""The one table of what a state means. Everything that depends on a job's state asks it, or a set below."""


def states_where(holds: Callable[[StateFacts], bool]) -> frozenset[JobState]:
    """The states of whose facts something holds."""
    return frozenset(state for state, facts in STATES.items() if holds(facts))


PENDING = states_where(lambda facts: facts.moves)
"""States that the tracker moves on by itself."""
WITHDRAWABLE = states_where(lambda facts: facts.withdrawable)
"""States in which any job can be taken back for free; a draft also while it renders."""
AWAITS_PERSON = states_where(lambda facts: facts.awaits_person)
"""States in which a person has to decide."""
FREE = states_where(lambda facts: facts.money is Money.NONE)
"""States in which nothing is, or was, to be paid."""
SETTLED = states_where(lambda facts: facts.money is Money.SETTLED)
"""States in which it is known what was paid, as far as it ever will be."""
TAKES_SLOT = states_where(lambda facts: facts.takes_slot)
"""States in which a job takes one of its vendor's concurrent slots."""
POLLABLE = states_where(lambda facts: facts.pollable)
"""States in which the vendor can be asked about a job."""
CORRECTABLE = states_where(lambda facts: facts.correctable)
"""States that a late answer can correct."""
ENDED_AT_VENDOR = states_where(lambda facts: facts.ended_at_vendor)
"""Ends at a vendor, which may have been billed."""
UNCHOSEN_ENDS = states_where(lambda facts: facts.unchosen_end)
"""Ends that nobody chose."""
MAYBE_AT_VENDOR = POLLABLE | {_S.UNCONFIRMED}
"""States in which the vendor has the job, or may have it, and no request of ours is on its way."""
NEEDS_MEDIA = PENDING | AWAITS_PERSON
"""Jobs in these states keep all that they are made from, however old it is."""


def may_become(now: JobState, then: JobState) -> bool:
    """Whether a job may go from ``now`` to ``then``."""
    return then in TRANSITIONS[now]


@dataclass(frozen=True, slots=True)
class Job:
    """One render that somebody asked for, as the ledger knows it. Instants are aware UTC."""

    id: int
    state: JobState
    engine: str
    brief: Brief
    """Frozen when the job was made; its media are kept ones."""
    quote: Quote
    by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    frames_done: int
    frames_total: int
    rendering_since: datetime | None
    """When the present attempt's first frame count arrived: what "time left" is measured from."""
    attempts: int
    """How often a tracker has taken it up; more than once means that a render was cut off."""
    error: str | None
    output: Path | None
    """The kept video on this machine, once done."""
    output_sha256: str | None
    environment: str = LIVE
    """`LIVE` or `SANDBOX`, frozen when the job was made."""
    base_url: str | None = None
    """The vendor's address, frozen when the job was made; None for drafts and in the sandbox."""
    key_fingerprint: str | None = None
    """Which key it goes with, frozen when the job was made."""
    vendor_id: str | None = None
    """The vendor's own id, once it took the job."""
    candidate: str | None = None
    """An id that may be this job's, offered last; it counts once the vendor confirms it."""
    candidates: tuple[str, ...] = ()
    """All such ids, the last one first: one may be forged, and hides no other."""
    due_at: datetime | None = None
    """When a tracker takes it up next: for a queued job, not before; else when the vendor is asked again."""
    sent_at: datetime | None = None
    """When the paid request began to leave."""
    expected_end: datetime | None = None
    """When the vendor should be done, with a generous margin; later the job is overdue."""
    asks: int = 0
    """How often the vendor was asked about it."""
    snags: int = 0
    """Free requests and downloads that went wrong in a row."""
    flaws: int = 0
    """How often its video came and could not be played."""
    missing_since: datetime | None = None
    """Since when the vendor says that it does not have the job."""
    vendor_word: str | None = None
    """The vendor's own word for where it stands."""
    progress: float | None = None
    """From 0 to 1, where the vendor tells."""
    output_url: str | None = None
    """Where the vendor keeps the video."""
    vendor_deletes_at: datetime | None = None
    """When the vendor deletes it; None where it does not say, or has none."""
    said_credits: Decimal | None = None
    said_usd_micros: int | None = None
    """What the vendor said that it costs when it took it; None where it said nothing. The bill may differ."""
    billed_credits: Decimal | None = None
    billed_usd_micros: int | None = None
    bill_usd_micros: int | None = None
    """What the bill comes to in dollars, credits at the rate of the quote; None where that is not known."""
    output_s: float | None = None
    """Seconds of the finished video, as measured here."""
    paid_usd_micros: int | None = None
    """What it cost by the vendor's invoice, typed in by a person for a job of unknown price."""
    above_at: datetime | None = None
    """When it was found to have cost more than its price; None where it did not."""
    length_s: float | None = None
    """Seconds of video that were asked for, as far as known before."""
    batch: str | None = None
    """The press it was made by, where that made several."""
    follows: int | None = None
    """The job whose lost answer it was sent anew for."""
    hidden: bool = False
    """Taken off the lists by a person; it is tended all the same."""
    month: str | None = None
    """Whose budget it counts in, as ``2026-11``; None before it was about to be sent, and in the sandbox."""
    counted_usd_micros: int = 0
    """What it counts there: reserved while it is under way, then what it cost."""
    ceiling_usd_micros: int | None = None
    """What a cap reserves for an unknown price, as its maker said; nobody enforces it at the vendor."""
    decide_by: datetime | None = None
    """Until when somebody may approve it; None where nobody had to."""
    decided_by: str | None = None
    """Who approved or declined it."""
    decided_at: datetime | None = None
    decided_why: str | None = None
    """Why it had to be approved; once it was declined, why."""

    @property
    def only_invoice_tells(self) -> bool:
        """Whether it is over and had no price before, and no vendor's answer says what it cost."""
        untold = self.quote.usd_micros is None and self.bill_usd_micros is None
        return self.state in SETTLED and self.month is not None and untold

    @property
    def pending(self) -> bool:
        """Whether the tracker still moves this job on by itself."""
        return self.state in PENDING

    @property
    def sandbox(self) -> bool:
        """Whether it only ever goes to the sandbox: nothing is billed."""
        return self.environment == SANDBOX

    @property
    def provider(self) -> str:
        """The vendor's id, or ``draft``."""
        return self.engine.partition("/")[0]

    @property
    def is_draft(self) -> bool:
        """Whether the local draft engine renders it: free, repeatable, and not for publishing."""
        return self.engine.startswith("draft/")

    def was_declined(self, history: Sequence[JobEvent]) -> bool:
        """Whether an approver declined it, by its ``history``: it was withdrawn while it waited, by a decision."""
        earlier = [event.state for event in history if event.state is not JobState.WITHDRAWN]
        is_decided = self.state is JobState.WITHDRAWN and self.decided_at is not None
        return is_decided and earlier[-1:] == [JobState.AWAITING_APPROVAL]

    @property
    def can_withdraw(self) -> bool:
        """Whether it can still be taken back with nothing charged."""
        return self.state in WITHDRAWABLE or (self.is_draft and self.state is JobState.RENDERING)


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One line of a job's history; the ledger only ever adds them."""

    at: datetime
    state: JobState
    by: str
    note: str
