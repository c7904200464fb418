"""How an answer changes a job: outcome × job × now → `Change`. Pure: no clock, no store, no network.

These are the rows of docs/paid-once.md. The caller that applies a change adds its guards: which tracker must still hold
the job, and for which attempt the outcome counts.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lipsync_core.db.database import ms_of
from lipsync_core.job import CORRECTABLE, Job, JobState
from lipsync_core.ledger.rows import Change
from lipsync_core.providers.base import Provider
from lipsync_core.providers.wire import (
    AskAgain,
    Busy,
    Charge,
    LogRow,
    NotSent,
    Poll,
    PollAnswer,
    PollState,
    Refusal,
    Refused,
    SubmitOutcome,
    Taken,
    Unclear,
)
from lipsync_core.quote import price_text
from lipsync_core.tracker.pace import DAY_S, LOOK_FOR_S, Pace, fetch_until

log = logging.getLogger(__name__)

STOPPED = Unclear("The studio stopped after it had sent the order and before the answer arrived.")
"""The outcome of a request whose sender stopped after the mark and recorded no answer."""


@dataclass(frozen=True, slots=True)
class Case:
    """A job, its vendor, and the time of the decision about it."""

    job: Job
    provider: Provider
    now: datetime
    pace: Pace
    settled: bool = True
    """Whether the computer's clock was not set lately. If it was, time that has passed ends nothing."""

    @property
    def title(self) -> str:
        """The vendor's name."""
        return self.provider.title

    @property
    def poll_every_s(self) -> float:
        """The vendor's poll interval."""
        return self.provider.poll_every_s.value

    @property
    def tried_for_s(self) -> float:
        """Seconds since the first attempt to send the job."""
        return (self.now - (self.job.started_at or self.job.created_at)).total_seconds()

    @property
    def sent_s_ago(self) -> float:
        """Seconds since its request left."""
        return (self.now - (self.job.sent_at or self.job.created_at)).total_seconds()

    def in_ms(self, seconds: float = 0.0) -> int:
        """Return the time ``seconds`` from now, as the ledger stores it."""
        return ms_of(self.now) + int(seconds * 1000)

    def becomes(self, then: JobState, note: str, due_ms: int | None = None, /, **values: object) -> Change:
        """Return the change of the job to the state ``then``, with values of its row."""
        return Change(self.job.id, self.job.state, then, note=note, due_ms=due_ms, values=values)

    def stays(self, due_ms: int | None = None, /, **values: object) -> Change:
        """Return a change of row values that keeps the state."""
        return Change(self.job.id, self.job.state, due_ms=due_ms, values=values)


# The paid request


def after_submit(case: Case, outcome: SubmitOutcome | NotSent) -> Change:
    """Return how the outcome of its one POST changes a job that is being submitted."""
    job, pace = replace(case.job, state=JobState.SUBMITTING), case.pace
    case = replace(case, job=job)
    match outcome:
        case Taken(job_id=vendor_id, said=said):
            wait_s = pace.until_next_poll_s(job, case.poll_every_s, 0.0)
            note = f"{case.title} took it as {vendor_id}{_and_said(said)}"
            first = {"vendor_id": vendor_id, "candidate": None, "error": None, "failures_in_a_row": 0, "bad_outputs": 0}
            return case.becomes(JobState.RENDERING, note, case.in_ms(wait_s), **first, **_said_at_submit(said))
        case Refused(message=why):
            return case.becomes(JobState.REJECTED, why, error=why)
        case Busy(retry_after_s=wish_s) if case.tried_for_s < pace.busy_for_s or not case.settled:
            note = f"{case.title} asks us to wait; nothing was taken"
            return case.becomes(JobState.QUEUED, note, case.in_ms(_pause_s(wish_s, job, pace)))
        case NotSent(reason=why) if case.tried_for_s < pace.unsent_for_s or not case.settled:
            wait_s = pace.until_next_try_s(job.attempts)
            return case.becomes(JobState.QUEUED, f"{why} It will be tried again", case.in_ms(wait_s))
        case Unclear(what=what, candidate=candidate):
            # Due at once, to look for the job at the vendor if possible. Without an id in the answer, the candidate
            # stays: a webhook may have offered one meanwhile.
            named = {"candidate": candidate} if candidate else {}
            return case.becomes(
                JobState.UNCONFIRMED, f"{what} The order may have arrived.", case.in_ms(), error=what, **named
            )
        case _:
            why = f"{_words(case, outcome)} It was tried for {case.tried_for_s / 60:.0f} min."
            return case.becomes(JobState.REJECTED, why, error=why)


