"""Requests to a vendor and the meaning of its answers, as plain values.

    Request ──→ Response ──→ Taken       the job exists and will be billed
            │           ├──→ Refused     the vendor refused: nothing was taken
            │           ├──→ Busy        the vendor asks to wait: nothing was taken
            │           └──→ Unclear     it may have been taken
            ├──→ NotSent                 not a byte of the request left
            └──→ Unclear                 it may have left

A submit is sent again only after `NotSent` and `Busy`. A poll, which costs nothing, ends in a `PollAnswer` or in
`AskAgain`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """One request without its host and its key."""

    method: str
    path: str
    """Relative to the base URL; begins with ``/``, every part percent-encoded."""
    query: tuple[tuple[str, str], ...] = ()
    json: Mapping[str, Any] | None = None
    headers: tuple[tuple[str, str], ...] = ()
    about: tuple[str, ...] = ()
    """The vendor's ids of the jobs that a poll asks about."""


@dataclass(frozen=True, slots=True)
class Response:
    """One complete answer. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Charge:
    """A sum that a vendor names for a job, in its own credits, in micro-dollars, or in both."""

    credits: Decimal | None = None
    usd_micros: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """The vendor has accepted the job and bills it."""

    job_id: str
    raw: bytes
    said: Charge | None = None
    """The cost that the vendor stated at once. The final bill may differ."""


class Refusal(StrEnum):
    """Why a vendor refused, as far as it matters for what a person does next."""

    KEY = "key"  # the key is wrong, or may not do this
    CREDIT = "credit"  # the account is empty
    ACCOUNT = "account"  # the vendor requires a verified account before it accepts orders
    INPUT = "input"  # something in the order
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Refused:
    """The vendor took nothing, and gave a reason."""

    kind: Refusal
    message: str
    """The vendor's own words, or ours if it gave none."""


@dataclass(frozen=True, slots=True)
class Busy:
    """The vendor took nothing for now, in a way that it documents; the same request may be sent again."""

    retry_after_s: float | None
    """Seconds, or None where the vendor gives no time."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """The job may have been taken and may be billed. Never resent automatically."""

    what: str
    """What happened, as a sentence for people."""
    candidate: str | None = None
    """An id that came with the answer. It counts only after a poll confirms it."""


SubmitOutcome = Taken | Refused | Busy | Unclear


@dataclass(frozen=True, slots=True)
class NotSent:
    """Not a byte of the request left this machine: nothing was taken."""

    reason: str


class PollState(StrEnum):
    """The states to which all vendors' status words are mapped."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Poll:
    """What a vendor reports about one job."""

    state: PollState
    raw_state: str
    """The vendor's own status word. An undocumented one counts as running."""
    progress: float | None = None
    """From 0 to 1; None where it is unknown."""
    output_url: str | None = None
    error: str | None = None
    """The vendor's reason for a failure."""
    billed_credits: Decimal | None = None
    billed_usd_micros: int | None = None
    known: bool = True
    """False for an undocumented status word, which is worth a line in the log."""

    @property
    def lacks_output(self) -> bool:
        """Whether this is a success without a link; the job is then polled again."""
        return self.state is PollState.SUCCEEDED and self.output_url is None


@dataclass(frozen=True, slots=True)
class PollAnswer:
    """The results of a poll. A job in neither field is polled again."""

    polls: Mapping[str, Poll] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    """Jobs that the vendor says do not exist."""


class Snag(StrEnum):
    """Why a free request has to be repeated."""

    BUSY = "busy"
    KEY = "key"  # until a person fixes the key
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class AskAgain:
    """A free request without a usable answer. Asking again is safe."""

    what: str
    retry_after_s: float | None = None
    kind: Snag = Snag.FAULT


@dataclass(frozen=True, slots=True)
class Balance:
    """An account's balance, in the vendor's credits or in micro-dollars."""

    credits: Decimal | None = None
    usd_micros: int | None = None


@dataclass(frozen=True, slots=True)
class LogRow:
    """What a vendor's own log says about one paid request. Final if the vendor calls it so; see ``succeeded``."""

    trace_id: str | None
    """The studio's own id of the submit, if the vendor kept it."""
    job_id: str | None
    """The id that the submit returned for the job; None for a request that made no job."""
    succeeded: bool
    """False if the vendor calls the request failed."""
    cost: Charge
    """A zero is also information: nothing was billed so far."""

    @property
    def free(self) -> bool:
        """Whether the vendor says that the request failed and costs nothing."""
        return not self.succeeded and self.cost.usd_micros == 0


class Verdict(StrEnum):
    """What a free request shows about a key."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class KeyCheck:
    """A verdict on a key, with a sentence for people."""

    verdict: Verdict
    says: str


@dataclass(frozen=True, slots=True)
class Rate:
    """``usd`` for every ``per`` of ``unit``, for requests that match ``when`` (empty: all)."""

    usd: Decimal
    unit: str
    per: Decimal
    when: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LivePrice:
    """A model's price: ``fixed``, in ``variants``, or ``variable`` (which cannot be quoted)."""

    kind: str
    rates: tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class Persona:
    """A presenter; its ``id`` is an order's ``creator``. Texts that the vendor omits are empty."""

    id: str
    name: str
    gender: str
    """``m``, ``f`` or ``nb``."""
    age_range: str
    location: str
    style: str
    pictures: Mapping[str, str]
    """Links to stills by aspect ratio (``16:9``)."""
    videos: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PersonaPage:
    """Some presenters, whether there are more, and the total where the vendor reports it."""

    personas: tuple[Persona, ...]
    has_more: bool
    total: int | None


@dataclass(frozen=True, slots=True)
class Accent:
    """A variant of a voice; its ``id`` is an order's ``accent``."""

    id: str
    name: str
    preview_url: str | None


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice with at least one accent."""

    name: str
    gender: str
    accents: tuple[Accent, ...]
