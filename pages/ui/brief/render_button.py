"""The Render button: it shows the price, and a press sends exactly what is on screen.

A press reads the values of its own message. If they differ from what was drawn and priced, they are stored, nothing is
sent, and the page shows the current price. Nothing here waits: a press inserts one intent, which the tracker carries
out.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import streamlit as st

from lipsync_core import (
    FIELDS,
    Brief,
    BriefChangedError,
    BriefError,
    PressFacts,
    PriceRoseError,
    StudioError,
    has_risen,
    press_questions,
    priced,
)
from pages.ui.brief import not_sent, questions, which_clip
from pages.ui.brief.entered import Entered, entered
from pages.ui.brief.presses import NO_QUESTION, Consent, PressRefusal, RenderPress, SentJob, Shown, hand, seen
from pages.ui.frame import desk, in_sandbox, pressed, studio, switch_sandbox
from pages.ui.text import md, plain


def button(press: RenderPress) -> None:
    """Draw the button, above it why the last press sent nothing, and the questions of a press."""
    _drop_stale_question(press)
    not_sent.draw(press.brief_id, press.brief, press.quote)
    st.button(
        label(press),
        key=f"{press.brief_id}.render.{press.quote.engine}",
        type="primary",
        width="stretch",
        wrap=True,
        icon=":material/play_arrow:",
        shortcut="Ctrl+Enter" if press.engine.is_draft else None,
        disabled=bool(press.quote.problems),
        on_click=pressed(_pressed if press.sandbox == in_sandbox() else _tried),
        args=(press,),
    )
    asked = hand().asking
    if not which_clip.draw(press.brief_id, press, _decide, _send_stopped) and asked is not None:
        st.session_state.dialog = None  # another question of the page gives way
        questions.draw(asked, _send_agreed)


def without_button(brief_id: str, brief: Brief) -> None:
    """Draw messages and questions if the brief has no price, and so no button."""
    not_sent.draw(brief_id, brief, None)
    which_clip.draw(brief_id, None, _decide, _send_stopped)


def forget() -> None:
    """Drop the questions and refusals of an earlier stay on the page."""
    mine = hand()
    mine.asking = mine.refusal = mine.stopped = mine.sent = None


def label(press: RenderPress) -> str:
    """Return the button's label."""
    if press.engine.is_draft:
        return "Render free draft"
    if questions.needs_approval(press):
        return md(f"Ask for approval · {'$0.00 in the sandbox' if press.sandbox else priced(press.quote)}")
    if press.sandbox:
        return r"Render in sandbox · \$0.00" if in_sandbox() else "Try it in the sandbox, free"
    if press.quote.usd_micros is None:
        return md(f"Render · {priced(press.quote)}")
    return md(f"Render for {priced(press.quote)}")


def watch(presses: Iterable[RenderPress]) -> None:
    """Record since when each price is on screen; call it whenever the list of prices is drawn."""
    shown = hand().shown
    for press in presses:
        before = shown.get(seen(press))
        if before is None:
            shown[seen(press)] = Shown(press, time.monotonic())
        elif has_risen(before.press.quote, press.quote):
            shown[seen(press)] = Shown(press, time.monotonic(), before.press)
        else:
            shown[seen(press)] = replace(before, press=press)


# A press. Nothing here reads the session's state in a way that could end the run, so that a press is done completely or
# not at all, whatever message comes next.


def _pressed(press: RenderPress) -> None:
    mine = hand()
    is_asked = mine.stopped is not None and mine.stopped.press.brief_id == press.brief_id
    if is_asked or press_questions(PressFacts(job_made_s_ago=_job_made_s_ago(press))):
        return
    mine.refusal = None
    if not _is_as_drawn(press, entered(press)):
        return
    shown = mine.shown.get(seen(press))
    lower = None if shown is None else shown.lower
    risen_s = None if shown is None or lower is None else time.monotonic() - shown.since_s
    if press.engine.is_draft:
        _send(press)
    elif lower is not None and press_questions(PressFacts(price_rose_s_ago=risen_s)):
        not_sent.refuse_changed(lower)
    else:
        _decide(press)


