"""A place on a page where words move by themselves while everything round it stays.

What a fragment draws is gone after its next run unless it is drawn again, and so is what it draws into a place outside
of it. Twelve cards would be sent every second, whatever moved. So what moves is drawn as if the page drew it: then it
stays until it is drawn over (docs/decisions/0030-a-tick-sends-what-moved.md).
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState

LEFT_ALONE = 20
"""So many ticks leave a place alone where nothing moved; the next one draws it again. What a run sent is lost if
another begins at the very moment at which it ends, and nothing says so.
"""


class Moving:
    """One place, made where the page stands; to be filled by the page, and then by a fragment's ticks."""

    def __init__(self) -> None:
        self._place = st.empty()
        self._seen: object = None
        self._left_alone = 0

    def show(self, seen: object, draw: Callable[[], object]) -> None:
        """Have ``draw`` fill the place with one element, unless what one would see is ``seen`` already."""
        if seen == self._seen and self._left_alone < LEFT_ALONE:
            self._left_alone += 1
            return
        with ThreadState.scoped(fragment_id=None), self._place:
            draw()
        self._seen, self._left_alone = seen, 0
