"""Failures on demand: which request fails, and how. Deterministic, from a schedule or from a seed and a counter.

Faults belong to the serving process; jobs and the bill belong to its folder and outlive the process.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Literal

from lipsync_core.sandbox import NAMES

Moment = Literal["submit", "poll", "download", "render", "webhook"]

MOST = 1_000_000
"""The most repetitions, skipped requests and seconds of ``Retry-After``."""
LONGEST_S = 86_400.0
LARGEST = 1 << 30
_LONGEST_TEXT = 2_000


class FaultKind(StrEnum):
    """The kind of failure."""

    LOST = "lost"  # the connection closes without an answer
    GATEWAY = "gateway"  # a gateway's HTML page with `status`; with 200 a sign-in page
    REFUSED = "refused"  # `status` in the vendor's own error shape
    BARE = "bare"  # `status` with an empty body
    SLOW = "slow"  # the answer comes after `seconds`; no answer if the request was not carried out
    MALFORMED = "malformed"  # the JSON is cut off
    WRONG_TYPE = "wrong_type"  # the right bytes as text/plain
    REDIRECT = "redirect"  # `status` 3xx to `location`
    HUGE = "huge"  # valid JSON, padded to `size` bytes
    NO_ID = "no_id"  # a success without the job's id
    UNKNOWN_STATUS = "unknown_status"  # an undocumented status word
    NO_LINK = "no_link"  # finished, but without a link
    LINK_EXPIRED = "link_expired"  # the link is already expired
    CUT = "cut"  # a download stops in the middle
    FAILED = "failed"  # the job fails with `words`
    HOOK_LOST = "webhook_lost"
    HOOK_DOUBLED = "webhook_doubled"
    HOOK_FORGED = "webhook_forged"  # first comes one with another id and a foreign link
    HOOK_EARLY = "webhook_early"  # success is sent before the submit is answered
    HOOK_OUT_OF_ORDER = "webhook_out_of_order"  # "still running" arrives after the end


_ANSWERS = (
    FaultKind.LOST,
    FaultKind.GATEWAY,
    FaultKind.REFUSED,
    FaultKind.BARE,
    FaultKind.SLOW,
    FaultKind.MALFORMED,
    FaultKind.WRONG_TYPE,
    FaultKind.REDIRECT,
    FaultKind.HUGE,
)
_REWORDED = frozenset({FaultKind.MALFORMED, FaultKind.WRONG_TYPE, FaultKind.HUGE, FaultKind.NO_ID})
"""These alter the answer to a request that was carried out, so they require ``accepted``."""
REFUSALS = frozenset({400, 401, 402, 403, 404, 413, 422, 429})
"""A vendor that sends one of these with its own body has taken nothing: a client cannot cope with one that lies."""

FITTING: Mapping[Moment, tuple[FaultKind, ...]] = {
    "submit": (*_ANSWERS, FaultKind.NO_ID),
    "poll": (*_ANSWERS, FaultKind.UNKNOWN_STATUS, FaultKind.NO_LINK, FaultKind.LINK_EXPIRED),
    "download": (FaultKind.LOST, FaultKind.GATEWAY, FaultKind.BARE, FaultKind.SLOW, FaultKind.REDIRECT, FaultKind.CUT),
    "render": (FaultKind.FAILED,),
    "webhook": tuple(kind for kind in FaultKind if kind.startswith("webhook_")),
}
"""The faults that can happen at each moment."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure, for the next ``times`` matching requests after the first ``skip`` of them."""

    kind: FaultKind
    on: Moment
    vendor: str | None = None
    """None means any vendor."""
    accepted: bool = True
    """Whether a submit with an altered answer was carried out (and billed) anyway."""
    status: int = 502
    seconds: float = 1.0
    size: int = 50 << 20
    location: str = "http://127.0.0.1:9/elsewhere"
    retry_after: int | None = None
    words: str = "The face could not be detected in the input."
    skip: int = 0
    times: int = 1

    def __post_init__(self) -> None:
        """Reject impossible faults, so that a typo in a test does not silently mean no faults."""
        if self.kind not in FITTING.get(self.on, ()):
            raise ValueError(f"“{self.kind}” cannot happen on a {self.on}.")
        if not self.accepted and self.kind in _REWORDED:
            raise ValueError(f"“{self.kind}” alters the answer to an accepted request, so leave “accepted” true.")
        if _lies(self):
            raise ValueError(f"A vendor that refuses with {self.status} has taken nothing: set “accepted” to false.")
        if self.vendor is not None and self.vendor not in NAMES:
            raise ValueError(f"Unknown vendor. Known vendors: {', '.join(NAMES)}.")
        bounds = (
            1 <= self.times <= MOST
            and 0 <= self.skip <= MOST
            and 200 <= self.status <= 599
            and 0 <= self.seconds <= LONGEST_S
            and 0 <= self.size <= LARGEST
            and 0 <= (self.retry_after or 0) <= MOST
        )
        if not bounds:
            raise ValueError(
                f"Give times from 1, skip and retry_after from 0 (to {MOST:,} each), a status from 200 to 599, "
                f"seconds from 0 to {LONGEST_S:,}, size from 0 to {LARGEST:,} bytes."
            )
        if not self.location.isascii() or not self.location.isprintable() or len(self.location) > _LONGEST_TEXT:
            raise ValueError(f"“location” must be one line of at most {_LONGEST_TEXT:,} ASCII characters.")
        if len(self.words) > _LONGEST_TEXT:
            raise ValueError(f"“words” may have at most {_LONGEST_TEXT:,} characters.")


