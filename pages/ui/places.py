"""Stable places: an element in one keeps its position while others come and go beside it.

Streamlit's frontend identifies an element by its position. When an earlier one disappears, all later ones move up, one
message at a time, and anything open in them closes: a menu in use, a field with its text. So an element that disappears
leaves an empty place, which takes no room, and a new one is added at the end.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import TypeVar

import streamlit as st

T = TypeVar("T", bound=Hashable)

MOST_EMPTY = 50
"""The most empty places in one list before the others move up after all: each costs a message in every run."""


def kept(name: str, now: Collection[T]) -> list[T]:
    """Return what has a place in the list called ``name``, in order; places of items not in ``now`` are empty.

    The caller draws each as a container with the same key as before; an empty one, without a border, takes no room.
    """
    lists: dict[str, list[T]] = st.session_state.setdefault("places", {})
    before = lists.get(name, [])
    here = before if any(one in now for one in before) else []
    here = [*here, *(one for one in now if one not in here)]
    if sum(one not in now for one in here) > MOST_EMPTY:
        here = [one for one in here if one in now]
    while here and here[-1] not in now:
        here.pop()
    lists[name] = here
    return here


def forget() -> None:
    """Drop all places, for a visitor who comes from another page."""
    st.session_state.places = {}
