"""Processes that do not outlive the one that forked them, however it ends."""

from __future__ import annotations

import ctypes
import signal
import sys


def end_with_parent() -> None:
    """Have this process killed when the one that forked it is gone, where the system can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
