"""The dialog before a press is sent, with every question that `press_questions` finds."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime

import streamlit as st

from lipsync_core import (
    MOST_CEILING_USD_MICROS,
    VOICE_FIELDS,
    Job,
    PressFacts,
    Question,
    QuestionKind,
    press_questions,
    price_text,
    unheard_words,
)
from pages.ui.brief.presses import RenderPress, hand, sum_of
from pages.ui.frame import desk, dialog, pressed, studio
from pages.ui.text import about, md, plain, state_word

WAITS = "The job waits until somebody approves it; nothing is sent or charged before that."
CEILING_USD = 5.0
"""The proposed reserve for an unknown price."""

Send = Callable[[RenderPress, bool, int | None], None]
"""Sends a confirmed press: (press, whether it is a second time, the ceiling of an unknown price)."""


def asked(press: RenderPress) -> tuple[Question, ...]:
    """Return the questions to ask before a press is sent."""
    return press_questions(_facts(press))


def draw(press: RenderPress, send: Send) -> None:
    """Draw one dialog with all questions; if none is left, the press is not sent either."""
    questions = {question.kind: question for question in asked(press)}
    if not questions:
        _answered()
        return
    spent = "$0.00 in the sandbox" if press.sandbox else sum_of(press.quote)
    again, approval = QuestionKind.ALIKE in questions, QuestionKind.APPROVAL in questions

    @dialog(md(_title(press, spent, questions)), on_dismiss=_answered)
    def body() -> None:
        if hand().asking is None:
            st.rerun()  # a press in here reruns only this body
        for question in questions.values():
            _explain(press, question, spent)
        with st.container(horizontal=True):
            st.button("Back", key="back", on_click=pressed(_answered))
            st.button(
                md(_yes(spent, again=again, asks=approval)),
                key="spend",
                type="primary",
                wrap=True,
                on_click=pressed(_agreed),
                args=(press, again, send),
            )

    body()


def _explain(press: RenderPress, question: Question, spent: str) -> None:
    match question.kind:
        case QuestionKind.UNHEARD:
            for words in question.says:
                st.markdown(f":material/volume_off: {md(plain(words))}")
        case QuestionKind.ALIKE:
            st.markdown(" ".join(question.says) + md(f" Render it a second time for {spent}?"))
        case QuestionKind.UNKNOWN_PRICE:
            st.markdown(md(_unknown(press)))
            if studio().budgets.any_cap(press.brief.project, desk().by):
                _ask_ceiling(press)
        case QuestionKind.THRESHOLD:
            limit = price_text(studio().budgets.asks_above())
            st.markdown(md(f"Your team wants a second look at every price above {limit}."))
        case QuestionKind.APPROVAL:
            st.markdown(md(f"{plain(' '.join(question.says))} {WAITS}"))


def _ask_ceiling(press: RenderPress) -> None:
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


def _facts(press: RenderPress) -> PressFacts:
    quote, is_free = press.quote, press.engine.is_draft
    (twice,) = desk(sandbox=press.sandbox).alike([replace(press.brief, engine=quote.engine)])
    voices = (desk().media.facts(getattr(press.brief, field), "audio") for field in VOICE_FIELDS)
    return PressFacts(
        is_free=is_free,
        is_sandbox=press.sandbox,
        is_priced=quote.reserved_usd_micros is not None,
        dearest_usd_micros=quote.usd_micros,
        threshold_usd_micros=studio().budgets.asks_above(),
        # A ceiling is not a price.
        above_limit=desk().above_limit(quote.reserved_usd_micros, rests_on_link=quote.open_ended),
        alike=() if twice is None else (_started(twice),),
        unheard=[words for voice in voices if voice is not None and (words := unheard_words(voice)) is not None],
    )


def _unknown(press: RenderPress) -> str:
    """Say why there is no amount to count."""
    if press.quote.open_ended and press.quote.usd_micros is not None:
        vendor = press.engine.vendor
        return f"{vendor} fetches the pasted link itself, and does not say how long an input it accepts."
    return f"We can’t say what that is in dollars. {press.quote.basis}"


def _title(press: RenderPress, spent: str, questions: Collection[QuestionKind]) -> str:
    """Return the dialog's title."""
    again = QuestionKind.ALIKE in questions
    if QuestionKind.UNKNOWN_PRICE not in questions and QuestionKind.APPROVAL in questions:
        return f"Ask for approval of {sum_of(press.quote)}?"
    if again and press.sandbox:
        return "Render it a second time?"
    return f"Spend {spent}{' a second time' if again else ''}?"


def _yes(spent: str, *, again: bool, asks: bool) -> str:
    """Return the label of its button."""
    if asks:
        return "Ask for approval"
    return f"Render again for {spent}" if again else f"Spend {spent}"


def _started(job: Job) -> str:
    ago = about((datetime.now(UTC) - job.created_at).total_seconds())
    return f"{plain(job.by)} started this same clip {ago} ago (job {job.id}, {state_word(job.state).lower()})."


def _agreed(press: RenderPress, again: bool, send: Send) -> None:
    dollars: float | None = st.session_state.to_dict().get(_ceiling(press))
    _answered()
    send(press, again, None if dollars is None else round(dollars * 1_000_000))


def _answered() -> None:
    hand().asking = None


def _ceiling(press: RenderPress) -> str:
    return f"{press.brief_id}.ceiling"