def never_sent(case: Case) -> Change:
    """Queue a claimed job again whose sender stopped before the mark: provably nothing was sent."""
    note = "the studio stopped before anything was sent; the job is queued again"
    return replace(case.becomes(JobState.QUEUED, note, case.in_ms()), unsent=True)


def after_late_answer(case: Case, outcome: SubmitOutcome | NotSent) -> Change | None:
    """Return how an outcome changes a job that was judged without it; None if nothing can be corrected any more.

    A paid id is never dropped, whatever was decided meanwhile. Any other outcome settles only a job that is still
    unconfirmed, and only for the attempt that it is about.
    """
    job = case.job
    if job.state not in CORRECTABLE:
        return None
    open_still = job.state is JobState.UNCONFIRMED
    if isinstance(outcome, Taken):
        taken = after_submit(case, outcome)
        note = f"the answer came late: {case.title} has the job as {outcome.job_id}"
        return replace(taken, was=job.state, note=note, values={**taken.values, "finished_ms": None})
    if isinstance(outcome, Refused | NotSent | Busy) and open_still:
        why = _words(case, outcome)
        how = "it is now certain" if isinstance(outcome, NotSent) else "the answer came late"
        change = case.becomes(JobState.NOT_TAKEN, f"{how}: {why}", error=why)
    elif isinstance(outcome, Unclear) and outcome.candidate and open_still:
        change = case.stays(case.in_ms(), candidate=outcome.candidate)
    elif open_still:  # nothing new is known; the search continues as before
        change = case.stays(error=_words(case, outcome))
    else:  # already decided correctly; the answer is used up and the job no longer due
        change = replace(case.stays(), values={"due_ms": None})
    return replace(change, attempt=job.attempts)


@dataclass(frozen=True, slots=True)
class AccountPaused:
    """Nothing more is sent with this key until a person has looked at the account."""

    why: str


@dataclass(frozen=True, slots=True)
class AccountWaits:
    """Nothing more is sent to the vendor for a while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class AccountTrouble:
    """Something went wrong. Providers shows it, and sending continues."""

    why: str


def after_submit_for_account(
    job: Job, outcome: SubmitOutcome | NotSent, pace: Pace
) -> AccountPaused | AccountWaits | AccountTrouble | None:
    """Return what the outcome of one POST means for the vendor's account, and so for its other jobs."""
    match outcome:
        case Refused(kind=Refusal.KEY | Refusal.CREDIT | Refusal.ACCOUNT, message=why):
            return AccountPaused(why)
        case Busy(retry_after_s=wish_s):
            return AccountWaits(_pause_s(wish_s, job, pace))
        case NotSent(reason=why) | Unclear(what=why) | Refused(message=why):
            return AccountTrouble(why)
        case _:
            return None


# Polls


def after_poll(case: Case, answer: PollAnswer, key: str) -> Change:
    """Return how a poll's answer changes a job at its vendor; ``key`` is the fingerprint of the key used to ask."""
    poll = answer.polls.get(case.job.vendor_id or "")
    if poll is not None:
        return _polled(case, poll)
    if case.job.vendor_id in answer.missing:
        return _missing(case, key)
    return ask_again(case, AskAgain(f"{case.title} did not mention this job."))


def ask_again(case: Case, snag: AskAgain) -> Change:
    """Schedule the next poll after one without a usable answer, with a longer wait each time."""
    job = case.job
    wait_s = case.pace.after_failure_s(job.failures_in_a_row, case.poll_every_s, snag.retry_after_s)
    return case.stays(case.in_ms(wait_s), polls=job.polls + 1, failures_in_a_row=job.failures_in_a_row + 1)


def _polled(case: Case, poll: Poll) -> Change:
    job = case.job
    if not poll.known:
        log.info("%s gives job %s the undocumented state “%s”", case.title, job.id, poll.raw_state)
    if poll.state is PollState.FAILED:
        return _ended(case, JobState.FAILED, poll.error or f"{case.title} gave no reason.", poll)
    if poll.state is PollState.SUCCEEDED and poll.output_url is not None:
        return _succeeded(case, poll, poll.output_url)
    if poll.state is PollState.SUCCEEDED or job.state is JobState.ARCHIVING:  # archiving: it was done before
        return _linkless(case, poll)
    late = job.state is JobState.RENDERING and job.expected_end is not None and case.now > job.expected_end
    wait_s = case.pace.until_next_poll_s(job, case.poll_every_s, case.sent_s_ago)
    values = _said(job, poll) | {"failures_in_a_row": 0}
    if late and case.settled:
        return case.becomes(
            JobState.OVERDUE, f"{case.title} still says “{poll.raw_state}”", case.in_ms(wait_s), **values
        )
    return case.stays(case.in_ms(wait_s), **values)


