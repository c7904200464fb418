"""HTTP for tests, with the patience that a busy machine needs: httpx itself gives up after five seconds."""

from __future__ import annotations

from functools import partial

import httpx

PATIENCE_S = 120.0

get = partial(httpx.get, timeout=PATIENCE_S)
head = partial(httpx.head, timeout=PATIENCE_S)
post = partial(httpx.post, timeout=PATIENCE_S)
put = partial(httpx.put, timeout=PATIENCE_S)
request = partial(httpx.request, timeout=PATIENCE_S)
