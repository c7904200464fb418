"""A job's card: its badges, progress, player and actions."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta

import streamlit as st

from lipsync_core import AWAITS_PERSON, ENGINES, PROVIDERS, Action, Job, JobState, cost_above
from pages.ui import player as video, refusals
from pages.ui.base_path import href
from pages.ui.brief import handover
from pages.ui.frame import desk, fragment, in_sandbox, pressed, refresh, studio, why_not
from pages.ui.job import dialogs
from pages.ui.job.cells import DECLINED
from pages.ui.job.progress_text import NO_QUEUE, Queue, is_held, tell, unanswered
from pages.ui.moving import Moving
from pages.ui.text import (
    STATE_WORDS,
    billed,
    clock,
    md,
    money,
    plain,
    price,
    said,
    state_word,
    vendor,
    weekday,
)

DRAFT_CAPTION = "Draft from this computer: for timing, framing and script. Not for publishing."
TICK_S = 1.0
"""Seconds between two reads of the ledger while something is pending."""
LOOK_S = 4.0
"""Seconds between two checks for a person's decision, or for a bill."""
BILL_COMES = timedelta(days=1)
"""How long after a job's end an open page checks for its bill, or for a verdict that is undone."""
WORRYING_FAILURES = 2
"""Failed downloads in a row after which the card says so; a single one is retried within seconds."""

_RATIOS = {"16:9": 16 / 9, "1:1": 1.0, "9:16": 9 / 16}

MAYBE_PAID = "It may have been paid"
MOST_NAMED = 3
"""The most approvers named on a card."""

CANCEL = "Cancel…"
ARCHIVE = "Archive"


def badges(job: Job, *, declined: Collection[int] | None = None) -> None:
    """Draw the job's state and the kind of its result as coloured badges.

    ``declined`` are the jobs that an approver declined, where a list has asked for all of its jobs at once.
    """
    words = STATE_WORDS[job.state]
    was_declined = job.id in (studio().listing.declined([job]) if declined is None else declined)
    st.markdown(
        f":{words.colour}-badge[{DECLINED if was_declined else words.badge}]"
        + " :gray-badge[Draft]" * job.is_draft
        + " :violet-badge[SANDBOX]" * job.sandbox
        + " :red-badge[Above its price]" * (job.above_at is not None)
        + " :gray-badge[Archived]" * job.hidden,
        width="content",
    )


def summary(job: Job) -> str:
    """Return engine, size and price in one line of Markdown, with the charge named at submit until the job ends."""
    told = f"{said(job)} said at submit" if job.pending and said(job) is not None else ""
    return md(" · ".join(filter(None, (engine_title(job), size(job), price(job), told))))


def engine_title(job: Job) -> str:
    """Return the engine's title."""
    return ENGINES[job.engine].title if job.engine in ENGINES else job.engine


def size(job: Job) -> str:
    """Return the chosen size; empty if the engine offers no choice."""
    engine = ENGINES.get(job.engine)
    if engine is None or engine.resolutions:
        return job.brief.resolution
    return (job.brief.aspect_ratio or "") if "aspect_ratio" in engine.form.fields else ""


def face(job: Job) -> tuple[object, ...]:
    """Return the values for which a card is redrawn: state, buttons and amounts. All else changes in its `progress`.

    Call it when the card is drawn and compare with a tick's result: a hold ends while the job itself is unchanged.
    """
    now = datetime.now(UTC)
    failures, linkless = min(job.failures_in_a_row, WORRYING_FAILURES), job.output_url is None
    sums = (price(job), money(job), job.counted_usd_micros)
    return (job.id, job.state, is_held(job, now), failures, linkless, job.hidden, *sums)


def look_every_s(job: Job) -> float | None:
    """Return the seconds between two checks of a job on screen; None if it no longer changes without a person."""
    if job.pending:
        return TICK_S
    if job.state in AWAITS_PERSON:
        return LOOK_S
    if job.is_draft or job.state in (JobState.REJECTED, JobState.WITHDRAWN) or billed(job) is not None:
        return None
    return LOOK_S if job.finished_at is not None and datetime.now(UTC) - job.finished_at < BILL_COMES else None


def follow(job: Job, anchor: Moving) -> None:
    """Redraw the page once the job's card would look different; until then, update `progress` in ``anchor``."""
    if (every_s := look_every_s(job)) is None:
        return
    drawn = face(job)  # the look at this moment, not at the tick

    @fragment(run_every=every_s)
    def tick() -> None:
        now = studio().job(job.id)
        if face(now) != drawn:
            refresh(job.id)
        if now.pending:
            progress(anchor, now, studio().ahead_of(now))

    tick()


