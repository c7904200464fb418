"""The state machine: which steps exist, and where a job can end."""

import pytest
from hypothesis import given, strategies as st

from lipsync_core.job import (
    CORRECTABLE,
    PENDING,
    SETTLED,
    STATES,
    TRANSITIONS,
    UNCHOSEN_ENDS,
    WITHDRAWABLE,
    JobState,
    may_become,
)
from lipsync_core.tracker.notices import MESSAGES
from pages.ui.text import STATE_WORDS

ENDS = {state for state in JobState if not TRANSITIONS[state]}


def test_every_state_has_its_row_in_every_table() -> None:
    assert set(TRANSITIONS) == set(STATES) == set(STATE_WORDS) == set(JobState)
    assert set(MESSAGES) == UNCHOSEN_ENDS | {JobState.AWAITING_APPROVAL}
    assert {state for state, words in STATE_WORDS.items() if words.news} == UNCHOSEN_ENDS | {JobState.WITHDRAWN}


def test_what_a_state_means_for_the_money_changes_in_one_direction_but_for_a_person_who_errs() -> None:
    """What is settled stays settled, unless a late answer corrects what a person declared."""
    for now in SETTLED - CORRECTABLE:
        assert not TRANSITIONS[now], now


def test_only_an_unconfirmed_or_unapproved_job_waits_for_a_person() -> None:
    judged_by_a_person = {JobState.NOT_TAKEN, JobState.WRITTEN_OFF}
    waiting = set(JobState) - ENDS - PENDING - judged_by_a_person
    assert waiting == {JobState.UNCONFIRMED, JobState.AWAITING_APPROVAL}


def test_a_person_who_judged_too_early_is_corrected_by_the_vendors_answer_and_may_take_back_that_it_was_not_taken() -> (
    None
):
    assert TRANSITIONS[JobState.WRITTEN_OFF] == {JobState.RENDERING}
    assert TRANSITIONS[JobState.NOT_TAKEN] == {JobState.RENDERING, JobState.UNCONFIRMED}


@pytest.mark.parametrize("state", JobState)
def test_every_job_can_reach_an_end(state: JobState) -> None:
    reached, frontier = {state}, [state]
    while frontier:
        for then in TRANSITIONS[frontier.pop()] - reached:
            reached.add(then)
            frontier.append(then)
    assert reached & ENDS


def test_nothing_that_may_have_been_sent_goes_back_to_the_queue_but_from_submitting() -> None:
    sent = {JobState.RENDERING, JobState.OVERDUE, JobState.ARCHIVING, JobState.UNCONFIRMED}
    assert not [state for state in sent if may_become(state, JobState.QUEUED) or may_become(state, JobState.SUBMITTING)]


def test_withdrawing_is_free_because_nothing_was_sent() -> None:
    assert {JobState.QUEUED, JobState.AWAITING_APPROVAL} == WITHDRAWABLE
    assert not may_become(JobState.SUBMITTING, JobState.WITHDRAWN)


@given(st.lists(st.sampled_from(list(JobState)), max_size=30))
def test_a_job_that_ended_never_moves_again(wishes: list[JobState]) -> None:
    state, ended_as = JobState.QUEUED, None
    for wish in wishes:
        if may_become(state, wish):
            assert ended_as is None
            state = wish
            ended_as = state if state in ENDS else None