def _succeeded(case: Case, poll: Poll, link: str) -> Change:
    job = case.job
    values = _said(job, poll) | {"output_url": link, "failures_in_a_row": 0, "bad_outputs": 0, "progress": None}
    if job.missing_since is None:  # its first link
        values |= _deleted_later(case)
    if job.state is JobState.ARCHIVING:  # keeps its count of failed downloads
        del values["missing_since_ms"], values["bad_outputs"], values["failures_in_a_row"]
        return case.stays(case.in_ms(), **values)
    return case.becomes(JobState.ARCHIVING, f"{case.title} is done", case.in_ms(), **values)


def _linkless(case: Case, poll: Poll) -> Change:
    """Handle a job that is done but has no link: poll until the vendor's copy is gone, as the video is paid for."""
    job, title = case.job, case.title
    why = f"{title} says “{poll.raw_state}” but gives no link to the video"
    if job.state is not JobState.ARCHIVING:
        first = ask_again(replace(case, job=replace(job, failures_in_a_row=0)), AskAgain(why))
        more = _said(job, poll) | _deleted_later(case) | {"error": f"{why} yet."}
        return replace(first, then=JobState.ARCHIVING, note=f"{why} yet", values={**first.values, **more})
    if case.now <= fetch_until(job) or not case.settled:
        return ask_again(case, AskAgain(why))
    lost = f"{title} reported the job as done, but gave no link to the video before its copy was gone."
    last = f"Last error: {job.error} " if job.error else ""
    return _ended(case, JobState.LOST, f"{lost} {last}{title} has the job as {job.vendor_id}.", poll)


def _missing(case: Case, key: str) -> Change:
    """Handle a job that its vendor does not know: it is gone once the key that made it was told so for a day."""
    job, title = case.job, case.title
    if key != job.key_fingerprint:
        return ask_again(case, AskAgain(f"{title} does not have this job under another key."))
    since = job.missing_since or case.now
    if case.settled and case.now - since >= timedelta(seconds=DAY_S):
        why = f"{title} has said for a day that it does not have this job ({job.vendor_id})."
        return _ended(case, JobState.LOST if job.state is JobState.ARCHIVING else JobState.FAILED, why, None)
    again = ask_again(case, AskAgain(f"{title} does not have this job at the moment."))
    return replace(again, values={**again.values, "missing_since_ms": ms_of(since)})


def _ended(case: Case, then: JobState, why: str, poll: Poll | None) -> Change:
    job = case.job
    values = ({} if poll is None else _said(job, poll)) | {"error": why, "failures_in_a_row": 0}
    billed = job.billed_usd_micros is not None or values.get("billed_usd_micros") is not None
    is_free = then is JobState.FAILED and poll is not None and case.provider.refunds(poll.raw_state)
    return case.becomes(then, why, _first_bill_ms(case, billed=billed or is_free), **values)


# Looking for a job whose answer was lost


def found_at_vendor(case: Case, vendor_id: str) -> Change:
    """Return the change of an unconfirmed job that its vendor turns out to have."""
    known = {"vendor_id": vendor_id, "candidate": None, "error": None, "finished_ms": None, "failures_in_a_row": 0}
    return case.becomes(JobState.RENDERING, f"{case.title} has the job as {vendor_id}", case.in_ms(), **known)


def free_in_the_log(case: Case) -> Change:
    """Return the change of an unconfirmed job that the vendor's log lists as failed and free."""
    why = f"{case.title}’s log lists the request as failed, at no cost."
    return case.becomes(JobState.NOT_TAKEN, why, error=why)


def not_found_yet(case: Case) -> Change:
    """Schedule the next search for an unconfirmed job that was not found, while it can still be traced."""
    job = case.job
    untraceable = case.provider.logs() is None and not job.candidates
    due_ms = None
    if not untraceable and (case.sent_s_ago <= LOOK_FOR_S or not case.settled):
        due_ms = case.in_ms(case.pace.after_failure_s(job.polls, case.poll_every_s, None))
    return case.stays(due_ms, polls=job.polls + 1)


# The finished video


def video_kept(case: Case, sha256: str, duration_s: float | None, flaw: str, cost_usd_micros: int | None) -> Change:
    """Return the change of a job whose video is stored here; ``flaw`` says why it cannot be played, if so."""
    error = f"{case.title}’s video cannot be played here, but it is kept as it arrived. {flaw}" if flaw else None
    measured: dict[str, object] = {}
    if duration_s:
        measured = {"output_ms": round(duration_s * 1000), "output_usd_micros": cost_usd_micros}
    due_ms = _first_bill_ms(case, billed=case.job.billed_usd_micros is not None)
    return case.becomes(
        JobState.DONE, "kept", due_ms, output_sha256=sha256, error=error, failures_in_a_row=0, **measured
    )


