"""Places that keep still on a page whose list changes."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.places import MOST_EMPTY


def script() -> None:
    import streamlit as st

    from pages.ui import places

    st.session_state.places_kept = places.kept("list", st.session_state.now)


@pytest.fixture
def visit() -> AppTest:
    return AppTest.from_function(script)


def kept(visit: AppTest, *now: int) -> list[int]:
    """The places in a run in which these are there."""
    visit.session_state.now = list(now)
    visit.run()
    assert not visit.exception
    places: list[int] = visit.session_state.places_kept
    return places


def test_what_is_there_keeps_its_place_and_what_comes_is_put_at_the_end(visit: AppTest) -> None:
    assert kept(visit, 1, 2, 3) == [1, 2, 3]
    assert kept(visit, 2, 3) == [1, 2, 3]
    assert kept(visit, 3, 4) == [1, 2, 3, 4]
    assert kept(visit, 2, 3, 4) == [1, 2, 3, 4]  # what comes back finds its old place
    assert kept(visit, 0, 2, 3, 4) == [1, 2, 3, 4, 0]


def test_empty_places_at_the_end_and_of_a_list_without_anybody_are_given_up(visit: AppTest) -> None:
    assert kept(visit, 1, 2, 3) == [1, 2, 3]
    assert kept(visit, 1) == [1]
    assert kept(visit) == []
    assert kept(visit, 5, 6) == [5, 6]
    assert kept(visit, 7) == [7]


def test_the_others_move_up_where_there_are_too_many_empty_places(visit: AppTest) -> None:
    many = range(MOST_EMPTY + 2)
    assert kept(visit, *many) == [*many]
    assert kept(visit, *many[-2:]) == [*many]
    assert kept(visit, many[-1]) == [many[-1]]
