"""What every outcome of the one paid request makes of a job, as a table of values: no server, no ledger, no clock.

The table in docs/paid-once.md names the same outcomes and the same states.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, get_args

import pytest

from lipsync_core import ROOT, Brief, Job, JobState, Qualifier, Quote
from lipsync_core.db.database import ms_of
from lipsync_core.job import CORRECTABLE, may_become
from lipsync_core.ledger.rows import Change
from lipsync_core.providers.registry import PROVIDERS
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
from lipsync_core.tracker.outcomes import (
    STOPPED,
    AccountPaused,
    AccountTrouble,
    AccountWaits,
    Case,
    after_late_answer,
    after_log,
    after_poll,
    after_submit,
    after_submit_for_account,
    ask_again,
    found_at_vendor,
    free_in_the_log,
    never_sent,
    not_found_yet,
    video_kept,
    video_not_kept,
)
from lipsync_core.tracker.pace import DAY_S, LOOK_FOR_S, Pace

S = JobState
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
EVEN = Pace(jitter=0.0)
KEY = "fingerprint"
ENGINE = {
    "joypix": "joypix/motion-2",
    "lipsync-studio": "lipsync-studio/lipsync-image",
    "aimlapi": "aimlapi/pixverse-lip-sync",
    "creatify": "creatify/lipsync",
}


def job(state: JobState = S.SUBMITTING, vendor: str = "joypix", *, tried_s: float = 0.0, **more: Any) -> Job:
    """A job in a state, first tried to be sent that long ago, on its second attempt."""
    job = Job(
        id=7,
        state=state,
        engine=ENGINE[vendor],
        brief=Brief(engine=ENGINE[vendor]),
        quote=Quote(ENGINE[vendor], 900_000, 90, 3, "3 blocks", Qualifier.ASSUMED, 300.0, 360.0),
        by="ana",
        created_at=NOW - timedelta(days=9),
        started_at=NOW - timedelta(seconds=tried_s),
        finished_at=None,
        frames_done=0,
        frames_total=0,
        rendering_since=None,
        attempts=2,
        error=None,
        output=None,
        output_sha256=None,
        key_fingerprint=KEY,
    )
    return replace(job, **more)


def case(job: Job, now: datetime = NOW) -> Case:
    """The case of a job at an instant, with waits that do not vary."""
    return Case(job, PROVIDERS[job.provider], now, EVEN)


def wait_s(change: Change) -> float | None:
    """Seconds until the job is taken up next."""
    return None if change.due_ms is None else (change.due_ms - ms_of(NOW)) / 1000


class Row(NamedTuple):
    """One line of the table: an outcome, how long the job has been tried, and what is made of it."""

    outcome: SubmitOutcome | NotSent
    tried_s: float
    then: JobState
    wait_s: float | None
    values: dict[str, object]
    account: AccountPaused | AccountWaits | AccountTrouble | None


BORN: dict[str, object] = {
    "vendor_id": "v-1",
    "candidate": None,
    "error": None,
    "failures_in_a_row": 0,
    "bad_outputs": 0,
}
SAID: dict[str, object] = {"said_credits": "2000000", "said_usd_micros": 1_000_000}
FAILED = AccountTrouble
ROWS = [
    Row(Taken("v-1", b""), 0, S.RENDERING, 10.0, BORN, None),
    Row(Taken("v-1", b""), 99 * DAY_S, S.RENDERING, 10.0, BORN, None),
    Row(Taken("v-1", b"", Charge(Decimal(2_000_000), 1_000_000)), 0, S.RENDERING, 10.0, BORN | SAID, None),
    Row(Refused(Refusal.INPUT, "No."), 0, S.REJECTED, None, {"error": "No."}, FAILED("No.")),
    Row(Refused(Refusal.OTHER, "No."), 0, S.REJECTED, None, {"error": "No."}, FAILED("No.")),
    Row(Refused(Refusal.KEY, "No."), 0, S.REJECTED, None, {"error": "No."}, AccountPaused("No.")),
    Row(Refused(Refusal.CREDIT, "No."), 0, S.REJECTED, None, {"error": "No."}, AccountPaused("No.")),
    Row(Refused(Refusal.ACCOUNT, "No."), 0, S.REJECTED, None, {"error": "No."}, AccountPaused("No.")),
    Row(Busy(None), 0, S.QUEUED, 4.0, {}, AccountWaits(4.0)),
    Row(Busy(90.0), 3599, S.QUEUED, 90.0, {}, AccountWaits(90.0)),
    Row(
        Busy(90.0),
        3600,
        S.REJECTED,
        None,
        {"error": "JoyPix kept asking for a pause. It was tried for 60 min."},
        AccountWaits(90.0),
    ),
    Row(NotSent("No name."), 599, S.QUEUED, 4.0, {}, FAILED("No name.")),
    Row(
        NotSent("No name."),
        600,
        S.REJECTED,
        None,
        {"error": "No name. It was tried for 10 min."},
        FAILED("No name."),
    ),
    Row(Unclear("Lost."), 0, S.UNCONFIRMED, 0.0, {"error": "Lost."}, FAILED("Lost.")),
    Row(Unclear("Lost.", "v-2"), 0, S.UNCONFIRMED, 0.0, {"error": "Lost.", "candidate": "v-2"}, FAILED("Lost.")),
    Row(STOPPED, 99 * DAY_S, S.UNCONFIRMED, 0.0, {"error": STOPPED.what}, FAILED(STOPPED.what)),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.outcome.__class__.__name__}-{row.then}")
def test_each_outcome_of_the_one_post_makes_one_thing_of_the_job(row: Row) -> None:
    change = after_submit(case(job(tried_s=row.tried_s)), row.outcome)
    assert (change.was, change.then, wait_s(change), change.values) == (S.SUBMITTING, row.then, row.wait_s, row.values)
    assert change.note
    assert after_submit_for_account(job(), row.outcome, EVEN) == row.account


def _documented() -> Iterator[tuple[str, set[str]]]:
    """The outcomes of the document's table, each with the states that it names."""
    table = (ROOT / "docs" / "paid-once.md").read_text().split("| outcome of the one POST |")[1].split("\n\n")[0]
    for line in table.splitlines()[2:]:
        outcome, _when, becomes, _again = (cell.strip() for cell in line.strip("|").split("|"))
        yield outcome.strip("`"), {word for word in re.findall(r"`(\w+)`", becomes) if word in set(JobState)}


