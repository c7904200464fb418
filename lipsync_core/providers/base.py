"""The base class of every vendor module, and the readings that most vendors share.

A vendor is a subclass with its facts as class attributes and its API in a few methods. It builds requests and reads
answers as values; `lipsync_core.providers.http` sends and receives them. Nothing here waits, and no reading raises.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Self

from lipsync_core.errors import SettingsError
from lipsync_core.providers import forms as limits, variable_prefix
from lipsync_core.providers.facts import MOST_AT_ONCE, NO_ASSUMPTIONS, Assumption, Engine, Fact
from lipsync_core.providers.forms import EngineForm
from lipsync_core.providers.keys import Keys
from lipsync_core.providers.order import Order
from lipsync_core.providers.reading import id_of, json_of, retry_after_s, sentence, text_of, webhook_id, words_of
from lipsync_core.providers.wire import (
    AskAgain,
    Balance,
    Busy,
    Charge,
    KeyCheck,
    LivePrice,
    LogRow,
    PersonaPage,
    Poll,
    PollAnswer,
    PollState,
    Refusal,
    Refused,
    Request,
    Response,
    Snag,
    SubmitOutcome,
    Taken,
    Unclear,
    Verdict,
    Voice,
)

REFUSING = frozenset({400, 401, 402, 403, 404, 413, 422})
"""The statuses that prove, in the vendor's own JSON, that a submit was not accepted."""
GONE = frozenset({404, 410})
_DENYING = frozenset({401, 402, 403})
"""The statuses that describe, on a free request, the key or its account instead of the request."""


