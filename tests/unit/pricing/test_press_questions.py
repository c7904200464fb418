"""What is asked before money is spent, as a table: the same for one clip and for a batch."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from lipsync_core import PressFacts, Question, QuestionKind, press_questions

K = QuestionKind
CHEAP = PressFacts(dearest_usd_micros=900_000)
ABOVE = "$0.90 is above your limit of $0.50."
EVERYTHING = replace(
    CHEAP,
    is_priced=False,
    threshold_usd_micros=100_000,
    above_limit=ABOVE,
    alike=("Ana made it.",),
    unheard=("Nothing is heard.",),
)


@pytest.mark.parametrize(
    ("facts", "kinds"),
    [
        (CHEAP, ()),
        (replace(CHEAP, unheard=("Nothing is heard.",)), (K.UNHEARD,)),
        (replace(CHEAP, alike=("Ana made it.",)), (K.ALIKE,)),
        (replace(CHEAP, is_priced=False), (K.UNKNOWN_PRICE,)),
        (replace(CHEAP, threshold_usd_micros=900_000), ()),
        (replace(CHEAP, threshold_usd_micros=899_999), (K.THRESHOLD,)),
        (replace(CHEAP, dearest_usd_micros=None, threshold_usd_micros=0), ()),
        (replace(CHEAP, above_limit=ABOVE), (K.APPROVAL,)),
        (EVERYTHING, (K.UNHEARD, K.ALIKE, K.UNKNOWN_PRICE, K.THRESHOLD, K.APPROVAL)),
        (replace(EVERYTHING, is_sandbox=True), (K.ALIKE, K.APPROVAL)),
        (replace(EVERYTHING, is_free=True), (K.ALIKE,)),
        (replace(EVERYTHING, job_made_s_ago=0.9), (K.DOUBLE_CLICK,)),
        (replace(EVERYTHING, job_made_s_ago=0.9, price_rose_s_ago=0.1), (K.DOUBLE_CLICK,)),
        (replace(CHEAP, job_made_s_ago=1.0), ()),
        (replace(EVERYTHING, price_rose_s_ago=0.9), (K.PRICE_ROSE,)),
        (replace(CHEAP, price_rose_s_ago=1.0), ()),
        (replace(EVERYTHING, is_sandbox=True, price_rose_s_ago=0.9), (K.PRICE_ROSE,)),
        (PressFacts(is_free=True, price_rose_s_ago=0.9), ()),
    ],
)
def test_each_fact_raises_its_own_question(facts: PressFacts, kinds: tuple[QuestionKind, ...]) -> None:
    assert tuple(question.kind for question in press_questions(facts)) == kinds


def test_a_question_says_what_is_known_of_it() -> None:
    asked = press_questions(EVERYTHING)
    assert asked[0] == Question(K.UNHEARD, ("Nothing is heard.",))
    assert asked[1] == Question(K.ALIKE, ("Ana made it.",))
    assert asked[-1] == Question(K.APPROVAL, (ABOVE,))


def test_nothing_that_costs_money_for_sure_leaves_unasked_where_there_is_a_reason_to_ask() -> None:
    """Whatever else is true, a live press with a reason to think again is never sent at once."""
    for alike, unheard, is_priced, threshold, above in product(
        ((), ("made",)), ((), ("silent",)), (True, False), (None, 1), (None, ABOVE)
    ):
        facts = PressFacts(
            is_priced=is_priced,
            dearest_usd_micros=2,
            threshold_usd_micros=threshold,
            above_limit=above,
            alike=alike,
            unheard=unheard,
        )
        has_reason = bool(alike or unheard or not is_priced or threshold or above)
        assert bool(press_questions(facts)) == has_reason