def test_the_document_the_code_and_this_table_name_the_same_outcomes_and_states() -> None:
    tested: dict[str, set[str]] = defaultdict(set)
    for row in ROWS:
        tested[type(row.outcome).__name__].add(str(row.then))
    assert dict(_documented()) == tested
    assert set(tested) == {kind.__name__ for kind in (*get_args(SubmitOutcome), NotSent)}


def test_only_what_provably_was_not_taken_is_ever_queued_again() -> None:
    again = {type(row.outcome) for row in ROWS if row.then is S.QUEUED}
    assert again == {NotSent, Busy}


def test_a_sender_that_stopped_before_the_mark_lets_the_job_be_sent_unless_a_request_left_meanwhile() -> None:
    change = never_sent(case(job()))
    assert (change.then, wait_s(change), change.unsent) == (S.QUEUED, 0.0, True)


# An answer that comes after the job was judged without it


class Late(NamedTuple):
    """A late outcome, and what it makes of a job in each state that can be corrected."""

    outcome: SubmitOutcome | NotSent
    unconfirmed: JobState | None
    judged: JobState | None


@pytest.mark.parametrize(
    "late",
    [
        Late(Taken("v-1", b""), S.RENDERING, S.RENDERING),
        Late(Refused(Refusal.INPUT, "No."), S.NOT_TAKEN, None),
        Late(Busy(None), S.NOT_TAKEN, None),
        Late(NotSent("No name."), S.NOT_TAKEN, None),
        Late(Unclear("Lost.", "v-2"), None, None),
        Late(Unclear("Lost."), None, None),
    ],
    ids=lambda late: type(late.outcome).__name__,
)
@pytest.mark.parametrize("state", JobState)
def test_a_late_answer_corrects_what_was_judged_without_it_and_a_paid_id_always_counts(
    late: Late, state: JobState
) -> None:
    change = after_late_answer(case(job(state)), late.outcome)
    if state not in CORRECTABLE:
        assert change is None
        return
    assert change is not None
    assert (change.was, change.then) == (state, late.unconfirmed if state is S.UNCONFIRMED else late.judged)
    is_taken = isinstance(late.outcome, Taken)
    assert (change.attempt is None) == is_taken, "any other outcome counts for its own attempt only"
    if is_taken:
        assert change.values["vendor_id"] == "v-1"
        assert change.values["finished_ms"] is None
    elif state is not S.UNCONFIRMED:
        assert change.values == {"due_ms": None}