class Provider(ABC):
    """One vendor: its facts, its requests and how to read its answers. Immutable."""

    id: ClassVar[str]
    title: ClassVar[str]
    base_url: ClassVar[str]
    """The documented base URL; ``base_url_variable`` overrides it."""
    sandbox_keys: ClassVar[Mapping[str, str]]
    """The variables of its keys, and the value that the sandbox accepts for each; it is not a secret."""
    engines: ClassVar[tuple[Engine, ...]]
    states: ClassVar[Mapping[str, PollState]]
    assumptions: ClassVar[Mapping[str, Assumption]] = NO_ASSUMPTIONS

    output_host: ClassVar[Fact[str | None]] = Fact(None, "its pages name none")
    """The host of finished videos, as far as the vendor's pages show; None where they do not."""
    keeps_output_h: ClassVar[Fact[float | None]]
    """Hours until the vendor deletes a finished video; None where it does not say."""
    keeps_records_days: ClassVar[Fact[float | None]]
    """Days for which a job can be polled; None where the vendor does not say."""
    failed_is_free: ClassVar[Fact[bool | None]]
    """Whether a failed job costs nothing; None where the vendor promises nothing."""
    unpromised_ends: ClassVar[frozenset[str]] = frozenset()
    """Status words of jobs that ended without a video and that this promise does not cover."""
    poll_every_s: ClassVar[Fact[float]]
    max_concurrent: ClassVar[Fact[int]] = MOST_AT_ONCE
    reports_bill: ClassVar[bool] = False
    """Whether a poll may report what was billed."""
    webhooks: ClassVar[bool] = False
    logs_reach_h: ClassVar[int | None] = None
    """How many hours its log goes back, see `logs`; None where it has none."""
    check_asks_for_no_job: ClassVar[bool] = False
    """Whether `check` asks about a job that does not exist, because the vendor has no better free request."""
    ask: ClassVar[str]
    """Where a person looks after a lost answer, with the placeholders ``{clip}`` and ``{time}``."""

    def __init__(self, overrides: Mapping[str, str] = MappingProxyType({})) -> None:
        """Raise `SettingsError` if an override names something that is not an assumption."""
        if unknown := sorted(set(overrides) - set(self.assumptions)):
            raise SettingsError(
                f"{self.title} has no assumption “{unknown[0]}” to override. "
                f"Known: {', '.join(self.assumptions) or 'nothing'}."
            )
        self.assumed: Mapping[str, str] = MappingProxyType(
            {name: overrides.get(name) or assumption.value for name, assumption in self.assumptions.items()}
        )

    @classmethod
    def from_variables(cls, given: Mapping[str, str]) -> Self:
        """Return the provider with its assumptions overridden by the variables in ``given``.

        Raises:
            SettingsError: a variable has a value that is not one of the assumption's choices.
        """
        found = {name: given.get(about.variable, "").strip() for name, about in cls.assumptions.items()}
        for name, word in found.items():
            about = cls.assumptions[name]
            if word and about.choices and word not in about.choices:
                words = " or ".join(about.choices)
                raise SettingsError(f"{about.variable} is “{word}”. Give {words}, or leave it out.")
        return cls({name: word for name, word in found.items() if word})

    @property
    def key_variables(self) -> tuple[str, ...]:
        """The environment variables of its keys."""
        return tuple(self.sandbox_keys)

    @property
    def base_url_variable(self) -> str:
        """The environment variable that overrides the base URL."""
        return f"{self._prefix}BASE_URL"

    @property
    def proxy_variable(self) -> str:
        """Return the variable of a proxy for this vendor alone."""
        return f"{self._prefix}PROXY"

    @property
    def slots_variable(self) -> str:
        """The environment variable with the number of jobs that may be at the vendor at once."""
        return f"{self._prefix}MAX_JOBS"

    @property
    def variables(self) -> tuple[str, ...]:
        """Every environment variable that configures this vendor."""
        assumed = (assumption.variable for assumption in self.assumptions.values())
        return (*self.key_variables, self.base_url_variable, self.proxy_variable, self.slots_variable, *assumed)

    @property
    def _prefix(self) -> str:
        return variable_prefix(self.id)

    # Requests

    def headers(self, keys: Keys) -> dict[str, str]:
        """Return the headers that authenticate a request. They must not reach any other host."""
        return {"Authorization": f"Bearer {keys.reveal(self.key_variables[0])}"}

    @abstractmethod
    def submit(self, order: Order) -> Request:
        """Build the paid request for an order without errors."""

    @abstractmethod
    def poll(self, ids: Sequence[str]) -> tuple[Request, ...]:
        """Build the free requests that ask about jobs, as few as the vendor allows."""

    @abstractmethod
    def check(self) -> Request:
        """Build a free request that shows whether the key is good."""

    def balance(self) -> Request | None:
        """Build a free request for the account's balance; None where the vendor offers none."""
        return None

    def logs(self, offset: int = 0) -> Request | None:
        """Build a free request for the vendor's recent log, past ``offset`` rows; None where it offers none."""
        return None

    def price_list(self) -> Request | None:
        """Build a free request for the public list of live rates, sent without a key; None where there is none."""
        return None

    def presenters(self, page: int = 1) -> Request | None:
        """Build a free request for one page of its stock presenters; None where it has none."""
        return None

    def voices(self) -> Request | None:
        """Build a free request for the voices that can speak a text; None where it lists none."""
        return None

    # The form

    @property
    def forms(self) -> tuple[EngineForm, ...]:
        """What each of its engines accepts."""
        return tuple(engine.form for engine in self.engines)

    def form(self, engine: str) -> EngineForm | None:
        """Return what ``engine`` accepts; None if the engine is not this vendor's."""
        return next((form for form in self.forms if form.engine == engine), None)

    def order_errors(self, order: Order) -> dict[str, str]:
        """Return what stops ``order``: field → message."""
        form = self.form(order.engine)
        if form is None:
            return {"engine": f"{self.title} has no engine “{order.engine[:60]}”."}
        return limits.order_errors(order, form)

    def order_warnings(self, order: Order) -> dict[str, str]:
        """Return what may go wrong with ``order``: field → message."""
        form = self.form(order.engine)
        return {} if form is None else limits.order_warnings(order, form)

    def refunds(self, word: str | None) -> bool:
        """Whether the vendor promises that a job which ended with this status word costs nothing."""
        word = (word or "").lower()
        failed = self.states.get(word) is PollState.FAILED and word not in self.unpromised_ends
        return failed and bool(self.failed_is_free.value)

    def where_to_ask(self, clip: str, time: str) -> str:
        """Return where to look for a lost answer; ``clip`` like “a 12.4 s video”, ``time`` like “14:02”."""
        return self.ask.format(clip=clip, time=time)

    # Answers

    def read_submit(self, response: Response) -> SubmitOutcome:
        """Classify the answer to one POST, by the table in docs/paid-once.md.

        A refusal that also names a job, or a charge for one, does not count as one: the job may have been taken.
        """
        content = json_of(response.body)
        job_id = self._submitted_id(response, content)
        charge = self._charge(response, content)
        words = words_of(content)
        said = f", and said: {words}" if words else ""
        if is_success(response.status):
            if job_id:
                return Taken(job_id, response.body, charge)
            return Unclear(sentence(f"{self.title} accepted the order, but sent no job id{said}"))
        proves_nothing_taken = isinstance(content, dict | list) and not job_id and charge is None
        if response.status in REFUSING and proves_nothing_taken:
            kind = self._refusal(response.status, content, words or "")
            return Refused(kind, sentence(words) if words and not is_empty(words) else self._bare(response))
        if response.status == 429 and proves_nothing_taken and self._documents_busy(content):
            return Busy(retry_after_s(response.headers))
        return Unclear(sentence(f"{self.title} answered with status {response.status}{said}"), job_id)

    def read_poll(self, request: Request, response: Response) -> PollAnswer | AskAgain:
        """Read what a poll's answer says about the jobs in ``request.about``."""
        content = json_of(response.body)
        if response.status in GONE and isinstance(content, dict | list) and len(request.about) == 1:
            return PollAnswer(missing=request.about)
        if problem := self.trouble(response, content):
            return problem
        return self._polled(request, response, content)

    def read_webhook(self, body: bytes, content_type: str) -> str | None:
        """Return the vendor's id of the job that a webhook is about; None for a body that names none.

        A webhook is only a hint: nothing else in it is trusted.
        """
        return webhook_id(body, content_type, "id") if self.webhooks else None

    def read_balance(self, response: Response) -> Balance | AskAgain:
        """Read the account's balance."""
        return AskAgain(f"{self.title} does not report a balance.")

    def read_logs(self, response: Response) -> tuple[LogRow, ...] | AskAgain:
        """Read one page of the vendor's log; empty after the last page."""
        return AskAgain(f"{self.title} has no log.")

    def read_price_list(self, response: Response) -> LivePrice | AskAgain:
        """Read the live rate of its model, as the vendor structures it."""
        return AskAgain(f"{self.title} has no price list.")

    def read_presenters(self, response: Response) -> PersonaPage | AskAgain:
        """Read a page of its stock presenters."""
        return AskAgain(f"{self.title} has no presenters.")

    def read_voices(self, response: Response) -> tuple[Voice, ...] | AskAgain:
        """Its voices."""
        return AskAgain(f"{self.title} lists no voices.")

    def read_check(self, response: Response) -> KeyCheck:
        """Read what the answer to `check` says about the key."""
        words = words_of(content := json_of(response.body))
        said = f" It said: {sentence(words)}" if words else ""
        if is_success(response.status) and self.trouble(response, content) is None:
            return KeyCheck(Verdict.ACCEPTED, f"{self.title} accepts the key.")
        if response.status in _DENYING:
            why, kind = self._denied(response.status, content, words or "")
            what_to_do = f" Check {' and '.join(self.key_variables)}." if kind is Refusal.KEY else ""
            return KeyCheck(Verdict.REFUSED, f"{why}.{what_to_do}{said}")
        if self.check_asks_for_no_job and response.status in (400, *GONE) and words:
            return KeyCheck(Verdict.ACCEPTED, f"{self.title} did not object to the key. It offers no better check.")
        why = f"{self.title} answered with status {response.status}, so the key is not confirmed."
        return KeyCheck(Verdict.UNCLEAR, why + said)

    def trouble(self, response: Response, content: Any) -> AskAgain | None:
        """Say why the answer to a free request cannot be used; None where it can."""
        words = words_of(content)
        said = f": {words}" if words else ""
        wait_s = retry_after_s(response.headers)
        match response.status:
            case status if status in _DENYING:
                why, _kind = self._denied(status, content, words or "")
                return AskAgain(sentence(f"{why}{said}"), wait_s, Snag.KEY)
            case 429:
                return AskAgain(sentence(f"{self.title} asks us to wait{said}"), wait_s, Snag.BUSY)
            case status if not is_success(status):
                return AskAgain(sentence(f"{self.title} answered with status {status}{said}"), wait_s)
        if not isinstance(content, dict | list):
            return AskAgain(f"{self.title} sent an answer that cannot be read.", wait_s)
        return None

    # What differs between vendors

    def _submitted_id(self, response: Response, content: Any) -> str | None:
        """Return the id of the job that an answer to a submit names."""
        return id_of(content.get("id")) if isinstance(content, dict) else None

    @abstractmethod
    def _polled(self, request: Request, response: Response, content: Any) -> PollAnswer | AskAgain:
        """Read a poll's parsed answer."""

    def _charge(self, response: Response, content: Any) -> Charge | None:
        """Return the sum above zero that an answer names for a job; None where it names none."""
        return None

    def _documents_busy(self, content: Any) -> bool:
        """Whether this body of a 429 is the vendor's own, not that of a gateway before it."""
        return False

    def _refusal(self, status: int, content: Any, words: str) -> Refusal:
        """Say why a request was refused. It is assumed that the text for an empty account mentions credits."""
        if status == 402 or (status in (400, 403) and any(word in words.lower() for word in ("credit", "balance"))):
            return Refusal.CREDIT
        if status in (401, 403):
            return Refusal.KEY
        return Refusal.INPUT if status in (400, 413, 422) else Refusal.OTHER

    def _denied(self, status: int, content: Any, words: str) -> tuple[str, Refusal]:
        """Say what a person has to fix before this vendor answers again: a sentence without full stop, and its kind."""
        kind = self._refusal(status, content, words)
        match kind:
            case Refusal.CREDIT:
                return f"{self.title} says that the account is out of credit", kind
            case Refusal.ACCOUNT:
                return f"{self.title} requires a verified account first", kind
            case _:
                return f"{self.title} refuses the key", Refusal.KEY

    def _bare(self, response: Response) -> str:
        return f"{self.title} refused the order and gave no reason (HTTP {response.status})."

    def poll_of(self, word: Any, *, output_url: str | None, error: str | None, progress: float | None = None) -> Poll:
        """Build one job's poll from its status word: only a success has a link, only a failure has a reason."""
        raw = (text_of(word) or "")[:60]
        state = self.states.get(raw.lower(), PollState.RUNNING)
        return Poll(
            state=state,
            raw_state=raw,
            progress=progress,
            output_url=output_url if state is PollState.SUCCEEDED else None,
            error=(error or f"{self.title} gave no reason.") if state is PollState.FAILED else None,
            known=raw.lower() in self.states,
        )


def is_empty(words: str) -> bool:
    """Whether a refusal's words are only the name of its HTTP status, which says nothing about the order."""
    return words.rstrip(".!").lower() in _EMPTY_WORDS


_EMPTY_WORDS = frozenset({"bad request", "unprocessable entity", "unprocessable content"})


def is_success(status: int) -> bool:
    """Whether a status means acceptance: 200 and 201 both do, whatever a page says."""
    return 200 <= status < 300