def queue_for(jobs: Iterable[Job]) -> Queue:
    """Return what the queued jobs wait for; reads the ledger only if one waits for a vendor's slot."""
    waiting = {(job.engine, job.environment): job for job in jobs if _waits(job)}
    if not waiting:
        return NO_QUEUE
    paused = [waits for waits, job in waiting.items() if studio().is_paused(job)]
    slots = {job.provider: studio().slots(job.provider) for job in waiting.values()}
    return Queue(studio().slots_used(), slots, paused)


def _waits(job: Job) -> bool:
    return job.state is JobState.QUEUED and job.provider in PROVIDERS


def progress(anchor: Moving, job: Job, ahead: int = 0, queue: Queue | None = None) -> None:
    """Show a pending job's progress in its place, as one element. ``queue`` is `queue_for` the jobs on screen."""
    waits_for = queue_for([job]) if queue is None else queue
    told = tell(job, datetime.now(UTC), ahead=ahead, queue=waits_for, wait=studio().expected_s(job))
    if told.done is None:
        anchor.show(told.text, lambda: st.markdown(f":small[{told.text}]"))  # as large as a bar's own text
    else:
        percent = int(100 * max(0.0, min(1.0, told.done)))  # a bar's finest step
        anchor.show((told.text, percent), lambda: st.progress(percent, text=told.text))


def player(job: Job, *, starts: bool = False) -> None:
    """Draw the job's video, streamed from the studio's own route; with ``starts`` it plays at once. Drafts loop."""
    if (link := desk().media.output_link(job)) is not None:
        captions = desk().media.captions_link(job)
        video.draw(
            link,
            f"Video: {job.title}",
            key=str(job.id),
            ratio=_ratio(job),
            starts=starts,
            loops=job.is_draft,
            captions=None if captions is None else (captions, job.brief.language),
        )


def _ratio(job: Job) -> float:
    """Return the video's expected width to its height: that of what it was made of, else the one asked for."""
    made_of = desk().media.facts(job.brief.video, "video") or desk().media.facts(job.brief.image, "image")
    if made_of is not None and made_of.height:
        return made_of.width / made_of.height
    return _RATIOS.get(job.brief.aspect_ratio or "", 16 / 9)


def facts(job: Job) -> None:
    """Draw what a finished video cost, and how long the vendor keeps its copy."""
    if job.output_sha256 is not None and not job.is_draft:
        st.caption(md(" ".join(filter(None, (money(job), vendors_copy(job))))))


def vendors_copy(job: Job) -> str:
    """Say how long the vendor keeps its own copy of a stored video."""
    if job.sandbox or job.provider not in PROVIDERS or job.output_sha256 is None:
        return ""
    who, at = vendor(job), job.vendor_deletes_at
    if at is None:
        saved = f"; we saved ours {clock(job.finished_at)}" if job.finished_at else ""
        return f"{who} does not say how long it keeps its copy{saved}."
    if at < datetime.now(UTC):
        return f"{who} deleted its copy on {weekday(at)}. Ours is kept."
    return f"{who} deletes its copy on {weekday(at)}. Ours is kept."


def thumbnail(job: Job, width: int) -> None:
    """Draw the job's thumbnail beside its name; decorative, so it has no alternative text."""
    if (link := desk().media.thumbnail_link(job)) is not None:
        st.image(link, width=width, alt="")


def failure(job: Job) -> None:
    """Draw why there is no playable video and whether money moved; in red, a cost above the price."""
    if (above := cost_above(job)) is not None:
        st.error(md(above), title="It cost more than its price")
    why = plain(job.error or "")
    match job.state:
        case JobState.DONE if job.output_sha256 is None:
            st.caption(plain(_cleaned_up(job)))
        case JobState.DONE if job.error:
            st.warning(why, title="The video arrived, but cannot be played here")
        case JobState.FAILED:
            st.error(why or "The render failed.", title="No video")
            st.caption(md(money(job)))
        case JobState.REJECTED:
            st.error(why or plain(f"{vendor(job)} refused the order and gave no reason."), title="Not accepted")
            st.caption(md(money(job)))
        case JobState.LOST:
            st.error(why or "The video is gone.", title="Lost")
            st.caption(md(money(job)))
        case JobState.UNCONFIRMED:
            st.warning(unanswered(job, datetime.now(UTC)), title=MAYBE_PAID)
            st.page_link("jobs.py", label="Resolve this", icon=":material/help:", query_params={"job": str(job.id)})
        case JobState.AWAITING_APPROVAL:
            awaited(job)
        case JobState.WITHDRAWN | JobState.NOT_TAKEN | JobState.WRITTEN_OFF:
            history = studio().history(job.id)
            last = [event for event in history if event.state is job.state][-1:]
            whose = f" by {plain(last[0].by)}, {clock(last[0].at)}" if last else ""
            declined = job.was_declined(history)
            why = f": “{plain(job.decided_why)}”" if declined and job.decided_why else "."
            st.caption(f"{'Declined' if declined else state_word(job.state)}{whose}{why} {md(money(job))}")