# Polls


def poll(state: PollState, word: str, **more: Any) -> PollAnswer:
    """What a vendor says of the job."""
    return PollAnswer({"v-1": Poll(state, word, **more)})


LINK = "https://joypix.example/v.mp4"
RUNS = poll(PollState.RUNNING, "doing")
DONE = poll(PollState.SUCCEEDED, "done", output_url=LINK)
NO_LINK = poll(PollState.SUCCEEDED, "done")
BROKE = poll(PollState.FAILED, "failed", error="no face")
GONE = PollAnswer(missing=("v-1",))
LATE: dict[str, Any] = {"expected_end": NOW - timedelta(seconds=1)}
LONG_GONE: dict[str, Any] = {"missing_since": NOW - timedelta(seconds=DAY_S)}
DELETED: dict[str, Any] = {"vendor_deletes_at": NOW - timedelta(seconds=1)}


@pytest.mark.parametrize(
    ("state", "more", "answer", "then"),
    [
        (S.RENDERING, {}, RUNS, None),
        (S.RENDERING, LATE, RUNS, S.OVERDUE),
        (S.OVERDUE, LATE, RUNS, None),
        (S.RENDERING, {}, DONE, S.ARCHIVING),
        (S.OVERDUE, {}, DONE, S.ARCHIVING),
        (S.ARCHIVING, {}, DONE, None),
        (S.RENDERING, {}, NO_LINK, S.ARCHIVING),
        (S.ARCHIVING, {}, NO_LINK, None),
        (S.ARCHIVING, DELETED, NO_LINK, S.LOST),
        (S.ARCHIVING, {}, RUNS, None),
        (S.RENDERING, {}, BROKE, S.FAILED),
        (S.ARCHIVING, {}, BROKE, S.FAILED),
        (S.RENDERING, {}, GONE, None),
        (S.RENDERING, LONG_GONE, GONE, S.FAILED),
        (S.ARCHIVING, LONG_GONE, GONE, S.LOST),
        (S.RENDERING, LONG_GONE | {"key_fingerprint": "another"}, GONE, None),
        (S.RENDERING, {}, PollAnswer(), None),
    ],
)
def test_a_polls_answer_moves_a_job_only_as_far_as_it_proves(
    state: JobState, more: dict[str, Any], answer: PollAnswer, then: JobState | None
) -> None:
    asked = job(state, vendor_id="v-1", sent_at=NOW - timedelta(minutes=1), **more)
    change = after_poll(case(asked), answer, KEY)
    assert change.then is then
    assert then is None or may_become(state, then)
    assert (change.due_ms is not None) == (then not in (S.FAILED, S.LOST)), "what is pending stays due"


def test_a_video_is_fetched_at_once_and_the_vendors_date_of_deletion_is_counted_from_its_first_link() -> None:
    asked = job(S.RENDERING, vendor_id="v-1", sent_at=NOW)
    change = after_poll(case(asked), DONE, KEY)
    assert (wait_s(change), change.values["output_url"]) == (0.0, LINK)
    assert change.values["vendor_deletes_ms"] == ms_of(NOW + timedelta(hours=72))
    fresh = after_poll(case(replace(asked, state=S.ARCHIVING, missing_since=NOW, failures_in_a_row=3)), DONE, KEY)
    assert not {"vendor_deletes_ms", "missing_since_ms", "bad_outputs", "failures_in_a_row"} & set(fresh.values), (
        "these still count"
    )


def test_a_question_without_an_answer_is_repeated_later_each_time_and_never_before_the_vendor_wants() -> None:
    waits = [
        wait_s(ask_again(case(job(S.RENDERING, failures_in_a_row=failures_in_a_row)), AskAgain("?")))
        for failures_in_a_row in range(8)
    ]
    assert waits == [10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 600.0, 600.0]
    assert wait_s(ask_again(case(job(S.RENDERING)), AskAgain("?", retry_after_s=700.0))) == 700.0