def _lies(fault: Fault) -> bool:
    return fault.kind is FaultKind.REFUSED and fault.on == "submit" and fault.accepted and fault.status in REFUSALS


@dataclass(slots=True)
class _Due:
    """A scheduled fault, with its remaining skips and repetitions."""

    fault: Fault
    skip: int
    times: int


class Faults:
    """A schedule of faults, followed by the seeded ones."""

    def __init__(self, schedule: Iterable[Fault] = (), *, seed: int | None = None, rate: float = 0.0) -> None:
        self._lock = threading.Lock()
        self._due = [_Due(fault, fault.skip, fault.times) for fault in schedule]
        self._seed, self._rate = seed, rate
        self._counts: Counter[tuple[str, Moment]] = Counter()

    def add(self, fault: Fault) -> None:
        """Schedule one more fault."""
        with self._lock:
            self._due.append(_Due(fault, fault.skip, fault.times))

    def clear(self) -> None:
        """Clear the schedule and stop the seeded faults."""
        with self._lock:
            self._due, self._rate = [], 0.0

    def due(self) -> list[dict[str, Any]]:
        """Return the scheduled faults that have not happened yet, each with its remaining ``skip`` and ``times``."""
        with self._lock:
            return [asdict(due.fault) | {"skip": due.skip, "times": due.times} for due in self._due if due.times]

    def take(self, vendor: str, on: Moment) -> Fault | None:
        """Return the fault for this request, if any; call it once for each request."""
        with self._lock:
            self._counts[vendor, on] += 1
            for due in self._due:
                if due.fault.on != on or due.fault.vendor not in (None, vendor) or due.times == 0:
                    continue
                if due.skip:
                    due.skip -= 1
                    continue
                due.times -= 1
                return due.fault
            return seeded(self._seed, self._rate, vendor, on, self._counts[vendor, on])


def seeded(seed: int | None, rate: float, vendor: str, on: Moment, count: int) -> Fault | None:
    """Return the fault that ``seed`` gives the ``count``-th request of this kind: one in ``1 / rate`` fails."""
    if seed is None or rate <= 0:
        return None
    dice = random.Random(f"{seed}/{vendor}/{on}/{count}")  # noqa: S311 - repeatable, not secret
    if dice.random() >= rate:
        return None
    kind = dice.choice(FITTING[on])
    status = {
        FaultKind.REDIRECT: 302,
        FaultKind.REFUSED: dice.choice((429, 500)),
        FaultKind.BARE: dice.choice((429, 503)),
    }
    accepted = dice.random() < 0.5 or kind in _REWORDED
    if kind is FaultKind.REFUSED and status[kind] in REFUSALS:
        accepted = False
    return Fault(kind, on, accepted=accepted, status=status.get(kind, 502), seconds=0.2, size=1 << 20)


def from_json(data: Any) -> Fault:
    """Build a fault from the control API's JSON. Raises `ValueError` that says what to change."""
    if not isinstance(data, dict):
        raise ValueError('A fault is a JSON object, such as {"kind": "lost", "on": "submit"}.')
    types = {field.name: type(getattr(Fault(FaultKind.LOST, "submit"), field.name)) for field in fields(Fault)}
    unknown = data.keys() - types.keys()
    if unknown or "kind" not in data or "on" not in data:
        raise ValueError(f"Give kind and on, and of the rest only {', '.join(sorted(types.keys() - {'kind', 'on'}))}.")
    for name, value in data.items():
        wanted = {"kind": str, "vendor": str, "retry_after": int}.get(name, types[name])
        fits = isinstance(value, (int, float) if wanted is float else wanted)
        if not fits or (isinstance(value, bool) and wanted is not bool):
            raise ValueError(f"“{name}” must be of type {wanted.__name__}.")
    if data["kind"] not in [*FaultKind]:
        raise ValueError(f"Unknown kind. Known kinds: {', '.join(FaultKind)}.")
    return Fault(**{**data, "kind": FaultKind(data["kind"])})
