"""Places that keep still: what is drawn in one keeps it for as long as it is there, whatever comes and goes beside it.

Streamlit's browser knows an element by where it stands. When one before it goes, all behind it move up, message by
message, and whatever is open in them closes: a menu under the finger, a field with its text. So what goes leaves an
empty place, which takes no room, and what comes is put at the end.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import TypeVar

import streamlit as st

T = TypeVar("T", bound=Hashable)

MOST_EMPTY = 50
"""Empty places in one list before the others move up after all: each costs a message in every run."""


def kept(name: str, now: Collection[T]) -> list[T]:
    """What has a place in the list called ``name``, in their order; those of what is not in ``now`` are empty.

    The caller draws each of them as a container with the same key as before; an empty one, with nothing in it and no
    border, takes no room.
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
    """Begin anew, for whoever comes from another page."""
    st.session_state.places = {}
