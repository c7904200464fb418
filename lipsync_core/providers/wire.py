"""What goes to a vendor and what an answer means, as plain values.

    Request ──→ Response ──→ Taken       the job exists and will be billed
            │           ├──→ Refused     the vendor said no: nothing was taken
            │           ├──→ Busy        the vendor said “later”: nothing was taken
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
    """One request without its host and without its key."""

    method: str
    path: str
    """Below the base URL; begins with ``/``, every part percent-encoded."""
    query: tuple[tuple[str, str], ...] = ()
    json: Mapping[str, Any] | None = None
    headers: tuple[tuple[str, str], ...] = ()
    about: tuple[str, ...] = ()
    """The vendor's ids of the jobs that a poll asks about."""


@dataclass(frozen=True, slots=True)
class Response:
    """One complete answer. Header names are in lower case."""

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
    """The vendor has the job, and bills it."""

    job_id: str
    raw: bytes
    said: Charge | None = None
    """What the vendor said at once that it costs. Nobody promises that the bill will say the same."""


class Refusal(StrEnum):
    """Why a vendor refused, as far as it decides what a person does next."""

    KEY = "key"  # the key is wrong, or may not do this
    CREDIT = "credit"  # the account is empty
    ACCOUNT = "account"  # the vendor wants the account verified before it takes any order
    INPUT = "input"  # something in the order
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Refused:
    """The vendor took nothing, and says why."""

    kind: Refusal
    message: str
    """The vendor's own words, or ours where it gave none."""


@dataclass(frozen=True, slots=True)
class Busy:
    """The vendor took nothing for now, in a way that it documents; the same intent may be sent again."""

    retry_after_s: float | None
    """Seconds, or None where the vendor names no time."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """The job may have been taken and may be billed. Nobody sends it again by himself."""

    what: str
    """What happened, for a person."""
    candidate: str | None = None
    """An id that came with the answer. It counts only once a poll confirms it."""


SubmitOutcome = Taken | Refused | Busy | Unclear


@dataclass(frozen=True, slots=True)
class NotSent:
    """Not a byte of the request left this machine: nothing was taken."""

    reason: str


class PollState(StrEnum):
    """The one vocabulary for all vendors' status words."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Poll:
    """What a vendor says of one job."""

    state: PollState
    raw_state: str
    """The vendor's own word. One that nobody documents counts as running."""
    progress: float | None = None
    """From 0 to 1."""
    output_url: str | None = None
    error: str | None = None
    """The vendor's words for a failure."""
    billed_credits: Decimal | None = None
    billed_usd_micros: int | None = None
    known: bool = True
    """False for a status word that nobody documents: worth a line in the log."""

    @property
    def lacks_output(self) -> bool:
        """A success without a link, which is asked about again."""
        return self.state is PollState.SUCCEEDED and self.output_url is None


@dataclass(frozen=True, slots=True)
class PollAnswer:
    """What is known of the jobs that a poll asked about. A job in neither place is asked about again."""

    polls: Mapping[str, Poll] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    """Jobs that the vendor says it does not have."""


class Snag(StrEnum):
    """Why a free request has to be repeated."""

    BUSY = "busy"
    KEY = "key"  # until a person looks at the key
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class AskAgain:
    """A free request without a usable answer. Asking again is safe."""

    what: str
    retry_after_s: float | None = None
    kind: Snag = Snag.FAULT


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account holds, in the vendor's credits or in micro-dollars."""

    credits: Decimal | None = None
    usd_micros: int | None = None


@dataclass(frozen=True, slots=True)
class LogRow:
    """What a vendor's own log says of one paid request. It is final where the vendor calls it so; see ``succeeded``."""

    trace_id: str | None
    """The studio's own id of the submit, where the vendor kept it."""
    job_id: str | None
    """What a submit answers as the job's id; None for a request that came to none."""
    succeeded: bool
    """False once the vendor calls the request failed."""
    cost: Charge
    """Zero is a statement too: nothing was billed so far."""

    @property
    def free(self) -> bool:
        """Whether the vendor says that the request failed and costs nothing."""
        return not self.succeeded and self.cost.usd_micros == 0


class Verdict(StrEnum):
    """What a free request says about a key."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class KeyCheck:
    """A verdict on a key, and a sentence for the person who asked."""

    verdict: Verdict
    says: str


@dataclass(frozen=True, slots=True)
class Rate:
    """``usd`` for every ``per`` of ``unit``, where the request is like ``when`` (empty: always)."""

    usd: Decimal
    unit: str
    per: Decimal
    when: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LivePrice:
    """A model's price: ``fixed``, in ``variants``, or ``variable`` (then nothing can be quoted)."""

    kind: str
    rates: tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class Persona:
    """A presenter; its ``id`` is an order's ``creator``. Texts that the vendor leaves out are empty."""

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
    """Some presenters, whether there are more, and how many in all where that is told."""

    personas: tuple[Persona, ...]
    has_more: bool
    total: int | None


@dataclass(frozen=True, slots=True)
class Accent:
    """One way in which a voice speaks; its ``id`` is an order's ``accent``."""

    id: str
    name: str
    preview_url: str | None


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice and its accents, at least one."""

    name: str
    gender: str
    accents: tuple[Accent, ...]
