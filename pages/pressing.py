"""The button that renders: the price stands on it, and the price on it when it was pressed is the price that is sent.

Nothing here waits for anybody: a press inserts one intent, which the tracker carries out.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import streamlit as st

from lipsync_core import (
    ENGINES,
    MOST_CEILING_USD_MICROS,
    Brief,
    BriefError,
    Engine,
    Job,
    PriceRoseError,
    Quote,
    StudioError,
    credits_text,
    has_risen,
    price_text,
    priced,
    unheard_words,
)
from pages.frame import dialog, pressed, studio
from pages.words import about, md, plain, state_word

LOOK_S = 1.0
"""For how long a higher price must have stood on the button before a press accepts it."""

DOUBLE_S = 1.0
"""A second click within so long belongs to the first, also where the button was drawn anew between them."""
WAITS = "It waits until somebody approves it; nothing is sent or charged before that."
VOICES = ("audio", "left_audio", "right_audio")
CEILING_USD = 5.0
"""What is proposed to be reserved for a price that is not known."""

PARTS = {
    "text": "The text changed.",
    "resolution": "The size changed.",
    "order": "The speaking order changed.",
    "audio": "The voice changed.",
    "left_audio": "The left voice changed.",
    "right_audio": "The right voice changed.",
    "video": "The video changed.",
}
"""What may have changed a price, by field."""


@dataclass(frozen=True, slots=True)
class Press:
    """What a press of the button stands for: everything as it was when the button was drawn."""

    brief_id: str
    brief: Brief
    quote: Quote
    by: str
    after: int | None
    """The brief's last job."""
    sandbox: bool

    @property
    def engine(self) -> Engine:
        """The engine that the button is for."""
        return ENGINES[self.quote.engine]

    @property
    def free(self) -> bool:
        """Whether nothing is billed, whatever the engine costs."""
        return self.sandbox or self.engine.is_draft


@dataclass(frozen=True, slots=True)
class Shown:
    """A price on screen: since when it is at least this high, and what stood there before it rose."""

    press: Press
    since_s: float
    lower: Press | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a press sent nothing; it holds for the brief as it was then."""

    title: str
    text: str
    brief: Brief


def button(press: Press) -> None:
    """Draw the button, above it why the last press sent nothing, and the question that a press may raise."""
    refusal: Refusal | None = st.session_state.get(_refused(press.brief_id))
    with st.container():  # always there, so that the button keeps its place
        if refusal is not None and refusal.brief == press.brief:
            st.warning(md(refusal.text), title=md(refusal.title))
    st.button(
        label(press),
        key=f"{press.brief_id}.render.{press.quote.engine}",
        type="primary",
        width="stretch",
        wrap=True,
        icon=":material/play_arrow:",
        shortcut="Ctrl+Enter" if press.engine.is_draft else None,
        disabled=bool(press.quote.problems),
        on_click=pressed(_pressed),
        args=(press,),
    )
    asked: Press | None = st.session_state.get(_asking(press.brief_id))
    if asked is not None:
        _ask(asked)


def forget(brief_id: str) -> None:
    """Drop what an earlier stay on the page had asked or refused."""
    for key in (_asking(brief_id), _refused(brief_id)):
        st.session_state[key] = None


def label(press: Press) -> str:
    """What stands on the button."""
    if press.engine.is_draft:
        return "Render free draft"
    if press.sandbox:
        return r"Render in sandbox · \$0.00"
    if press.quote.usd_micros is None:
        return md(f"Render · {priced(press.quote)}")
    return md(f"Render for {priced(press.quote)}")


def watch(presses: Iterable[Press]) -> None:
    """Note since when each price is on screen; to be called whenever the list of them is drawn."""
    for press in presses:
        before: Shown | None = st.session_state.get(_seen(press))
        if before is None:
            st.session_state[_seen(press)] = Shown(press, time.monotonic())
        elif has_risen(before.press.quote, press.quote):
            st.session_state[_seen(press)] = Shown(press, time.monotonic(), before.press)
        else:
            st.session_state[_seen(press)] = replace(before, press=press)


def _pressed(press: Press) -> None:
    shown: Shown | None = st.session_state.get(_seen(press))
    st.session_state[_refused(press.brief_id)] = None
    if press.engine.is_draft:
        _send(press)
    elif _was_pressed(press):
        return
    elif shown is not None and shown.lower is not None and time.monotonic() - shown.since_s < LOOK_S:
        _refuse_rise(press, shown.lower)
    elif (
        _alike(_now(press)) is not None
        or _is_unknown(press)
        or _approval(press)
        or _is_dear(press)
        or _unheard(_now(press))
    ):
        st.session_state.dialog = None  # another question of the page gives way
        st.session_state[_asking(press.brief_id)] = press
    else:
        _send(press)


def _was_pressed(press: Press) -> bool:
    """Whether the engine just got its job: this is the second click of a double click."""
    open_brief = studio().open_brief(press.brief_id)
    if open_brief is None or open_brief.job_id is None:
        return False
    last = studio().job(open_brief.job_id)
    is_new = last.id != press.after or (datetime.now(UTC) - last.created_at).total_seconds() < DOUBLE_S
    return is_new and last.pending and last.engine == press.quote.engine


def _send(press: Press, *, again: bool = False, ceiling: int | None = None) -> None:
    """Insert the intent. Nothing that could end this run stands before it."""
    try:
        studio().render(
            press.brief_id,
            engine=press.quote.engine,
            by=press.by,
            after=press.after,
            sandbox=press.sandbox,
            agreed=press.quote,
            again=again,
            ceiling_usd_micros=ceiling,
        )
    except PriceRoseError as error:
        _refuse_rise(replace(_now(press), quote=error.quote), press)
    except BriefError as error:
        _refuse(_now(press), "Not started", " ".join(map(plain, error.fields.values())))
    except StudioError as error:
        _refuse(_now(press), "Not started", plain(str(error)))


def _now(press: Press) -> Press:
    """The press with what the brief's row holds now."""
    open_brief = studio().open_brief(press.brief_id)
    return press if open_brief is None else replace(press, brief=open_brief.brief)


