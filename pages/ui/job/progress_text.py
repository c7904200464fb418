"""A pending job's progress in verifiable words: one line, and a bar if something can be measured.

Values in, Markdown out. Every tick calls this for every job on screen, so it does not read the ledger.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from lipsync_core import HOLD_S, PROVIDERS, Job, JobState
from pages.ui.text import about, clip, hour, md, plain, price, vendor, weekday

MOST_GUESSED = 0.95
"""The most that a bar fills by the clock alone: only the vendor knows that the job is done."""


@dataclass(frozen=True, slots=True)
class Told:
    """One line of Markdown; ``done`` from 0 to 1 is the bar's length, None without a bar."""

    text: str
    done: float | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """What queued jobs wait for, by vendor and environment."""

    used: Mapping[tuple[str, str], int]
    """Slots in use."""
    slots: Mapping[str, int]
    """Slots available, by vendor."""
    paused: Collection[tuple[str, str]] = ()
    """(Engine, environment) pairs that are paused until a person has checked."""


NO_QUEUE = Queue({}, {})


def is_held(job: Job, now: datetime) -> bool:
    """Return whether a job pressed in a browser can still be undone before a tracker claims it."""
    waits = job.due_at is not None and job.due_at > now
    return job.state is JobState.QUEUED and not job.is_draft and job.attempts == 0 and waits


def tell(
    job: Job, now: datetime, *, ahead: int = 0, queue: Queue = NO_QUEUE, wait: tuple[float | None, float | None]
) -> Told:
    """Describe a pending job's progress.

    Args:
        job: a pending job.
        now: the current time.
        ahead: number of drafts before it.
        queue: what paid jobs wait for.
        wait: seconds within which half, and nine of ten, such renders are ready; None if unknown.
    """
    match job.state:
        case JobState.QUEUED if job.is_draft:
            return Told(f"Waiting its turn, {ahead} ahead" if ahead else "Starting", 0.0)
        case JobState.QUEUED:
            return _queued(job, now, queue)
        case JobState.SUBMITTING:
            charge = (
                f"Nothing is billed: {price(job)}" if job.sandbox else "Can’t be undone any more, and may be charged"
            )
            return Told(f"Sending to {recipient(job)}. {md(charge)}.")
        case JobState.RENDERING if job.is_draft:
            return _drafted(job, now)
        case JobState.RENDERING:
            return _rendered(job, now, *wait)
        case JobState.OVERDUE:
            return _overdue(job)
        case JobState.ARCHIVING if job.is_draft:
            return Told("Checking and saving the video", 1.0)
        case JobState.ARCHIVING if job.failures_in_a_row:
            return Told(unsaved(job, now))
        case _:
            return Told(f"{vendor(job)} is done; we are saving the video", 1.0)


def unsaved(job: Job, now: datetime) -> str:
    """Say that a finished video is not saved yet, why, and how much time is left."""
    who = vendor(job)
    why = f" ({plain(job.error.rstrip('.'))})" if job.error else ""
    tries = "1 try" if job.failures_in_a_row == 1 else f"{job.failures_in_a_row} tries"
    if job.vendor_deletes_at is None:
        until = f"{who} does not say how long it keeps its copy."
    elif job.vendor_deletes_at > now:
        left = (job.vendor_deletes_at - now).total_seconds()
        until = f"{who} deletes its copy on {weekday(job.vendor_deletes_at)}, in {about(left)}."
    else:
        until = f"{who} planned to delete its copy on {weekday(job.vendor_deletes_at)}."
    return f"Not saved yet: {tries} failed{why}. {until} We try again{_when(job, now)}."


def unanswered(job: Job, now: datetime) -> str:
    """Say what is known of a job whose answer was lost, what it may cost, and where a person can find out."""
    who, sent = vendor(job), job.sent_at or job.created_at
    name, at = plain(job.title), hour(sent, seconds=True)
    why = f": {plain(job.error)}" if job.error else "."
    happened = f"We sent “{name}” to {recipient(job)} at {at} and got no clear answer{why}"
    bill = f"Nothing is billed in the sandbox: {price(job)}." if job.sandbox else f"and may bill {price(job)}."
    taken = f"{who} may have taken it{'. ' if job.sandbox else ' '}{md(bill)}"
    find_out = PROVIDERS[job.provider].where_to_ask(clip(job), hour(sent)) if job.provider in PROVIDERS else ""
    asking = f" For a real job it would go on: {find_out}" if job.sandbox else f" {find_out}"
    return f"{happened} {taken} We don’t send it again by ourselves.{asking}{_looking(job, now)}"


