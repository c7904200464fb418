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
    """The state of a job. The comment beside each state says what is true in it."""

    AWAITING_APPROVAL = "awaiting_approval"  # priced above the maker's limit; nothing was sent
    QUEUED = "queued"  # ready to be claimed; nothing was sent
    SUBMITTING = "submitting"  # the paid request may be in flight; it is never sent a second time
    RENDERING = "rendering"  # a vendor, or the draft engine, is working on it
    OVERDUE = "overdue"  # past its expected end; still polled
    ARCHIVING = "archiving"  # rendered; the video is being downloaded and checked
    DONE = "done"  # the video is stored here
    FAILED = "failed"  # the engine could not render it
    REJECTED = "rejected"  # the vendor did not take it; nothing was charged
    UNCONFIRMED = "unconfirmed"  # sent, but no readable answer: it may have been paid
    NOT_TAKEN = "not_taken"  # an unconfirmed job turned out never to have been taken
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
        # A person may decide before the vendor's late answer arrives: an id that is paid for is never dropped. And a
        # person may undo "not taken" for a day, which reserves the money again.
        _S.NOT_TAKEN: frozenset({_S.RENDERING, _S.UNCONFIRMED}),
        _S.WRITTEN_OFF: frozenset({_S.RENDERING}),
        _S.WITHDRAWN: frozenset(),
        _S.LOST: frozenset(),
    }
)
"""From each state to those that may follow it. The ledger's guards decide who may make a transition."""

UNDO_NOT_TAKEN = timedelta(days=1)
"""How long a person may undo the decision that an unconfirmed job was not taken."""

LIVE = "live"
SANDBOX = "sandbox"

TRACKER = "tracker"
"""The name in an event that no person caused."""


class Money(StrEnum):
    """What a state means for the money."""

    NONE = "none"
    """Nothing is, or was, to be paid."""
    RESERVED = "reserved"
    """The possible cost counts in its caps."""
    SETTLED = "settled"
    """The final cost is known, as far as it ever will be."""


@dataclass(frozen=True, slots=True)
class StateFacts:
    """What is true of every job in a state."""

    money: Money
    moves: bool = False
    """The tracker advances it without a person."""
    withdrawable: bool = False
    """It can be withdrawn for free; a draft also while it renders."""
    awaits_person: bool = False
    """A person has to decide before it continues."""
    takes_slot: bool = False
    """It occupies one of its vendor's concurrent slots."""
    pollable: bool = False
    """Its vendor has it and can be polled."""
    correctable: bool = False
    """A late answer can correct it."""
    ended_at_vendor: bool = False
    """It ended at a vendor, which may have billed it."""
    unchosen_end: bool = False
    """It ended, or stopped, without a person's decision: its maker is notified."""


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
"""The one table of what a state means. Everything that depends on a job's state uses it, or a set below."""


def states_where(holds: Callable[[StateFacts], bool]) -> frozenset[JobState]:
    """Return the states whose facts satisfy a condition."""
    return frozenset(state for state, facts in STATES.items() if holds(facts))


PENDING = states_where(lambda facts: facts.moves)
"""States that the tracker advances without a person."""
WITHDRAWABLE = states_where(lambda facts: facts.withdrawable)
"""States in which any job can be withdrawn for free; a draft also while it renders."""
AWAITS_PERSON = states_where(lambda facts: facts.awaits_person)
"""States in which a person has to decide."""
FREE = states_where(lambda facts: facts.money is Money.NONE)
"""States in which nothing is, or was, to be paid."""
SETTLED = states_where(lambda facts: facts.money is Money.SETTLED)
"""States in which the final cost is known, as far as it ever will be."""
TAKES_SLOT = states_where(lambda facts: facts.takes_slot)
"""States in which a job occupies one of its vendor's concurrent slots."""
POLLABLE = states_where(lambda facts: facts.pollable)
"""States in which the vendor can be polled about a job."""
CORRECTABLE = states_where(lambda facts: facts.correctable)
"""States that a late answer can correct."""
ENDED_AT_VENDOR = states_where(lambda facts: facts.ended_at_vendor)
"""States of jobs that ended at a vendor, which may have billed them."""
UNCHOSEN_ENDS = states_where(lambda facts: facts.unchosen_end)
"""End states that no person chose."""
MAYBE_AT_VENDOR = POLLABLE | {_S.UNCONFIRMED}
"""States in which the vendor has the job, or may have it, and no request of ours is in flight."""
NEEDS_MEDIA = PENDING | AWAITS_PERSON
"""Jobs in these states keep all their media, however old."""


def may_become(now: JobState, then: JobState) -> bool:
    """Return whether a job may go from ``now`` to ``then``."""
    return then in TRANSITIONS[now]


