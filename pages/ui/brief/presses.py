"""The data of a press of Render, and this visit's memory of its presses.

All of it is in one plain object: each access to ``st.session_state`` may end the run in favour of a newer message, and
a press must not be interrupted halfway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from lipsync_core import (
    ENGINES,
    FIELDS,
    Brief,
    Engine,
    MediumFacts,
    Quote,
    credits_text,
    price_text,
    priced,
)

_KEY = "hand"


@dataclass(frozen=True, slots=True)
class RenderPress:
    """The data of a press: everything as it was when the button was drawn."""

    brief_id: str
    brief: Brief
    quote: Quote
    after: int | None
    """The brief's last job."""
    sandbox: bool

    @property
    def engine(self) -> Engine:
        """The engine that the button is for."""
        return ENGINES[self.quote.engine]

    @property
    def free(self) -> bool:
        """Whether nothing is billed: a draft, or the sandbox."""
        return self.sandbox or self.engine.is_draft

    def is_of(self, brief: Brief) -> bool:
        """Return whether it is for exactly this brief, ignoring the engine in its row."""
        return self.brief == brief


@dataclass(frozen=True, slots=True)
class Shown:
    """A price on screen: since when it is at least this high, and the price before it rose."""

    press: RenderPress
    since_s: float
    lower: RenderPress | None = None


@dataclass(frozen=True, slots=True)
class PressRefusal:
    """Why a press sent nothing; it holds until the brief changes."""

    press: RenderPress
    title: str = ""
    text: str = ""
    """Empty if the page should say what has changed since the press was drawn."""
    brief: Brief | None = None
    """The brief as it was when this was shown; None before that."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person said in the dialog before a press was sent."""

    again: bool = False
    """Whether it is to be made although the same clip was made already."""
    ceiling_usd_micros: int | None = None
    """What a cap reserves for an unknown price."""
    reason: str = ""
    """Why it should be approved."""


NO_QUESTION = Consent()
"""Nothing had to be asked."""


@dataclass(slots=True)
class SentJob:
    """A press that made a job."""

    press: RenderPress
    job_id: int
    at_s: float
    """When it was pressed, on the monotonic clock."""
    consent: Consent = NO_QUESTION
    drawn_s: float | None = None
    """When a page with the job was drawn completely, on the same clock; None before that."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a voice or a video that was chosen and has to be cut out."""

    brief_id: str
    field: str
    whole: MediumFacts
    start_s: float
    end_s: float
    at_s: float
    """When it was chosen, on the monotonic clock."""


@dataclass(slots=True)
class Presses:
    """The presses of one visit."""

    shown: dict[str, Shown] = field(default_factory=dict)
    """The prices on screen, by brief and engine."""
    refusal: PressRefusal | None = None
    asking: RenderPress | None = None
    """The press about which a dialog asks."""
    sent: SentJob | None = None
    """The last press that made a job."""
    stopped: SentJob | None = None
    """A press whose job was stopped because the brief changed right after it; a person has to say which was meant."""
    cutting: Cut | None = None
    placed: bool = False
    """Whether a mouth was placed since the whole page was drawn, so that its dialog is finished."""


def hand() -> Presses:
    """Return this visit's presses. Calling this does not interrupt a callback."""
    found: Presses | None = st.session_state.to_dict().get(_KEY)
    if found is None:
        found = st.session_state[_KEY] = Presses()
    return found


def seen(press: RenderPress) -> str:
    """Return the key of a press's price."""
    return f"{press.brief_id}.{press.quote.engine}"


def sum_of(quote: Quote) -> str:
    """Return the amount in a question: ``about $12.60``, ``52 credits`` or ``an unknown sum``."""
    if quote.usd_micros is not None:
        return priced(quote)
    return "an unknown sum" if quote.credits is None else credits_text(quote.credits)


def figure(quote: Quote) -> str:
    """Return the bare amount, for a sentence that compares two."""
    is_credits = quote.usd_micros is None and quote.credits is not None
    return sum_of(quote) if is_credits else price_text(quote.usd_micros).removeprefix("price ")


def changed_fields(was: Brief, now: Brief) -> list[str]:
    """Return the fields in which two briefs differ, except the engine."""
    return [field for field in FIELDS if field != "engine" and getattr(was, field) != getattr(now, field)]


def changed_words(fields: Sequence[str], *, engine: bool = False) -> str:
    """Say what has changed: ``The text and the size changed.``; empty if nothing has."""
    words = list(dict.fromkeys(FIELDS[field].noun for field in fields)) + ["engine"] * engine
    if not words:
        return ""
    *most, last = (f"the {word}" for word in words)
    listed = f"{', '.join(most)} and {last}" if most else last
    return f"{listed[0].upper()}{listed[1:]} changed."