def _looking(job: Job, now: datetime) -> str:
    """Say that the studio itself searches for the job, if it can."""
    if job.due_at is None:
        return ""
    where = f"whether it is {vendor(job)}’s {plain(job.candidate)}" if job.candidate else f"in {vendor(job)}’s own log"
    return f" We look {where}, next{_when(job, now)}."


def _queued(job: Job, now: datetime, queue: Queue) -> Told:
    if is_held(job, now) and job.due_at is not None:
        left = (job.due_at - now).total_seconds()
        text = f"Goes to {recipient(job)} in {math.ceil(left)} s for {md(price(job))}"
        return Told(text, 1 - min(1.0, left / HOLD_S))
    if job.attempts and job.due_at is not None and job.due_at > now:
        return Told(f"Not sent yet, nothing charged: {vendor(job)} could not take it. We try again{_when(job, now)}.")
    if (job.engine, job.environment) in queue.paused:
        return Told(f"{vendor(job)} is paused: nothing is sent until somebody checks it on Providers")
    used, slots = queue.used.get((job.provider, job.environment), 0), queue.slots.get(job.provider)
    if slots is not None and used >= slots:
        return Told(f"Waiting for a free slot ({used} of {slots} in use)", 0.0)
    return Told("Next in line", 0.0)


def _drafted(job: Job, now: datetime) -> Told:
    if not job.frames_total or job.rendering_since is None:
        return Told("Listening to the voice", 0.0)
    done, total = job.frames_done, job.frames_total
    spent_s = (now - job.rendering_since).total_seconds()
    left = f", about {about(spent_s * (total - done) / done)} left" if done and spent_s > 1 else ""
    return Told(f"{done} of {total} frames{left}", min(1.0, done / total))


def _rendered(job: Job, now: datetime, half_s: float | None, most_s: float | None) -> Told:
    spent_s = max(0.0, (now - (job.sent_at or job.started_at or job.created_at)).total_seconds())
    done = job.progress
    if half_s is None:
        text = f"{about(spent_s)} so far"
    elif spent_s < half_s:
        ready = hour(now + timedelta(seconds=half_s - spent_s))
        text = f"about {about(half_s - spent_s)} left, ready around {ready}"
    elif most_s is None or spent_s <= most_s:
        text = f"{about(spent_s)} so far, 9 of 10 finish within {about(most_s or half_s)}"
    else:
        text = f"Longer than usual: {about(spent_s)} so far, 9 of 10 finish within {about(most_s)}."
        text += " Nothing is wrong yet."
    if job.progress is not None:
        text = f"{job.progress:.0%} done, {text[0].lower()}{text[1:]}"
    elif half_s:
        done = min(MOST_GUESSED, spent_s / half_s)
    return Told(text[0].upper() + text[1:] + _unheard(job), done)


def _unheard(job: Job) -> str:
    """Say that the vendor does not find the job or does not answer, if so."""
    if job.missing_since is not None:
        since = hour(job.missing_since)
        return f". {vendor(job)} has not found it since {since}; we go on asking for a day"
    if job.failures_in_a_row > 1:
        return f". {vendor(job)} did not answer our last {job.failures_in_a_row} questions; we go on asking"
    return ""


def _overdue(job: Job) -> Told:
    who = vendor(job)
    expected = f"Expected by {hour(job.expected_end)}; " if job.expected_end is not None else ""
    word = f"still says “{plain(job.vendor_word)}”" if job.vendor_word else "is still not done"
    days = PROVIDERS[job.provider].keeps_records_days.value if job.provider in PROVIDERS else None
    if days is None:
        asked = f"We ask every hour; {who} does not say how long it keeps its record."
    else:
        until = (job.sent_at or job.created_at) + timedelta(days=days)
        asked = f"We ask every hour while {who} keeps its record (until {weekday(until)})."
    return Told(f"{expected}{who} {word}. {asked} Nothing to do.{_unheard(job).removeprefix('.')}")


def recipient(job: Job) -> str:
    """Return the receiver of the job: the vendor, or the sandbox that simulates it."""
    return f"the sandbox’s {vendor(job)}" if job.sandbox else vendor(job)


def _when(job: Job, now: datetime) -> str:
    left = (job.due_at - now).total_seconds() if job.due_at is not None else 0.0
    return f" in {about(left)}" if left > 0.5 else " now"
