"""What must be true after a day, whatever happened in it. Pure: from what was seen to what was broken."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lipsync_core.job import PENDING, JobState
from lipsync_core.tracker.failpoints import ANSWER_APPLIED, ANSWER_KEPT, BEFORE_POST
from tests.faults.plan import PACE, Plan

BUSY = 429
"""What says, in a vendor's own words, that nothing was taken for now."""
REFUSING = frozenset({400, 401, 402, 403, 404, 413, 422})
"""Refusals that prove the same, in a vendor's own words."""
HAS_LOG = frozenset({"aimlapi"})
"""The vendors whose log finds a job whose answer was lost."""
PROVES_LITTLE = frozenset({"lost", "gateway", "bare", "redirect", "huge", "no_id", "malformed"})
"""Faults after which an answer does not say whether the order was taken."""
SETTLES = frozenset({BEFORE_POST, ANSWER_KEPT, ANSWER_APPLIED})
"""Points at which a crash leaves nothing open about the job that is there: not sent yet, or the answer is kept."""


@dataclass(frozen=True, slots=True)
class Post:
    """One paid request as the sandbox saw it."""

    fault: str | None
    status: int | None
    """What it was answered with; 0 for a closed connection, None where the sandbox came to no answer."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One job that was asked for, from both sides."""

    vendor: str
    job: dict[str, Any]
    """Its row in the ledger; where it was sent anew, that of the job which was."""
    posts: tuple[Post, ...]
    billed: tuple[str, ...]
    """The vendor's id on each line of the bill."""
    ended: str | None
    """What the vendor itself calls the job in the end: ``succeeded`` or ``failed``; None where it has none."""
    kept: bytes | None
    """The video in the store."""
    cut: bool
    """Whether its tracker was killed or stopped with the request out and no answer kept."""
    late: bool = False
    """Whether its request ran into its deadline because this machine was too busy."""
    declared: JobState | None = None
    """Where it was declared not taken and sent anew: how the first job ended."""

    @property
    def state(self) -> JobState:
        """Where it ended."""
        return JobState(self.job["state"])


@dataclass(frozen=True, slots=True)
class Seen:
    """A day, as the ledger, the bill and the store tell it."""

    intents: tuple[Intent, ...]
    reserved: int
    """What the team's budget says is taken, in micro-dollars."""
    keys_on_downloads: int
    """Downloads to which a key was sent."""
    troubles: tuple[str, ...] = field(default=())
    """Trackers that crashed by themselves, or never came to an end."""


def broken(plan: Plan, seen: Seen) -> list[str]:
    """Every promise that was not kept, in words."""
    found = list(seen.troubles)
    for number, intent in enumerate(seen.intents, 1):
        found += [f"job {number} ({intent.vendor}, {intent.state}): {what}" for what in _of_one(plan, intent)]
    if seen.keys_on_downloads:
        found.append("a key was sent along with a download")
    counted = sum(intent.job["counted_usd_micros"] for intent in seen.intents)
    if seen.reserved != counted:
        found.append(f"the month's budget says {seen.reserved}, its jobs come to {counted} micro-dollars")
    return found


def _of_one(plan: Plan, intent: Intent) -> Iterator[str]:
    vendor_id, state = intent.job["vendor_id"], intent.state
    if len(intent.billed) > 1:
        yield f"billed {len(intent.billed)} times"
    if not all(_said_busy(post) for post in intent.posts[:-1]):
        yield f"sent again although an earlier request may have been taken: {intent.posts}"
    if vendor_id is not None and vendor_id not in intent.billed:
        yield f"taken as {vendor_id}, which nobody billed"
    if any(line != vendor_id for line in intent.billed) and state is not JobState.UNCONFIRMED:
        yield f"billed as {intent.billed}, of which the ledger knows nothing"
    if intent.declared not in (None, JobState.NOT_TAKEN):
        yield f"declared not taken, and ended as {intent.declared} all the same"
    if state in PENDING:
        yield "it has no end"
    elif state is JobState.UNCONFIRMED:
        if not _is_open(plan, intent):
            yield f"unconfirmed, although it can be known what became of it: {intent.posts}"
    elif vendor_id is not None:
        yield from _of_taken(intent)
    elif state is JobState.REJECTED:
        if not any(post.fault == "refused" and post.status in REFUSING for post in intent.posts):
            yield f"rejected, although nobody refused it: {intent.job['error']}"
    elif state is not JobState.NOT_TAKEN:  # a late answer proved it
        yield "it ended without a reason"


def _of_taken(intent: Intent) -> Iterator[str]:
    """A taken job ends as its vendor says, and a finished video is kept whole."""
    if intent.ended == "failed":
        if intent.state is not JobState.FAILED:
            yield "the vendor failed it"
    elif intent.state is not JobState.DONE:
        yield f"its finished video was given up: {intent.job['error']}"
    elif intent.kept is None:
        yield "done, but its video is not in the store"
    elif hashlib.sha256(intent.kept).hexdigest() != intent.job["output_sha256"]:
        yield "its video was damaged in the store"
    elif not intent.kept.endswith(f"{intent.vendor} {intent.job['vendor_id']}".encode()):
        yield "its video is another job's"


def _said_busy(post: Post) -> bool:
    return post.fault == "refused" and post.status == BUSY


def _is_open(plan: Plan, intent: Intent) -> bool:
    """Whether nobody can know what became of the job's last request."""
    if intent.late:
        return True
    if intent.vendor in HAS_LOG and intent.billed:
        return False
    if plan.outage_s is not None or intent.cut:
        return True
    return any(_leaves_open(plan, post) for post in intent.posts)


def _leaves_open(plan: Plan, post: Post) -> bool:
    if post.fault == "refused":
        return post.status not in REFUSING and not _said_busy(post)
    return too_slow(plan, post) or post.fault in PROVES_LITTLE


def too_slow(plan: Plan, post: Post) -> bool:
    """Whether the plan made a request run into its deadline, so that this machine need not have been too busy."""
    return post.fault == "slow" and any(
        fault["kind"] == "slow" and fault.get("seconds", 0) > PACE.send_s for fault in plan.faults
    )
