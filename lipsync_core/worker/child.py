"""The worker's side of `lipsync_core.worker.process`, which starts it with a task name and its limits."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from typing import Any

from lipsync_core.errors import MediaError, RenderError
from lipsync_core.worker.cage import Bounds, enter


def main() -> None:
    """Restrict this process first, then read the arguments, run the task, and answer."""
    task, bounds = sys.argv[2], Bounds(**json.loads(sys.argv[3]))
    be_modest()
    missing = enter(bounds)
    # Ctrl+C and a service manager's stop reach this process too; its parent decides whether it is still needed.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.SIG_IGN)
    # Output of libraries goes to standard error, so that it cannot be mistaken for an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    if missing:
        say({"uncaged": missing})
    try:
        arguments = json.load(sys.stdin)
        from lipsync_core.worker import tasks

        say({"ready": True})
        say({"result": tasks.task(task)(arguments, lambda done, total: say({"frames": [done, total]}))})
    except MediaError as error:
        say({"refused": {"title": error.title, "advice": error.advice}})
    except RenderError as error:
        say({"refused": {"reason": str(error)}})
    except ImportError as error:  # a package that is missing, or that does not fit this system
        print(error, file=sys.stderr)
        say({"broken": f"Python’s package “{error.name}”" if error.name else "one of Python’s packages"})
    except MemoryError:
        say({"out_of_memory": True})
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        say({"no_room": True})


NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
"""What the system says of a disk without room for a task's output."""


def be_modest() -> None:
    """Limit the number libraries to one thread each: more would only compete with the encoder's; OpenCV to two."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["OPENCV_FOR_THREADS_NUM"] = "2"
