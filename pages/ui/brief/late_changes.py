"""Changes that arrive right after a press: a browser may send a field's value after the click that followed it.

Such a change stops the press's job, which is still held, and the page asks which version was meant. Later changes
belong to the next clip and stop nothing. A draft costs nothing: it is made again as shown on screen.
"""

from __future__ import annotations

import time

from lipsync_core import StudioError
from pages.ui.brief.presses import Presses, PressRefusal, SentJob, hand
from pages.ui.frame import desk
from pages.ui.text import plain

AFTER_S = 1.5
"""How long after a press a change may still have been meant for it."""
BEHIND_S = 0.5
"""How long after the page was drawn a change may still have been meant for the press, as it may have come before."""


def drawn() -> None:
    """Record that the page was drawn completely, so the person can see the result of a press. Call it last."""
    sent = hand().sent
    if sent is not None and sent.drawn_s is None:
        sent.drawn_s = time.monotonic()


def arrives(brief_id: str, at_s: float) -> None:
    """Stop the job of a press because a medium is arriving that may have been meant for it.

    Call it before the medium is inspected, which may take longer than a job is held. ``at_s`` is when it arrived.
    """
    mine = hand()
    sent = _just_sent(mine, brief_id, at_s)
    if sent is not None and not sent.press.engine.is_draft:
        _stop(mine, sent)


def changed(brief_id: str, at_s: float) -> None:
    """Handle a change of a brief's row. ``at_s`` is when it was requested, on the monotonic clock."""
    mine = hand()
    sent = _just_sent(mine, brief_id, at_s)
    if sent is None:
        return
    row = desk().briefs.open(brief_id)
    if row is None or sent.press.is_of(row.brief):
        return
    if sent.press.engine.is_draft:
        _draw_anew(mine, sent)
    else:
        _stop(mine, sent)


def _just_sent(mine: Presses, brief_id: str, at_s: float) -> SentJob | None:
    """Return the press that a change at this time may have been meant for.

    It includes a press whose page is not drawn yet, however long that takes: its result was not visible yet.
    """
    sent = mine.sent
    if sent is None or sent.press.brief_id != brief_id:
        return None
    if sent.drawn_s is None or at_s - sent.at_s <= AFTER_S or at_s - sent.drawn_s <= BEHIND_S:
        return sent
    return None


def _stop(mine: Presses, sent: SentJob) -> None:
    mine.sent = None
    if _taken_back(sent):
        mine.stopped = sent
    else:
        text = (
            f"Job {sent.job_id} was sent to {sent.press.engine.vendor} before your last change arrived: it is made as "
            "it was when you pressed. This form now holds the next clip; nothing of it was sent."
        )
        mine.refusal = PressRefusal(sent.press, "Your last change came too late", text)


def _taken_back(sent: SentJob) -> bool:
    try:
        return desk().jobs.withdraw(sent.job_id)
    except StudioError:  # the brief no longer belongs to the visitor
        return False


def _draw_anew(mine: Presses, sent: SentJob) -> None:
    press = sent.press
    mine.sent = None
    if not _taken_back(sent):
        return
    try:
        job = desk().render(press.brief_id, engine=press.quote.engine, after=sent.job_id)
    except StudioError as error:
        mine.refusal = PressRefusal(press, "Not started", plain(str(error)))
    else:
        mine.sent = SentJob(press, job.id, sent.at_s)
