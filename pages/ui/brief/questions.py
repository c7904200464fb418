"""The dialog before a press is sent, with every question that `press_questions` finds."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import streamlit as st

from lipsync_core import (
    HOLD_S,
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
from pages.ui.brief.presses import Consent, RenderPress, hand, sum_of
from pages.ui.decimal_field import Figures, TypedError, decimal, number
from pages.ui.frame import desk, dialog, pressed, studio
from pages.ui.money.rate_link import draw_rate_link
from pages.ui.text import about, hour, md, plain, state_word

WAITS = "The job waits until somebody approves it; nothing is sent or charged before that."
LONGEST_REASON = 500
CEILING_USD = Decimal(5)
"""The proposed reserve for an unknown price."""

Send = Callable[[RenderPress, Consent], None]
"""Sends a confirmed press."""


def asked(press: RenderPress) -> tuple[Question, ...]:
    """Return the questions to ask before a press is sent."""
    return press_questions(_facts(press))


def needs_approval(press: RenderPress) -> bool:
    """Return whether somebody else would have to approve a press."""
    facts = PressFacts(is_free=press.engine.is_draft, is_sandbox=press.sandbox, above_limit=_above_limit(press))
    return any(question.kind is QuestionKind.APPROVAL for question in press_questions(facts))


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
        st.caption(md(_plan(press, after_approval=approval)))
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
            if press.quote.usd_micros is None:
                draw_rate_link(press.quote.engine)
            if studio().budgets.any_cap(press.brief.project, desk().by):
                _ask_ceiling(press)
        case QuestionKind.THRESHOLD:
            limit = price_text(studio().budgets.asks_above())
            st.markdown(md(f"Your team confirms every clip above {limit}."))
        case QuestionKind.APPROVAL:
            st.markdown(md(f"{plain(' '.join(question.says))} {WAITS}"))
            st.text_input(
                "Why (the approver reads it)",
                key=_reason(press),
                max_chars=LONGEST_REASON,
                placeholder="For Monday’s launch",
            )


def _plan(press: RenderPress, *, after_approval: bool) -> str:
    """Say in one line what would be made, by when, and that it cannot be stopped."""
    engine, wait_s = press.engine, press.quote.expected_s
    if press.sandbox:
        return f"{engine.title}, in the sandbox."
    if wait_s is None:
        ready = ""
    elif after_approval:
        ready = f", ready about {about(wait_s)} after approval"
    else:
        ready = f", ready around {hour(datetime.now(UTC) + timedelta(seconds=HOLD_S + wait_s))}"
    return f"{engine.title}{ready}, can’t be stopped once sent."


def _ask_ceiling(press: RenderPress) -> None:
    least = Decimal(max(1, -(-press.quote.least_ceiling_usd_micros // 10_000))) / 100
    decimal(
        "Set aside from this month’s cap ($)",
        max(CEILING_USD, least),
        key=_ceiling(press),
        figures=Figures(least=least, most=Decimal(MOST_CEILING_USD_MICROS) / 1_000_000, before="$"),
        help="Until the real cost is known. It is not a limit at the vendor.",
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
        above_limit=_above_limit(press),
        alike=() if twice is None else (_started(twice),),
        unheard=[words for voice in voices if voice is not None and (words := unheard_words(voice)) is not None],
    )


def _above_limit(press: RenderPress) -> str | None:
    """Say why a press needs approval. A ceiling is not a price."""
    quote = press.quote
    if press.engine.is_draft:
        return None
    return desk(sandbox=press.sandbox).above_limit(quote.reserved_usd_micros, rests_on_link=quote.open_ended)


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
    try:
        dollars = number(_ceiling(press))
    except TypedError:
        return  # the field asks what is meant
    reason = st.session_state.to_dict().get(_reason(press)) or ""
    _answered()
    send(press, Consent(again, None if dollars is None else int(dollars * 1_000_000), reason))


def _answered() -> None:
    hand().asking = None


def _reason(press: RenderPress) -> str:
    return f"{press.brief_id}.reason"


def _ceiling(press: RenderPress) -> str:
    return f"{press.brief_id}.ceiling"