def test_a_failed_jobs_bill_is_looked_for_only_where_there_is_a_log_and_no_promise_that_it_is_free() -> None:
    for vendor in ENGINE:
        asked = job(S.RENDERING, vendor, vendor_id="v-1")
        ended = after_poll(case(asked), poll(PollState.FAILED, "no such word", error="no face"), KEY)
        assert (ended.due_ms is not None) == (PROVIDERS[vendor].logs() is not None)


# An unconfirmed job that is looked for


def test_an_unconfirmed_job_is_looked_for_while_there_is_a_trace_and_time() -> None:
    sent: dict[str, Any] = {"sent_at": NOW - timedelta(minutes=5)}
    assert wait_s(not_found_yet(case(job(S.UNCONFIRMED, "aimlapi", **sent)))) == 15.0, "its log may still name it"
    assert not_found_yet(case(job(S.UNCONFIRMED, **sent))).due_ms is None, "no log and no id: nothing to look for"
    assert not_found_yet(case(job(S.UNCONFIRMED, candidates=("v-2",), **sent))).due_ms is not None
    old: dict[str, Any] = {"sent_at": NOW - timedelta(seconds=LOOK_FOR_S + 1)}
    assert not_found_yet(case(job(S.UNCONFIRMED, "aimlapi", **old))).due_ms is None


def test_a_job_that_is_found_goes_on_and_one_that_the_log_calls_free_was_not_taken() -> None:
    found = found_at_vendor(case(job(S.UNCONFIRMED, error="Lost.")), "v-1")
    assert (found.then, found.values["vendor_id"], found.values["error"]) == (S.RENDERING, "v-1", None)
    assert free_in_the_log(case(job(S.UNCONFIRMED))).then is S.NOT_TAKEN


# The video, and the bill


def test_a_download_that_failed_is_repeated_until_the_vendors_copy_is_gone() -> None:
    asked = job(S.ARCHIVING, output_url=LINK, sent_at=NOW - timedelta(days=1))
    again = video_not_kept(case(asked), "It broke.")
    assert (again.then, wait_s(again), again.values["error"]) == (None, 5.0, "It broke.")
    gone = video_not_kept(case(asked), "404.", gone=True)
    assert (gone.then, gone.values["output_url"]) == (None, None), "the vendor is asked for a fresh link"
    assert video_not_kept(case(replace(asked, **LONG_GONE)), "404.", gone=True).then is S.LOST
    assert video_not_kept(case(replace(asked, **LONG_GONE)), "It broke.").then is None
    assert video_not_kept(case(replace(asked, **DELETED)), "It broke.").then is S.LOST


def test_a_kept_video_ends_the_job_and_says_what_is_wrong_with_it() -> None:
    fine = video_kept(case(job(S.ARCHIVING)), "ab", 12.4, "", 900_000)
    assert (fine.then, fine.values["error"], fine.values["output_ms"]) == (S.DONE, None, 12_400)
    odd = video_kept(case(job(S.ARCHIVING)), "ab", None, "It has no pictures.", None)
    assert odd.then is S.DONE
    assert "It has no pictures." in str(odd.values["error"])
    assert "output_ms" not in odd.values


def row(cost: int | None, *, succeeded: bool = True) -> LogRow:
    """A line of a vendor's log."""
    return LogRow(None, "v-1", succeeded, Charge(None, cost))


@pytest.mark.parametrize(
    ("state", "line", "billed"),
    [
        (S.DONE, row(900_000), 900_000),
        (S.DONE, row(0), None),
        (S.DONE, row(0, succeeded=False), None),
        (S.FAILED, row(0, succeeded=False), 0),
        (S.FAILED, row(0), None),
        (S.DONE, row(None), None),
        (S.DONE, None, None),
    ],
)
def test_a_sum_in_the_log_is_a_bill_and_nothing_is_one_only_for_a_job_without_a_video(
    state: JobState, line: LogRow | None, billed: int | None
) -> None:
    change = after_log(case(job(state, "aimlapi", sent_at=NOW)), line)
    assert change.then is None
    assert change.values.get("billed_usd_micros") == billed
    assert (change.due_ms is None) == (billed is not None), "asked again where it is not known"
    over = after_log(case(job(state, "aimlapi", sent_at=NOW - timedelta(seconds=LOOK_FOR_S + 1))), None)
    assert over.due_ms is None
