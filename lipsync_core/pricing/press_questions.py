"""What is asked before money is spent, for one clip and for a batch. Pure.

A press first has to be meant: a second click, or one on a price that rose under it, sends nothing, and that is the only
answer. Then every reason to think again is asked about at once, and the press is sent when a person agrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

DOUBLE_CLICK_S = 1.0
"""A second click this soon after a job was made belongs to the first."""
LOOK_S = 1.0
"""For how long a higher price must be on screen before a press accepts it."""


class QuestionKind(StrEnum):
    """Why a press is not sent at once."""

    DOUBLE_CLICK = "double click"  # it belongs to the press before it
    PRICE_ROSE = "price rose"  # the price rose too short a time ago to have been read
    UNHEARD = "unheard"  # nothing is heard in a voice
    ALIKE = "alike"  # the same clip was made, or is under way
    UNKNOWN_PRICE = "unknown price"  # limits and caps have no sum to count
    THRESHOLD = "threshold"  # one clip costs more than the team's threshold
    APPROVAL = "approval"  # it costs more than this person's limit: somebody else has to agree


@dataclass(frozen=True, slots=True)
class Question:
    """One reason why a press is not sent at once."""

    kind: QuestionKind
    says: tuple[str, ...] = ()
    """What is known of it, as sentences; empty where the kind says it all."""


@dataclass(frozen=True, slots=True)
class PressFacts:
    """What is known at the moment of a press, whether it is for one clip or for many."""

    is_free: bool = False
    """Whether all of it is drafts."""
    is_sandbox: bool = False
    """Whether it goes to the sandbox, where nothing is billed."""
    is_priced: bool = True
    """Whether limits and caps know what to count for each clip."""
    dearest_usd_micros: int | None = None
    """The highest known price of one clip."""
    threshold_usd_micros: int | None = None
    """Above which price of one clip the team wants a second look; None where it wants none."""
    above_limit: str | None = None
    """Why somebody else has to approve it; None where nobody has to."""
    alike: Sequence[str] = ()
    """The same clips that were made lately, or are under way, each in words."""
    unheard: Sequence[str] = ()
    """The voices in which nothing is heard, each in words."""
    job_made_s_ago: float | None = None
    """Seconds since the press before it made a job for the same clip; None where it made none."""
    price_rose_s_ago: float | None = None
    """Seconds since the price on screen rose; None where it did not."""


def press_questions(facts: PressFacts) -> tuple[Question, ...]:
    """Everything that keeps a press from being sent at once, in the order in which it is shown.

    A free draft is asked about only where it was made already; what the sandbox plays costs nothing, so no price is.
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