def _refuse_rise(now: Press, before: Press) -> None:
    changed = next(
        (words for field, words in PARTS.items() if getattr(now.brief, field) != getattr(before.brief, field)),
        "A rate changed.",
    )
    title = f"The price is now {_figure(now.quote)}, not {_figure(before.quote)}."
    _refuse(now, title, f"{changed} Nothing was sent: press again to accept.")


def _refuse(press: Press, title: str, text: str) -> None:
    st.session_state[_refused(press.brief_id)] = Refusal(title, text, press.brief)


def _alike(press: Press) -> Job | None:
    if press.engine.is_draft:
        return None
    (job,) = studio().alike([replace(press.brief, engine=press.quote.engine)], sandbox=press.sandbox)
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
    voices = (studio().medium(getattr(press.brief, field), "audio") for field in VOICES)
    return [words for voice in voices if voice is not None and (words := unheard_words(voice)) is not None]


def _approval(press: Press) -> str | None:
    """Why somebody else has to agree first: a ceiling stands for no price that is not known."""
    if press.engine.is_draft:
        return None
    quote = press.quote
    return studio().above_limit(press.by, quote.reserved_usd_micros, rests_on_link=quote.open_ended)


def _ask(press: Press) -> None:
    """One dialog with every reason to think again."""
    twice, unknown, unheard = _alike(_now(press)), _is_unknown(press), _unheard(_now(press))
    if twice is None and not unknown and not _approval(press) and not _is_dear(press) and not unheard:
        _answered(press)
        return
    spent = "$0.00 in the sandbox" if press.sandbox else _sum(press.quote)

    @dialog(md(_title(press, spent, twice is not None)), on_dismiss=lambda: _answered(press))
    def body() -> None:
        if st.session_state.get(_asking(press.brief_id)) is None:
            st.rerun()  # a press in here reruns only this body
        for words in unheard:
            st.markdown(f":material/volume_off: {md(plain(words))}")
        if twice is not None:
            st.markdown(_started(twice) + md(f" Render it a second time for {spent}?"))
        if unknown:
            st.markdown(md(_unknown(press)))
            if studio().budgets.any_cap(press.brief.project, press.by):
                least = max(1, -(-press.quote.least_ceiling_usd_micros // 10_000)) / 100
                st.number_input(
                    "Reserve of the month’s cap, in dollars",
                    min_value=least,
                    max_value=MOST_CEILING_USD_MICROS / 1e6,
                    value=max(CEILING_USD, least),
                    step=1.0,
                    key=_ceiling(press),
                    help="It is set aside until the real cost is known. It is no limit at the vendor.",
                )
        if (limit := _is_dear(press)) is not None:
            st.markdown(md(f"Above {price_text(limit)} your team wants a second look at every price."))
        if (above := _approval(press)) is not None:
            st.markdown(md(f"{plain(above)} {WAITS}"))
        with st.container(horizontal=True):
            st.button("Back", key="back", on_click=pressed(_answered), args=(press,))
            st.button(
                md(_yes(spent, again=twice is not None, asks=above is not None)),
                key="spend",
                type="primary",
                wrap=True,
                on_click=pressed(_agreed),
                args=(press, twice is not None),
            )

    body()


def _unknown(press: Press) -> str:
    """Why there is no sum to count."""
    if press.quote.open_ended and press.quote.usd_micros is not None:
        vendor = press.engine.vendor
        return f"{vendor} fetches the pasted link itself, and nobody says how long an input it accepts at most."
    return f"We can’t say what that is in dollars. {press.quote.basis}"


def _title(press: Press, spent: str, again: bool) -> str:
    """What the dialog asks."""
    if not _is_unknown(press) and _approval(press) is not None:
        return f"Ask for approval of {_sum(press.quote)}?"
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


def _agreed(press: Press, again: bool) -> None:
    dollars: float | None = st.session_state.get(_ceiling(press))
    _answered(press)
    _send(press, again=again, ceiling=None if dollars is None else round(dollars * 1_000_000))


def _answered(press: Press) -> None:
    st.session_state[_asking(press.brief_id)] = None


def _sum(quote: Quote) -> str:
    """What a question asks for: ``about $12.60``, ``52 credits`` or ``an unknown sum``."""
    if quote.usd_micros is not None:
        return priced(quote)
    return "an unknown sum" if quote.credits is None else credits_text(quote.credits)


def _figure(quote: Quote) -> str:
    """The bare figure, for a sentence that compares two."""
    is_credits = quote.usd_micros is None and quote.credits is not None
    return _sum(quote) if is_credits else price_text(quote.usd_micros).removeprefix("price ")


def _seen(press: Press) -> str:
    return f"{press.brief_id}.seen.{press.quote.engine}"


def _ceiling(press: Press) -> str:
    return f"{press.brief_id}.ceiling"


def _refused(brief_id: str) -> str:
    return f"{brief_id}.refused"


def _asking(brief_id: str) -> str:
    return f"{brief_id}.asking"
