"""Patience, as a busy machine needs it, also for HTTP to servers on this computer: httpx itself gives up after 5 s.

No such server has a certificate, and reading those of the whole world, as httpx does for each request of its own, takes
ten times as long as the request.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import httpx

PATIENCE_S = 120.0

_ask = partial(
    httpx.request, timeout=PATIENCE_S, trust_env=False, verify=httpx.create_ssl_context(verify=False, trust_env=False)
)
request = partial(_ask)
get = partial(_ask, "GET")
head = partial(_ask, "HEAD")
post = partial(_ask, "POST")
put = partial(_ask, "PUT")
delete = partial(_ask, "DELETE")


def until(holds: Callable[[], bool]) -> None:
    """Look until it holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)