def _cleaned_up(job: Job) -> str:
    """Say who removed a finished video, and when."""
    removed = [event for event in studio().history(job.id) if "cleaned up" in event.note][-1:]
    who = "".join(f"{event.note} By {event.by}, {clock(event.at)}." for event in removed)
    return f"{who or 'The video is no longer here.'} Everything else about the job is kept."


def awaited(job: Job) -> None:
    """Draw whose approval a job above its maker's limit waits for, and until when."""
    who = studio().people.who_may(Action.DECIDE, besides=job.by)
    may = f"{_either(who)} may approve it" if who else "Nobody here may approve it yet"
    until = f" until {clock(job.decide_by)}; then it expires" if job.decide_by else ""
    st.markdown(md(f"{plain(job.decided_why or f'It costs {price(job)}.')} {plain(may)}{until}. {money(job)}"))


def _either(names: list[str]) -> str:
    """Join names with “or”; a long list is shortened."""
    few = names if len(names) <= MOST_NAMED + 1 else [*names[:MOST_NAMED], "somebody else"]
    return " or ".join(filter(None, (", ".join(few[:-1]), few[-1])))


def actions(job: Job, *, more: Callable[[], None] = lambda: None) -> None:
    """Draw the buttons for the job's state and the visitor's permissions, and the dialog that one of them opened.

    ``more`` draws further buttons beside them.
    """
    handles = why_not(Action.HANDLE, owner=job.by) is None
    with st.container(horizontal=True, vertical_alignment="center"):
        # In a permanent container, so that the menu keeps its place, and stays open, when a button disappears.
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            _result_actions(job)
            if handles:
                _running_actions(job)
        more()
        if handles:
            _menu(job)
    if not job.hidden:
        refusals.refusal(dialogs.anchor_of(job.id))
    if st.session_state.get("too_late") == job.id:
        st.caption(f"Job {job.id} was already sent to {vendor(job)} and could no longer be withdrawn.")
    with st.container():
        _asked_again(job)
    if job.hidden and why_not(Action.HANDLE, owner=job.by) is None:
        off_the_lists(job)
    dialogs.cancelling(job)
    handover.follow()


def _result_actions(job: Job) -> None:
    if (link := desk().media.output_link(job, download=True)) is not None:
        label = "Download draft" if job.is_draft else "Download"
        st.link_button(label, href(link), icon=":material/download:", type="primary")
    _captions(job)
    if why_not(Action.MAKE) is not None:
        return
    if job.state is JobState.DONE and job.is_draft and (engine := _paid_engine(job)) is not None:
        st.button(
            "Render for real…",
            key=f"real-{job.id}",
            icon=":material/movie:",
            on_click=pressed(_render_for_real),
            args=(job.id, engine),
        )
    if job.is_over:
        rejected = job.state is JobState.REJECTED
        st.button(
            "Fix and send" if rejected else "Use again",
            key=f"again-{job.id}",
            icon=":material/edit:" if rejected else ":material/replay:",
            on_click=pressed(_use_again),
            args=(job.id,),
        )


def _captions(job: Job) -> None:
    """Draw the menu of files with the captions of a text that was spoken."""
    srt, vtt = (desk().media.captions_link(job, kind, download=True) for kind in ("srt", "vtt"))
    if srt is None or vtt is None:
        return
    with st.popover("Captions", icon=":material/closed_caption:", key=f"captions-{job.id}"):
        st.link_button("SubRip (.srt), for editors", href(srt), icon=":material/download:", type="tertiary")
        st.link_button("WebVTT (.vtt), for web pages", href(vtt), icon=":material/download:", type="tertiary")


