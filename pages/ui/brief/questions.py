"""The one dialog before a press is sent that gives a reason to think again: a clip made already, a price that is
unknown, high, or above one's limit, a voice in which nothing is heard.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import streamlit as st

from lipsync_core import MOST_CEILING_USD_MICROS, Job, price_text, unheard_words
from pages.ui.brief.presses import Press, hand, sum_of
from pages.ui.frame import desk, dialog, pressed, studio
from pages.ui.text import about, md, plain, state_word

WAITS = "The job waits until somebody approves it; nothing is sent or charged before that."
VOICES = ("audio", "left_audio", "right_audio")
CEILING_USD = 5.0
"""What is proposed to be reserved for a price that is not known."""

Send = Callable[[Press, bool, int | None], None]
"""Sends a press that was agreed to: whether it is a second time, and what an unknown price may come to."""


def has_one(press: Press) -> bool:
    """Whether a press raises a question."""
    return bool(
        _alike(press) is not None or _is_unknown(press) or _approval(press) or _is_dear(press) or _unheard(press)
    )


def draw(press: Press, send: Send) -> None:
    """One dialog with every reason to think again; where there is none any more, it is not sent either."""
    twice, unknown, unheard = _alike(press), _is_unknown(press), _unheard(press)
    if not has_one(press):
        _answered()
        return
    spent = "$0.00 in the sandbox" if press.sandbox else sum_of(press.quote)

    @dialog(md(_title(press, spent, twice is not None)), on_dismiss=_answered)
    def body() -> None:
        if hand().asking is None:
            st.rerun()  # a press in here reruns only this body
        for words in unheard:
            st.markdown(f":material/volume_off: {md(plain(words))}")
        if twice is not None:
            st.markdown(_started(twice) + md(f" Render it a second time for {spent}?"))
        if unknown:
            st.markdown(md(_unknown(press)))
            if studio().budgets.any_cap(press.brief.project, desk().by):
                _ask_ceiling(press)
        if (limit := _is_dear(press)) is not None:
            st.markdown(md(f"Your team wants a second look at every price above {price_text(limit)}."))
        if (above := _approval(press)) is not None:
            st.markdown(md(f"{plain(above)} {WAITS}"))
        with st.container(horizontal=True):
            st.button("Back", key="back", on_click=pressed(_answered))
            st.button(
                md(_yes(spent, again=twice is not None, asks=above is not None)),
                key="spend",
                type="primary",
                wrap=True,
                on_click=pressed(_agreed),
                args=(press, twice is not None, send),
            )

    body()


def _ask_ceiling(press: Press) -> None:
    least = max(1, -(-press.quote.least_ceiling_usd_micros // 10_000)) / 100
    st.number_input(
        "Reserve from the month’s cap, in dollars",
        min_value=least,
        max_value=MOST_CEILING_USD_MICROS / 1e6,
        value=max(CEILING_USD, least),
        step=1.0,
        key=_ceiling(press),
        help="It is set aside until the real cost is known. It is not a limit at the vendor.",
    )


def _alike(press: Press) -> Job | None:
    if press.engine.is_draft:
        return None
    (job,) = desk(sandbox=press.sandbox).alike([replace(press.brief, engine=press.quote.engine)])
    return job


def _is_unknown(press: Press) -> bool:
    """Whether limits and caps have no sum to count."""
    return press.quote.reserved_usd_micros is None and not press.free


def _is_dear(press: Press) -> int | None:
    """The team's threshold where the price is above it; None where it is not, or nothing is billed."""
    limit = None if press.free or press.sandbox else studio().budgets.asks_above()
    return limit if limit is not None and (press.quote.usd_micros or 0) > limit else None


def _unheard(press: Press) -> list[str]:
    """Why nothing is heard in the clip's voices; nothing where all are heard, or nothing is billed."""
    if press.free:
        return []
    voices = (desk().media.facts(getattr(press.brief, field), "audio") for field in VOICES)
    return [words for voice in voices if voice is not None and (words := unheard_words(voice)) is not None]


def _approval(press: Press) -> str | None:
    """Why somebody else has to agree first: a ceiling stands for no price that is not known."""
    if press.engine.is_draft:
        return None
    quote = press.quote
    return desk().above_limit(quote.reserved_usd_micros, rests_on_link=quote.open_ended)


def _unknown(press: Press) -> str:
    """Why there is no sum to count."""
    if press.quote.open_ended and press.quote.usd_micros is not None:
        vendor = press.engine.vendor
        return f"{vendor} fetches the pasted link itself, and does not say how long an input it accepts."
    return f"We can’t say what that is in dollars. {press.quote.basis}"


def _title(press: Press, spent: str, again: bool) -> str:
    """What the dialog asks."""
    if not _is_unknown(press) and _approval(press) is not None:
        return f"Ask for approval of {sum_of(press.quote)}?"
    if again and press.sandbox:
        return "Render it a second time?"
    return f"Spend {spent}{' a second time' if again else ''}?"


def _yes(spent: str, *, again: bool, asks: bool) -> str:
    """What its button says."""
    if asks:
        return "Ask for approval"
    return f"Render again for {spent}" if again else f"Spend {spent}"


def _started(job: Job) -> str:
    ago = about((datetime.now(UTC) - job.created_at).total_seconds())
    return f"{plain(job.by)} started this same clip {ago} ago (job {job.id}, {state_word(job.state).lower()})."


def _agreed(press: Press, again: bool, send: Send) -> None:
    dollars: float | None = st.session_state.to_dict().get(_ceiling(press))
    _answered()
    send(press, again, None if dollars is None else round(dollars * 1_000_000))


def _answered() -> None:
    hand().asking = None


def _ceiling(press: Press) -> str:
    return f"{press.brief_id}.ceiling"