def _tried(press: RenderPress) -> None:
    """Send a press to the sandbox from outside it, and take its maker there."""
    _pressed(press)
    switch_sandbox(True)


def _is_as_drawn(press: RenderPress, now: Entered) -> bool:
    """Return whether the screen matches what the press was drawn for; if not, store the input and why nothing was sent.

    A free draft includes the new input.
    """
    if now.coming or now.other or (now.replacing and not press.engine.is_draft):
        now.keep(press.brief_id)
        _refuse_unready(press, now)
        return False
    if press.engine.is_draft:
        return now.keep(press.brief_id)
    row = desk().briefs.open(press.brief_id)
    if now.changes or row is None or not press.is_of(row.brief):
        now.keep(press.brief_id)
        not_sent.refuse_changed(press)
        return False
    return True


def _refuse_unready(press: RenderPress, now: Entered) -> None:
    if now.replacing and not now.coming:
        what = FIELDS[now.replacing].noun
        text = f"You are replacing the {what}. Choose another one or press “Keep the current one”; then press again."
        not_sent.refuse(press, "Nothing was sent", text)
    elif now.coming:
        text = "A file was still arriving when you pressed. Check the price as it is now, and press again."
        not_sent.refuse(press, "Nothing was sent", text)
    else:
        not_sent.refuse_changed(press)


def _job_made_s_ago(press: RenderPress) -> float | None:
    """Return the seconds since the engine got a job for this brief that still waits; 0 if after the button was drawn.

    None if it got none, or makes only free drafts.
    """
    open_brief = desk().briefs.open(press.brief_id)
    if press.engine.is_draft or open_brief is None or open_brief.job_id is None:
        return None
    last = studio().job(open_brief.job_id)
    if not last.pending or last.engine != press.quote.engine:
        return None
    return 0.0 if last.id != press.after else (datetime.now(UTC) - last.created_at).total_seconds()


def _decide(press: RenderPress) -> None:
    """Send a press, or open a dialog that asks first."""
    if not press.engine.is_draft and questions.asked(press):
        hand().asking = press
    else:
        _send(press)


def _send_agreed(press: RenderPress, consent: Consent) -> None:
    """Send a press after its question was answered."""
    if _is_as_drawn(press, entered(press)):
        _send(press, consent)


def _send_stopped(stopped: SentJob) -> None:
    """Send a press whose job was stopped. It was confirmed before."""
    press = replace(stopped.press, after=stopped.job_id)
    _send(press, stopped.consent)


def _send(press: RenderPress, consent: Consent = NO_QUESTION) -> None:
    """Insert the intent to render."""
    at_s = time.monotonic()
    try:
        job = desk(sandbox=press.sandbox).render(
            press.brief_id,
            engine=press.quote.engine,
            after=press.after,
            shown=None if press.engine.is_draft else press.brief,
            agreed=press.quote,
            again=consent.again,
            ceiling_usd_micros=consent.ceiling_usd_micros,
            reason=consent.reason,
        )
    except BriefChangedError:
        not_sent.refuse_changed(press)
    except PriceRoseError as error:
        not_sent.refuse_rise(press, error.quote)
    except BriefError as error:
        not_sent.refuse(press, "Not started", " ".join(map(plain, error.fields.values())))
    except StudioError as error:
        not_sent.refuse(press, "Not started", plain(str(error)))
    else:
        if job.id != press.after:
            hand().sent = SentJob(press, job.id, at_s, consent)


def _drop_stale_question(press: RenderPress) -> None:
    """Drop a question whose brief has changed since the press; nothing of it is sent."""
    mine = hand()
    asked = mine.asking
    if asked is not None and not (asked.is_of(press.brief) and asked.quote.engine == press.quote.engine):
        mine.asking, mine.refusal = None, PressRefusal(asked)