def _running_actions(job: Job) -> None:
    if job.can_withdraw:
        st.button(
            f"Undo job {job.id}" if is_held(job, datetime.now(UTC)) else f"Withdraw job {job.id}",
            key=f"withdraw-{job.id}",
            icon=":material/undo:",
            on_click=pressed(_withdraw),
            args=(job.id,),
        )
    if (until := desk().outcomes.undo_not_taken_until(job)) is not None:
        st.button(
            f"Undo: job {job.id} may have been taken",
            key=f"undo-not-taken-{job.id}",
            icon=":material/undo:",
            help=f"Possible until {clock(until)}. Its price will be reserved again.",
            on_click=pressed(dialogs.undo_not_taken),
            args=(job.id,),
        )
    if waits_for_vendor(job):
        _ask_now(job, f"Ask now about job {job.id}")
    if job.state is JobState.ARCHIVING and job.failures_in_a_row and not job.is_draft:
        _ask_now(job, f"Try now to save job {job.id}")
        open_at_vendor(job)


def waits_for_vendor(job: Job) -> bool:
    """Return whether the studio asks the vendor about the job from time to time, and waits in between."""
    if job.is_draft:
        return False
    return job.state in (JobState.RENDERING, JobState.OVERDUE) or (
        job.state is JobState.UNCONFIRMED and job.due_at is not None
    )


def _ask_now(job: Job, label: str) -> None:
    st.button(label, key=f"now-{job.id}", icon=":material/sync:", on_click=pressed(ask_now), args=(job.id,))


def ask_now(job_id: int) -> None:
    """Have the vendor polled at once, unless that was wished for a moment ago."""

    def ask() -> None:
        wait_s = desk().jobs.ask_now(job_id)
        st.session_state.asked_again = (job_id, time.monotonic() + wait_s) if wait_s else None

    refusals.attempt(dialogs.anchor_of(job_id), ask)


def _asked_again(job: Job) -> None:
    """Say that a vendor was asked a moment ago, while another question would be too soon."""
    job_id, until_s = st.session_state.get("asked_again") or (None, 0.0)
    if job_id == job.id and time.monotonic() < until_s and (waits_for_vendor(job) or job.state is JobState.ARCHIVING):
        st.caption(f"{vendor(job)} was asked about job {job.id} a moment ago. Its answer shows here once it comes.")


def open_at_vendor(job: Job) -> None:
    """Draw a link to a video that only the vendor has, while it keeps it."""
    still_there = job.vendor_deletes_at is None or job.vendor_deletes_at > datetime.now(UTC)
    if job.output_url is not None and job.output_sha256 is None and still_there:
        st.link_button(f"Open job {job.id} at {vendor(job)}", job.output_url, icon=":material/open_in_new:")


def _menu(job: Job) -> None:
    """Draw the menu of rarely used actions, under the job's number."""
    if job.pending or job.can_withdraw:
        option = CANCEL
    elif job.is_over and not job.hidden:
        option = ARCHIVE
    else:
        return
    # Keyed by its content: an open menu closes instead of offering something else under the pointer.
    key = f"{'menu' if option == CANCEL else 'delete'}-{job.id}"
    st.menu_button(f"Job {job.id}", [option], key=key, on_click=pressed(_chosen), args=(key, job.id))


def _chosen(key: str, job_id: int) -> None:
    if st.session_state[key] == CANCEL:
        dialogs.ask("cancel", job_id)
    else:
        dialogs.hide(job_id)


def off_the_lists(job: Job) -> None:
    """Draw that a job is archived, and a button to show it again."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"off-{job.id}"):
        st.markdown(f"Job {job.id} archived.", width="content")
        st.button(
            "Undo",
            key=f"unhide-{job.id}",
            icon=":material/undo:",
            on_click=pressed(dialogs.put_back),
            args=(job.id,),
        )
    refusals.refusal(dialogs.anchor_of(job.id))


def _withdraw(job_id: int) -> None:
    dialogs.withdraw(job_id)


def _use_again(job_id: int, **changes: object) -> None:
    def begin() -> str:
        brief_id = desk().briefs.use_again(job_id)
        if changes:
            desk().briefs.change(brief_id, **changes)
        return brief_id

    handover.start(dialogs.anchor_of(job_id), begin, shows_price=True)


def _paid_engine(job: Job) -> str | None:
    """Return the most likely paid engine for a draft: the first of its scene with a key, else the first."""
    paid = [engine for engine in ENGINES.values() if engine.scene == job.brief.scene and not engine.is_draft]
    if job.brief.is_written:
        paid = [engine for engine in paid if engine.form.speaks]
    usable = [e for e in paid if studio().vendors.state(e.provider, sandbox=in_sandbox()).missing is None]
    return next((engine.id for engine in (*usable, *paid)), None)


def _render_for_real(job_id: int, engine: str) -> None:
    # The draft's recorded random seed means nothing to another engine.
    _use_again(job_id, engine=engine, seed=-1)
