"""The questions asked before money is spent, for one clip and for a batch. Pure.

First, a press that was probably not intended sends nothing: a double click, or a click just as the price rose. No other
question is asked then. Otherwise all other reasons to reconsider are asked about together, and the press is sent once a
person agrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

DOUBLE_CLICK_S = 1.0
"""A click within this many seconds after a job was made is the second half of a double click."""
LOOK_S = 1.0
"""Seconds for which a higher price must be on screen before a press accepts it."""


class QuestionKind(StrEnum):
    """Why a press is not sent at once."""

    DOUBLE_CLICK = "double click"  # the second half of a double click
    PRICE_ROSE = "price rose"  # the price rose too recently to have been read
    UNHEARD = "unheard"  # nothing is heard in a voice
    ALIKE = "alike"  # the same clip was made recently, or is in progress
    UNKNOWN_PRICE = "unknown price"  # the price is unknown, so limits and caps cannot count it
    THRESHOLD = "threshold"  # one clip costs more than the team's threshold
    APPROVAL = "approval"  # it costs more than this person's limit: another person must approve it


@dataclass(frozen=True, slots=True)
class Question:
    """One reason why a press is not sent at once."""

    kind: QuestionKind
    says: tuple[str, ...] = ()
    """Details as sentences; empty if the kind says everything."""


@dataclass(frozen=True, slots=True)
class PressFacts:
    """The facts at the moment of a press, for one clip or for many."""

    is_free: bool = False
    """Whether every clip is a draft."""
    is_sandbox: bool = False
    """Whether the clips go to the sandbox, where nothing is billed."""
    is_priced: bool = True
    """Whether every clip has a sum that limits and caps can count."""
    dearest_usd_micros: int | None = None
    """The highest known price of one clip."""
    threshold_usd_micros: int | None = None
    """The price of one clip above which the team wants a confirmation; None if it wants none."""
    above_limit: str | None = None
    """Why another person must approve it; None if no approval is needed."""
    alike: Sequence[str] = ()
    """A description of each identical clip that was made recently or is in progress."""
    unheard: Sequence[str] = ()
    """A description of each voice in which nothing is heard."""
    job_made_s_ago: float | None = None
    """Seconds since the previous press made a job for the same clip; None if it made none."""
    price_rose_s_ago: float | None = None
    """Seconds since the price on screen rose; None if it did not rise."""


def press_questions(facts: PressFacts) -> tuple[Question, ...]:
    """Return every reason not to send a press at once, in the order of display.

    A free draft is questioned only if the same one was made already. The sandbox bills nothing, so there the price is
    not questioned.
    """
    if facts.job_made_s_ago is not None and facts.job_made_s_ago < DOUBLE_CLICK_S:
        return (Question(QuestionKind.DOUBLE_CLICK),)
    if not facts.is_free and facts.price_rose_s_ago is not None and facts.price_rose_s_ago < LOOK_S:
        return (Question(QuestionKind.PRICE_ROSE),)
    is_billed = not (facts.is_free or facts.is_sandbox)
    threshold = facts.threshold_usd_micros
    is_dear = threshold is not None and (facts.dearest_usd_micros or 0) > threshold
    asked = (
        (is_billed and bool(facts.unheard), QuestionKind.UNHEARD, tuple(facts.unheard)),
        (bool(facts.alike), QuestionKind.ALIKE, tuple(facts.alike)),
        (is_billed and not facts.is_priced, QuestionKind.UNKNOWN_PRICE, ()),
        (is_billed and is_dear, QuestionKind.THRESHOLD, ()),
        (not facts.is_free and facts.above_limit is not None, QuestionKind.APPROVAL, (facts.above_limit or "",)),
    )
    return tuple(Question(kind, says) for holds, kind, says in asked if holds)