def video_not_kept(case: Case, why: str, *, gone: bool = False, bad_outputs: int = 0) -> Change:
    """Schedule another download of a job's video, or end the job as lost once the vendor's copy must be gone.

    ``gone`` says that the link no longer works, so the vendor is asked for a fresh one first.
    """
    job = case.job
    since = job.missing_since or case.now
    gone_for_good = gone and job.vendor_deletes_at is None and case.now - since >= timedelta(seconds=DAY_S)
    if case.settled and (case.now > fetch_until(job) or gone_for_good):
        lost = f"{case.title} finished, but our download failed until its copy was gone. Last error: {why}"
        due_ms = _first_bill_ms(case, billed=job.billed_usd_micros is not None)
        return case.becomes(JobState.LOST, lost, due_ms, error=lost, failures_in_a_row=0)
    wait_s = case.pace.after_failure_s(job.failures_in_a_row, 5.0, None)
    fresh = {"output_url": None, "missing_since_ms": ms_of(since)} if gone else {}
    return case.stays(
        case.in_ms(wait_s), failures_in_a_row=job.failures_in_a_row + 1, bad_outputs=bad_outputs, error=why, **fresh
    )


def link_of_another_sandbox(case: Case) -> Change:
    """Ask for a fresh link: a restarted sandbox has another port."""
    return case.stays(case.in_ms(1.0), output_url=None)


# The bill


def after_log(case: Case, row: LogRow | None) -> Change:
    """Return how the vendor's log changes an ended job of unknown cost; without a row the log is read again later."""
    job = case.job
    if row is not None and _says_what_was_billed(job, row):
        credits = None if row.cost.credits is None else str(row.cost.credits)
        note = f"{case.title}’s log says {price_text(row.cost.usd_micros)}"
        return replace(
            case.stays(billed_usd_micros=row.cost.usd_micros, billed_credits=credits, failures_in_a_row=0), note=note
        )
    if row is not None and row.free:
        log.warning("%s’s log lists job %s as failed, although the vendor delivered its video", case.title, job.id)
    if case.sent_s_ago > LOOK_FOR_S and case.settled:
        return case.stays(failures_in_a_row=0)
    wait_s = case.pace.until_next_bill_s(job.failures_in_a_row + 1, case.poll_every_s)
    return case.stays(case.in_ms(wait_s), failures_in_a_row=job.failures_in_a_row + 1)


def _first_bill_ms(case: Case, *, billed: bool) -> int | None:
    """Return when the vendor's log is first read for the cost; None if the bill is known or there is no log."""
    if billed or case.provider.logs() is None:
        return None
    return case.in_ms(case.pace.until_next_bill_s(0, case.poll_every_s))


def _says_what_was_billed(job: Job, row: LogRow) -> bool:
    """Return whether a log row is a bill. Zero counts only without a video: a charge may be logged later."""
    if row.cost.usd_micros is None:
        return False
    return row.cost.usd_micros > 0 or (row.free and job.state is JobState.FAILED)


# What answers say


def _pause_s(wish_s: float | None, job: Job, pace: Pace) -> float:
    return max(wish_s or 0.0, pace.until_next_try_s(job.attempts))


def _deleted_later(case: Case) -> dict[str, object]:
    """Return when the vendor deletes the video of a job that is now done, if the vendor documents it."""
    kept_h = case.provider.keeps_output_h.value
    return {} if kept_h is None or case.job.sandbox else {"vendor_deletes_ms": case.in_ms(kept_h * 3600)}


def _said(job: Job, poll: Poll) -> dict[str, object]:
    """Return the values that every poll's answer updates."""
    said: dict[str, object] = {
        "polls": job.polls + 1,
        "vendor_word": poll.raw_state,
        "progress": poll.progress,
        "missing_since_ms": None,
    }
    if poll.billed_credits is not None:
        said["billed_credits"] = str(poll.billed_credits)
    if poll.billed_usd_micros is not None:
        said["billed_usd_micros"] = poll.billed_usd_micros
    return said


def _said_at_submit(said: Charge | None) -> dict[str, object]:
    if said is None:
        return {}
    credits = None if said.credits is None else str(said.credits)
    return {"said_credits": credits, "said_usd_micros": said.usd_micros}


def _and_said(said: Charge | None) -> str:
    if said is None:
        return ""
    named = f"{said.credits} credits" if said.usd_micros is None else price_text(said.usd_micros)
    return f" and said {named}"


def _words(case: Case, outcome: SubmitOutcome | NotSent) -> str:
    match outcome:
        case Refused(message=why) | NotSent(reason=why) | Unclear(what=why):
            return why
        case _:
            return f"{case.title} kept asking for a pause."
