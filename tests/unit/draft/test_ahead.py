"""A series that is made in a thread of its own is the same series."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from lipsync_core.draft.ahead import ahead


def test_a_series_keeps_its_order_and_raises_what_it_raises() -> None:
    def broken() -> Iterator[int]:
        yield from range(20)
        raise ValueError("the file ends here")

    assert list(ahead(range(100))) == list(range(100))
    got: list[int] = []
    with pytest.raises(ValueError, match="ends here"):
        got.extend(ahead(broken()))
    assert list(ahead(())) == []


def test_what_is_not_used_is_not_made_and_its_thread_ends() -> None:
    made: list[int] = []

    def endless() -> Iterator[int]:
        while True:
            made.append(len(made))
            yield len(made)

    series = ahead(endless())
    assert next(series) == 1
    series.close()
    assert len(made) < 10
    assert not [one for one in threading.enumerate() if one.name == "ahead"]
