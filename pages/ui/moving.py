"""A place on a page whose text updates by itself while everything around it stays.

What a fragment draws, also into a place outside of it, disappears after its next run unless it is drawn again. So
twelve cards would be sent every second, even if nothing moved. Instead, moving text is drawn as if by the page, so that
it stays until it is replaced (docs/decisions/0030-a-tick-sends-what-moved.md).
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState

LEFT_ALONE = 20
"""Number of ticks after which an unchanged place is drawn again. The output of a run is silently lost if another run
begins at the moment when it ends.
"""


class Moving:
    """One place, made by the page; filled first by the page, and then by a fragment's ticks."""

    def __init__(self) -> None:
        self._place = st.empty()
        self._seen: object = None
        self._left_alone = 0

    def show(self, seen: object, draw: Callable[[], object]) -> None:
        """Let ``draw`` fill the place with one element, unless it already shows ``seen``."""
        if seen == self._seen and self._left_alone < LEFT_ALONE:
            self._left_alone += 1
            return
        with ThreadState.scoped(fragment_id=None), self._place:
            draw()
        self._seen, self._left_alone = seen, 0