@dataclass(frozen=True, slots=True)
class Job:
    """One requested render, as recorded in the ledger. Times are timezone-aware UTC."""

    id: int
    state: JobState
    engine: str
    brief: Brief
    """Frozen when the job was made; its media are stored ones."""
    quote: Quote
    by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    frames_done: int
    frames_total: int
    rendering_since: datetime | None
    """When the current attempt's first frame count arrived; "time left" is measured from then."""
    attempts: int
    """How often a tracker has claimed it to render or send it; a draft again if its render was interrupted."""
    error: str | None
    output: Path | None
    """The stored video on this machine, once done."""
    output_sha256: str | None
    environment: str = LIVE
    """`LIVE` or `SANDBOX`, frozen when the job was made."""
    base_url: str | None = None
    """The vendor's address, frozen when the job was made; None for drafts and in the sandbox."""
    key_fingerprint: str | None = None
    """The fingerprint of the key it is sent with, frozen when the job was made."""
    vendor_id: str | None = None
    """The vendor's own id, once it accepted the job."""
    candidate: str | None = None
    """The latest id offered as this job's; it counts once the vendor confirms it."""
    candidates: tuple[str, ...] = ()
    """All such ids, latest first: a forged one must not hide the others."""
    due_at: datetime | None = None
    """When a tracker claims it next: the earliest time to send a queued job, or the next poll of the vendor."""
    sent_at: datetime | None = None
    """When sending the paid request began."""
    expected_end: datetime | None = None
    """When the vendor should be done, with a generous margin; after that the job is overdue."""
    polls: int = 0
    """How often the vendor was polled about it."""
    failures_in_a_row: int = 0
    """Failed free requests and downloads in a row."""
    bad_outputs: int = 0
    """How often its video arrived and could not be played."""
    missing_since: datetime | None = None
    """Since when the vendor says that it does not have the job."""
    vendor_word: str | None = None
    """The vendor's own word for the job's state."""
    progress: float | None = None
    """From 0 to 1, if the vendor reports it."""
    output_url: str | None = None
    """Where the vendor keeps the video."""
    vendor_deletes_at: datetime | None = None
    """When the vendor deletes the video; None if the vendor does not say, or has no video."""
    said_credits: Decimal | None = None
    said_usd_micros: int | None = None
    """The charge that the vendor named when it accepted the job; None if it named none. The bill may differ."""
    billed_credits: Decimal | None = None
    billed_usd_micros: int | None = None
    bill_usd_micros: int | None = None
    """The bill in dollars, with credits at the rate of the quote; None if unknown."""
    output_s: float | None = None
    """Seconds of the finished video, as measured here."""
    paid_usd_micros: int | None = None
    """The cost by the vendor's invoice, entered by a person for a job of unknown price."""
    above_at: datetime | None = None
    """When it was found to have cost more than its price; None if it did not."""
    length_s: float | None = None
    """Seconds of video requested, as far as known in advance."""
    batch: str | None = None
    """The press that made it, if that press made several jobs."""
    follows: int | None = None
    """The job with the lost answer that this one was sent again for."""
    hidden: bool = False
    """Hidden from the lists by a person; it continues all the same."""
    month: str | None = None
    """The month in whose budget it counts, as ``2026-11``; None until it is about to be sent, and in the sandbox."""
    counted_usd_micros: int = 0
    """What it counts in that budget: the reserve while it is in progress, then its cost."""
    ceiling_usd_micros: int | None = None
    """What a cap reserves for an unknown price, as its maker set it; the vendor does not enforce it."""
    decide_by: datetime | None = None
    """The deadline for its approval; None if it needed none."""
    decided_by: str | None = None
    """Who approved or declined it."""
    decided_at: datetime | None = None
    decided_why: str | None = None
    """Why it needed approval, with what its maker said; once it was declined, the reason for that."""

    @property
    def only_invoice_tells(self) -> bool:
        """Whether it has ended, had no price before, and no answer of the vendor says what it cost."""
        untold = self.quote.usd_micros is None and self.bill_usd_micros is None
        return self.state in SETTLED and self.month is not None and untold

    @property
    def pending(self) -> bool:
        """Whether the tracker still advances this job without a person."""
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
    def is_over(self) -> bool:
        """Whether nothing is left to do or decide about it."""
        return not self.pending and self.state not in AWAITS_PERSON

    @property
    def title(self) -> str:
        """What people call it: its brief's title, or its number."""
        return self.brief.title or f"Job {self.id}"

    @property
    def is_draft(self) -> bool:
        """Whether the local draft engine renders it: free, repeatable, and not for publishing."""
        return self.engine.startswith("draft/")

    def was_declined(self, history: Sequence[JobEvent]) -> bool:
        """Return whether an approver declined it: its ``history`` shows that a decision withdrew it while it waited."""
        earlier = [event.state for event in history if event.state is not JobState.WITHDRAWN]
        is_decided = self.state is JobState.WITHDRAWN and self.decided_at is not None
        return is_decided and earlier[-1:] == [JobState.AWAITING_APPROVAL]

    @property
    def can_withdraw(self) -> bool:
        """Whether it can still be withdrawn free of charge."""
        return self.state in WITHDRAWABLE or (self.is_draft and self.state is JobState.RENDERING)


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One line of a job's history; the ledger only ever adds them."""

    at: datetime
    state: JobState
    by: str
    note: str
