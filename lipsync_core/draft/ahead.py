"""Make the next few things of a series in a thread of their own, while the last one is being used."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

_AHEAD = 4
_LOOK_S = 0.2


def ahead(series: Iterable[T]) -> Generator[T, None, None]:
    """Yield the series in order; up to four more are made meanwhile.

    What it raises is raised here. If it is not used to its end, its thread ends with what it is making.
    """
    waiting: queue.Queue[tuple[T] | BaseException | None] = queue.Queue(_AHEAD)
    over = threading.Event()

    def hand_over(one: tuple[T] | BaseException | None) -> None:
        while not over.is_set():
            with suppress(queue.Full):
                waiting.put(one, timeout=_LOOK_S)
                return

    def make() -> None:
        try:
            for one in series:
                hand_over((one,))
                if over.is_set():
                    return
            hand_over(None)
        except BaseException as error:  # whoever uses the series raises it, whatever it is
            hand_over(error)

    maker = threading.Thread(target=make, name="ahead")
    maker.start()
    try:
        while (got := waiting.get()) is not None:
            if isinstance(got, BaseException):
                raise got
            yield got[0]
    finally:
        over.set()
        maker.join()
