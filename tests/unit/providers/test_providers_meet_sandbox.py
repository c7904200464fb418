"""The studio's vendor modules and the sandbox, written apart from the same documents, meet over real HTTP.

What is promised here: every engine's order is taken, followed to its video and billed once, in every form that the
documents give; every bad day of a submit has the outcome that docs/paid-once.md demands, judged by the sandbox's own
bill; and no bad day of a poll is more than a delay.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Router

from lipsync_core.decode import check_video
from lipsync_core.errors import FetchError
from lipsync_core.net.deadline import Deadline
from lipsync_core.net.fetch import fetch
from lipsync_core.providers.aimlapi import AimlApi
from lipsync_core.providers.creatify import Creatify
from lipsync_core.providers.forms import CLIP_FIELDS
from lipsync_core.providers.http import VendorHttp
from lipsync_core.providers.keys import Keys
from lipsync_core.providers.order import Order
from lipsync_core.providers.registry import PROVIDERS, providers_from
from lipsync_core.providers.wire import (
    AskAgain,
    Balance,
    Busy,
    LivePrice,
    LogRow,
    NotSent,
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
)
from lipsync_core.sandbox.app import bases, running, sandbox_app
from lipsync_core.sandbox.bill import Rules
from lipsync_core.sandbox.faults import FITTING, REFUSALS, Fault, FaultKind
from lipsync_core.sandbox.state import SandboxState
from tests import corpus, patient
from tests.sandbox import HEADERS, SUBMITS, UUID, Host, as_live, hosting, one_second, served

QUEUED, RUNNING, SUCCEEDED = PollState.QUEUED, PollState.RUNNING, PollState.SUCCEEDED
STANDS_STILL = 1e-9
"""A clock's speed: it moves only when a test moves it."""
TLS = httpx.create_ssl_context(trust_env=False)
"""Made once: reading the certificates takes longer than a request on loopback."""
ACCENT = "6f8ca7a8-87b9-4f5d-905d-cc4598e79717"


def look(url: str, **options: Any) -> httpx.Response:
    """What anybody sees at an address."""
    return patient.get(url, verify=TLS, **options)


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox: its memory, and its address."""

    sandbox: SandboxState
    base: str

    def bill(self) -> list[dict[str, Any]]:
        return list(look(f"{self.base}/sandbox/bill").json()["lines"])


@contextmanager
def sandbox_of(folder: Path, **options: Any) -> Iterator[Sandbox]:
    sandbox = SandboxState(folder, canned_outputs=True, **options)
    with served(sandbox_app(sandbox)) as base:
        yield Sandbox(sandbox, base)


class Wire:
    """One vendor as the studio meets it: provider, keys and address. ``given`` overrides the studio's variables."""

    def __init__(self, base: str, vendor: str, given: Mapping[str, str] | None = None) -> None:
        variables = as_live(base) | dict(given or {})
        self.provider = providers_from(variables)[vendor]
        keys = Keys.found(self.provider.key_variables, variables)
        assert keys is not None
        self.keys = keys
        self.url = variables[self.provider.base_url_variable]

    def send(self, request: Request, deadline_s: float = 300.0) -> SubmitOutcome | NotSent:
        """What comes of a paid request."""

        async def once() -> Response | NotSent | Unclear:
            async with VendorHttp(tls=TLS) as http:
                return await http.send_once(self.provider, self.keys, self.url, request, Deadline.after(deadline_s))

        came = asyncio.run(once())
        return self.provider.read_submit(came) if isinstance(came, Response) else came

    def submit(self, order: Order) -> SubmitOutcome | NotSent:
        assert self.provider.order_errors(order) == {}
        return self.send(self.provider.submit(order))

    def taken(self, order: Order) -> str:
        """The id of an order that goes well."""
        outcome = self.submit(order)
        assert isinstance(outcome, Taken), outcome
        return outcome.job_id

    def get(self, *requests: Request, key: bool = True, timeout_s: float = 300.0) -> list[Response | AskAgain]:
        """What comes of free requests over one client."""

        async def all_of_them() -> list[Response | AskAgain]:
            async with VendorHttp(tls=TLS) as http:
                keys = self.keys if key else None
                return [await http.get(self.provider, keys, self.url, one, timeout_s) for one in requests]

        return asyncio.run(all_of_them())

    def answer(self, request: Request, *, key: bool = True) -> Response:
        """The answer to a free request that goes well."""
        (came,) = self.get(request, key=key)
        assert isinstance(came, Response), came
        return came

    def polls(self, *ids: str, timeout_s: float = 300.0) -> list[PollAnswer | AskAgain]:
        """What comes of asking about jobs."""
        requests = self.provider.poll(ids)
        came = self.get(*requests, timeout_s=timeout_s)
        return [
            self.provider.read_poll(request, one) if isinstance(one, Response) else one
            for request, one in zip(requests, came, strict=True)
        ]

    def poll(self, job_id: str) -> Poll:
        """How one job stands."""
        (answered,) = self.polls(job_id)
        assert isinstance(answered, PollAnswer), answered
        assert answered.missing == ()
        return answered.polls[job_id]


def until(true: Callable[[], Any]) -> Any:
    """What ``true`` returns once it is."""
    deadline = time.monotonic() + 300
    while not (found := true()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
    return found


def download(url: str, into: Path) -> Path:
    """A finished video as the studio fetches it: guarded, and without a key."""
    allow = (urlsplit(url).netloc,)
    asyncio.run(fetch(url, into, allow=allow, max_bytes=10_000_000, timeout_s=300))
    return into


@pytest.fixture(scope="module")
def instant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with sandbox_of(tmp_path_factory.mktemp("instant"), instant=True) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One whose JoyPix answers everything with HTTP 200."""
    folder = tmp_path_factory.mktemp("hidden")
    with sandbox_of(folder, instant=True, rules=Rules(joypix_http="200")) as sandbox:
        yield sandbox


# Every engine


@dataclass(frozen=True)
class Case:
    """An order, and the variables that it needs."""

    order: Callable[[Host], Order]
    given: Mapping[str, str] | None = None


def data_uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def dialog(host: Host, engine: str, **more: Any) -> Order:
    return Order(engine, image=host.picture(), left_audio=host.voice(1.0), right_audio=host.voice(1.5), **more)


def presenter(host: Host, **more: Any) -> Order:
    voice = {} if "text" in more else {"audio": host.voice(1.0)}
    return Order("creatify/lipsync", creator=UUID, **{"aspect_ratio": "9:16"} | voice | more)


def redub(host: Host, **more: Any) -> Order:
    return Order("aimlapi/pixverse-lip-sync", **{"video": host.video(), **more})


MULTI = "lipsync-studio/lipsync-image-multi"
CASES = {
    "motion-2": Case(lambda host: Order("joypix/motion-2", image=host.picture(), audio=host.voice(1.0))),
    "motion-2 with everything": Case(
        lambda host: Order(
            *("joypix/motion-2", host.picture()), audio=host.voice(1.0), resolution="720p", prompt="calm", seed=-1
        )
    ),
    "motion-2-dialog": Case(
        lambda host: dialog(host, "joypix/motion-2-dialog", resolution="480p", prompt="they smile", seed=7)
    ),
    "lipsync-image": Case(
        lambda host: Order(
            *("lipsync-studio/lipsync-image", host.picture()), audio=host.voice(1.0), resolution="720p", seed=42
        )
    ),
    "lipsync-image-multi": Case(lambda host: dialog(host, MULTI)),
    "lipsync-image-multi at once": Case(lambda host: dialog(host, MULTI, order="meanwhile", resolution="480p", seed=1)),
    "lipsync-image-multi in turn": Case(lambda host: dialog(host, MULTI, order="right_left")),
    "lipsync-video": Case(
        lambda host: Order(
            "lipsync-studio/lipsync-video",
            video=host.video(),
            audio=host.voice(1.0),
            mask_image=host.picture(),
            resolution="720p",
            prompt="calm",
            seed=0,
        )
    ),
    "pixverse with a voice": Case(lambda host: redub(host, audio=host.voice(1.0), trace_id="job-1:a")),
    "pixverse with a text": Case(lambda host: redub(host, text="Bonjour, ça va ?", speaker="Auto")),
    "pixverse with the files themselves": Case(
        lambda host: redub(
            host,
            video=data_uri("video/mp4", one_second()),
            audio=data_uri("audio/wav", corpus.wav(seconds=1.0)),
        )
    ),
    "creatify with a text": Case(lambda host: presenter(host, text="Hello there.", accent=ACCENT, name="Clip")),
    "creatify with a voice": Case(lambda host: presenter(host, aspect_ratio="1:1")),
    "creatify in the newer spelling": Case(
        lambda host: presenter(host, aspect_ratio="16:9"), {"CREATIFY_ASPECT_SEPARATOR": "x"}
    ),
}
HOUSES = {
    1: Rules(),
    2: Rules(lipsync_studio_id="requestId", accept_status=201),
    3: Rules(joypix_http="200", accept_status=200),
    4: Rules(aimlapi_submit_shows="final", joypix_dialog="max"),
}
"""Seeds of the vendors' forms, each with a reading of what they leave open."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What all of those sandboxes keep, so that each medium is looked into once."""
    return tmp_path_factory.mktemp("slow")


@pytest.fixture(scope="module", params=HOUSES)
def slow(request: pytest.FixtureRequest, folder: Path) -> Iterator[Sandbox]:
    """A sandbox whose clock stands still."""
    with sandbox_of(folder, seed=request.param, rules=HOUSES[request.param], speed=STANDS_STILL) as sandbox:
        yield sandbox


@pytest.mark.parametrize("name", CASES)
def test_every_engine_s_order_is_taken_followed_to_its_video_and_billed_once(
    slow: Sandbox, host: Host, name: str, tmp_path: Path
) -> None:
    order = CASES[name].order(host)
    vendor = order.engine.split("/")[0]
    wire = Wire(slow.base, vendor, CASES[name].given)
    billed = len(slow.bill())
    job_id = wire.taken(order)
    (line,) = slow.bill()[billed:]
    assert (line["vendor"], line["vendor_id"]) == (vendor, job_id)

    job, _now = slow.sandbox.store.find(vendor, job_id)
    assert job is not None
    seen = [wire.poll(job_id)]
    for _half in range(2):
        slow.sandbox.store.set_clock(advance_ms=job.work_ms // 2 + 1)
        seen.append(wire.poll(job_id))
    begins = RUNNING if vendor == "lipsync-studio" else QUEUED  # lipsync.studio has no word for waiting
    assert [poll.state for poll in seen] == [begins, RUNNING, SUCCEEDED]
    assert all(poll.known and poll.error is None for poll in seen)
    assert [poll.output_url for poll in seen[:2]] == [None, None]
    done = seen[-1]
    assert done.output_url is not None
    assert done.billed_credits in (None, Decimal(line["credits"]))
    assert done.billed_usd_micros in (None, line["usd_micros"])
    if vendor == "creatify":
        assert [poll.progress for poll in seen] == [0.0, 0.5, 1.0]

    assert check_video(download(done.output_url, tmp_path / "out.mp4")).duration_s > 0
    assert [one["vendor_id"] for one in slow.bill()[billed:]] == [job_id]


def test_every_field_of_every_engine_is_among_those_orders(host: Host) -> None:
    forms = {form.engine: set(form.fields) for provider in PROVIDERS.values() for form in provider.forms}
    given: dict[str, set[str]] = {engine: set() for engine in forms}
    for case in CASES.values():
        order = case.order(host)
        given[order.engine] |= {name for name in CLIP_FIELDS if getattr(order, name) is not None}
    assert given == forms


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Creatify ignores what it does not know; here it says so."""
    with sandbox_of(tmp_path_factory.mktemp("strict"), rules=Rules(creatify_unknown="refuse"), instant=True) as running:
        yield running


@pytest.mark.parametrize("name", CASES)
def test_a_field_that_a_vendor_does_not_document_would_be_noticed(strict: Sandbox, host: Host, name: str) -> None:
    order = CASES[name].order(host)
    wire = Wire(strict.base, order.engine.split("/")[0], CASES[name].given)
    request = wire.provider.submit(order)
    body = dict(request.json or {})
    if "formState" in body:
        body["formState"] = body["formState"] | {"beauty": 1}
    else:
        body["beauty"] = 1
    billed = len(strict.bill())
    outcome = wire.send(replace(request, json=body))
    assert isinstance(outcome, Refused)
    assert outcome.kind is Refusal.INPUT
    assert "beauty" in outcome.message
    assert len(strict.bill()) == billed


@pytest.mark.parametrize("taken", [":", "x"])
@pytest.mark.parametrize("sent", [":", "x"])
def test_an_aspect_ratio_in_the_other_spelling_names_the_setting_to_change(
    tmp_path: Path, host: Host, taken: Any, sent: str
) -> None:
    with sandbox_of(tmp_path, instant=True, rules=Rules(creatify_aspect=taken)) as sandbox:
        wire = Wire(sandbox.base, "creatify", {"CREATIFY_ASPECT_SEPARATOR": sent})
        outcome = wire.submit(presenter(host, text="Hello there."))
        assert len(sandbox.bill()) == (taken == sent)
    if taken == sent:
        assert isinstance(outcome, Taken)
    else:
        assert isinstance(outcome, Refused)
        assert f"CREATIFY_ASPECT_SEPARATOR={taken}" in outcome.message


def test_a_joypix_job_is_missing_once_its_record_is_a_month_old(tmp_path: Path, host: Host) -> None:
    with sandbox_of(tmp_path, speed=STANDS_STILL) as sandbox:
        wire = Wire(sandbox.base, "joypix")
        job_id = wire.taken(least(host, "joypix"))
        sandbox.sandbox.store.set_clock(advance_ms=32 * 86_400_000)
        assert wire.polls(job_id) == [PollAnswer(missing=(job_id,))]


def test_a_job_that_fails_says_why_in_the_vendor_s_words(slow: Sandbox, host: Host) -> None:
    for vendor in PROVIDERS:
        slow.sandbox.faults.add(Fault(FaultKind.FAILED, "render", vendor=vendor, words="No face was found."))
        wire = Wire(slow.base, vendor)
        job_id = wire.taken(least(host, vendor))
        slow.sandbox.store.set_clock(advance_ms=60_000)
        failed = wire.poll(job_id)
        assert (failed.state, failed.output_url) == (PollState.FAILED, None)
        assert failed.error in ("No face was found.", "video_url: No face was found."), "the field, where it is told"
        assert slow.bill()[-1]["refunded"] is (wire.provider.failed_is_free.value is True)


def least(host: Host, vendor: str) -> Order:
    """An order of a vendor's without options."""
    match vendor:
        case "joypix":
            return Order("joypix/motion-2", image=host.picture(), audio=host.voice(1.0))
        case "lipsync-studio":
            return Order("lipsync-studio/lipsync-image", image=host.picture(), audio=host.voice(1.0))
        case "aimlapi":
            return redub(host, audio=host.voice(1.0))
        case _:
            return presenter(host, text="Hello there.")


# A submit's bad days

Outcomes = Mapping[str, type]
ANY, AIML, JOYPIX = "any", "aimlapi", "joypix"


def submit_faults() -> Iterator[tuple[Fault, Outcomes]]:
    """Faults, and what docs/paid-once.md makes of them: for any vendor, and for those that differ."""
    unclear: Outcomes = {ANY: Unclear}
    for accepted in (True, False):
        yield Fault(FaultKind.LOST, "submit", accepted=accepted), unclear
        for status in (200, 403, 404, 429, 502, 504):
            yield Fault(FaultKind.GATEWAY, "submit", accepted=accepted, status=status), unclear
        for status in (200, 401, 429, 503):
            yield Fault(FaultKind.BARE, "submit", accepted=accepted, status=status), unclear
        for status in (302, 307):
            yield Fault(FaultKind.REDIRECT, "submit", accepted=accepted, status=status), unclear
        yield Fault(FaultKind.SLOW, "submit", accepted=accepted, seconds=0.01), {ANY: Taken if accepted else Unclear}
        for status in (408, 409, 500, 503):
            yield Fault(FaultKind.REFUSED, "submit", accepted=accepted, status=status), unclear
    for status in sorted(REFUSALS - {429}):
        yield Fault(FaultKind.REFUSED, "submit", accepted=False, status=status), {ANY: Refused}
    yield Fault(FaultKind.REFUSED, "submit", accepted=False, status=429, retry_after=7), {ANY: Busy}
    taken = {ANY: Taken}
    yield Fault(FaultKind.WRONG_TYPE, "submit"), taken
    yield Fault(FaultKind.HUGE, "submit", size=100_000), taken
    yield Fault(FaultKind.HUGE, "submit", size=2_000_000), unclear
    yield Fault(FaultKind.NO_ID, "submit"), unclear
    yield Fault(FaultKind.MALFORMED, "submit"), {ANY: Unclear, AIML: Taken}  # whose header names the job, too


SUBMIT_FAULTS = {
    f"{one.kind} {one.status} {one.size} accepted={one.accepted}": (one, to) for one, to in submit_faults()
}


def judged(sandbox: Sandbox, host: Host, vendor: str, fault: Fault) -> SubmitOutcome | NotSent:
    """What comes of a submit on such a day, after the sandbox's own books have been held against it."""
    # A redirect leads to the very same endpoint: whoever followed it would order twice.
    again = f"{sandbox.base}{SUBMITS[vendor]}"
    sandbox.sandbox.faults.add(replace(fault, vendor=vendor, location=again))
    billed, arrived = len(sandbox.bill()), len(sandbox.sandbox.store.submits())
    outcome = Wire(sandbox.base, vendor).submit(least(host, vendor))
    lines = sandbox.bill()[billed:]
    assert sandbox.sandbox.faults.due() == [], "the fault happened"
    assert len(sandbox.sandbox.store.submits()) == arrived + 1, "one order arrived, once"
    assert len(lines) == fault.accepted
    if isinstance(outcome, Refused | Busy | NotSent):
        assert lines == [], "what may be sent again, or is told to be free, was not taken"
    if isinstance(outcome, Taken):
        assert [line["vendor_id"] for line in lines] == [outcome.job_id]
    return outcome


@pytest.mark.parametrize("vendor", PROVIDERS)
@pytest.mark.parametrize("name", SUBMIT_FAULTS)
def test_a_submit_s_bad_day_has_the_outcome_of_the_design_s_table(
    instant: Sandbox, host: Host, vendor: str, name: str
) -> None:
    fault, outcomes = SUBMIT_FAULTS[name]
    outcome = judged(instant, host, vendor, fault)
    assert type(outcome) is outcomes.get(vendor, outcomes[ANY])
    if isinstance(outcome, Busy):
        assert outcome.retry_after_s == 7.0


@pytest.mark.parametrize("name", [name for name in SUBMIT_FAULTS if name.startswith("refused")])
def test_joypix_may_hide_its_status_in_the_envelope_and_means_the_same(hidden: Sandbox, host: Host, name: str) -> None:
    fault, outcomes = SUBMIT_FAULTS[name]
    assert type(judged(hidden, host, JOYPIX, fault)) is outcomes.get(JOYPIX, outcomes[ANY])


def test_those_bad_days_are_all_that_a_submit_can_have() -> None:
    def possible(kind: FaultKind, accepted: bool) -> bool:
        try:
            return bool(Fault(kind, "submit", accepted=accepted))
        except ValueError:
            return False

    every = {(kind, accepted) for kind in FITTING["submit"] for accepted in (True, False) if possible(kind, accepted)}
    assert {(fault.kind, fault.accepted) for fault, _ in SUBMIT_FAULTS.values()} == every


@pytest.mark.parametrize("accepted", [True, False])
def test_a_vendor_slower_than_the_deadline_may_have_taken_the_job(instant: Sandbox, host: Host, accepted: bool) -> None:
    async def at_once() -> list[Response | NotSent | Unclear]:
        async with VendorHttp(tls=TLS) as http:
            wires = [Wire(instant.base, vendor) for vendor in PROVIDERS]
            orders = [wire.provider.submit(least(host, wire.provider.id)) for wire in wires]
            return await asyncio.gather(
                *(
                    http.send_once(wire.provider, wire.keys, wire.url, order, Deadline.after(1.5))
                    for wire, order in zip(wires, orders, strict=True)
                )
            )

    billed = len(instant.bill())
    for vendor in PROVIDERS:
        instant.sandbox.faults.add(Fault(FaultKind.SLOW, "submit", vendor=vendor, seconds=2.5, accepted=accepted))
    outcomes = asyncio.run(at_once())
    assert [type(outcome) for outcome in outcomes] == [Unclear] * len(PROVIDERS)
    until(lambda: len(instant.bill()) == billed + len(PROVIDERS) * accepted)


@pytest.mark.parametrize("vendor", PROVIDERS)
def test_where_nobody_listens_nothing_was_sent(instant: Sandbox, host: Host, vendor: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
    billed = len(instant.bill())
    variable = PROVIDERS[vendor].base_url_variable
    for url in (nowhere, "nowhere"):
        assert isinstance(Wire(instant.base, vendor, {variable: url}).submit(least(host, vendor)), NotSent)
    assert len(instant.bill()) == billed


# A poll's bad days

ASK_AGAIN = {
    "lost": (Fault(FaultKind.LOST, "poll"), Snag.FAULT),
    "a gateway's page": (Fault(FaultKind.GATEWAY, "poll"), Snag.FAULT),
    "a gateway's sign-in": (Fault(FaultKind.GATEWAY, "poll", status=200), Snag.FAULT),
    "a gateway's 404": (Fault(FaultKind.GATEWAY, "poll", status=404), Snag.FAULT),
    "a gateway's 403": (Fault(FaultKind.GATEWAY, "poll", status=403), Snag.KEY),
    "refused 400": (Fault(FaultKind.REFUSED, "poll", status=400), Snag.FAULT),
    "refused 401": (Fault(FaultKind.REFUSED, "poll", status=401), Snag.KEY),
    "refused 403": (Fault(FaultKind.REFUSED, "poll", status=403), Snag.KEY),
    "refused 429": (Fault(FaultKind.REFUSED, "poll", status=429, retry_after=7), Snag.BUSY),
    "refused 500": (Fault(FaultKind.REFUSED, "poll", status=500), Snag.FAULT),
    "bare 404": (Fault(FaultKind.BARE, "poll", status=404), Snag.FAULT),
    "bare 429": (Fault(FaultKind.BARE, "poll", status=429, retry_after=7), Snag.BUSY),
    "bare 503": (Fault(FaultKind.BARE, "poll", status=503), Snag.FAULT),
    "malformed": (Fault(FaultKind.MALFORMED, "poll"), Snag.FAULT),
    "redirect": (Fault(FaultKind.REDIRECT, "poll", status=302), Snag.FAULT),
    "huge": (Fault(FaultKind.HUGE, "poll", size=2_000_000), Snag.FAULT),
}
ANSWERED: dict[str, tuple[Fault, Callable[[Poll], object]]] = {
    "slow": (Fault(FaultKind.SLOW, "poll", seconds=0.01), lambda poll: poll.state is SUCCEEDED),
    "wrong type": (Fault(FaultKind.WRONG_TYPE, "poll"), lambda poll: poll.state is SUCCEEDED),
    "unknown word": (Fault(FaultKind.UNKNOWN_STATUS, "poll"), lambda poll: poll.state is RUNNING and not poll.known),
    "no link": (Fault(FaultKind.NO_LINK, "poll"), lambda poll: poll.lacks_output),
    "a link that has expired": (Fault(FaultKind.LINK_EXPIRED, "poll"), lambda poll: expired(poll.output_url or "")),
}


def expired(url: str) -> bool:
    return look(url).status_code == 403


@pytest.fixture(scope="module", params=PROVIDERS)
def finished(request: pytest.FixtureRequest, instant: Sandbox, host: Host) -> tuple[Wire, str]:
    """A vendor, and the id of a job that is done there."""
    wire = Wire(instant.base, request.param)
    return wire, wire.taken(least(host, request.param))


def the_truth_is_told(wire: Wire, job_id: str) -> bool:
    """A clean poll after a bad one says how it is."""
    poll = wire.poll(job_id)
    return poll.state is SUCCEEDED and look(poll.output_url or "").is_success


@pytest.mark.parametrize("name", ASK_AGAIN)
def test_a_poll_s_bad_day_means_to_ask_again_and_then_the_truth_is_told(
    instant: Sandbox, finished: tuple[Wire, str], name: str
) -> None:
    wire, job_id = finished
    fault, kind = ASK_AGAIN[name]
    instant.sandbox.faults.add(replace(fault, vendor=wire.provider.id))
    (again,) = wire.polls(job_id)
    assert isinstance(again, AskAgain), again
    assert (again.kind, again.retry_after_s) == (kind, fault.retry_after)
    assert instant.sandbox.faults.due() == []
    assert the_truth_is_told(wire, job_id)


@pytest.mark.parametrize("name", ANSWERED)
def test_an_odd_answer_to_a_poll_is_read_for_what_it_is_and_then_the_truth_is_told(
    instant: Sandbox, finished: tuple[Wire, str], name: str
) -> None:
    wire, job_id = finished
    fault, holds = ANSWERED[name]
    instant.sandbox.faults.add(replace(fault, vendor=wire.provider.id))
    assert holds(wire.poll(job_id))
    assert instant.sandbox.faults.due() == []
    assert the_truth_is_told(wire, job_id)


@pytest.mark.parametrize("status", [404, 410])
def test_a_job_that_its_vendor_denies_is_missing_until_it_is_found_again(
    instant: Sandbox, finished: tuple[Wire, str], status: int
) -> None:
    wire, job_id = finished
    instant.sandbox.faults.add(Fault(FaultKind.REFUSED, "poll", vendor=wire.provider.id, status=status))
    assert wire.polls(job_id) == [PollAnswer(missing=(job_id,))]
    assert the_truth_is_told(wire, job_id)


def test_those_bad_days_are_all_that_a_poll_can_have() -> None:
    assert {fault.kind for fault, _ in (*ASK_AGAIN.values(), *ANSWERED.values())} == set(FITTING["poll"])


def test_joypix_hides_a_poll_s_failures_too(hidden: Sandbox, host: Host) -> None:
    wire = Wire(hidden.base, JOYPIX)
    job_id = wire.taken(least(host, JOYPIX))
    for status, kind in ((401, Snag.KEY), (429, Snag.BUSY), (500, Snag.FAULT)):
        hidden.sandbox.faults.add(Fault(FaultKind.REFUSED, "poll", status=status))
        (again,) = wire.polls(job_id)
        assert isinstance(again, AskAgain)
        assert again.kind is kind
    unknown = "task_000000000000"
    assert wire.polls(unknown) == [PollAnswer(missing=(unknown,))]
    assert the_truth_is_told(wire, job_id)


@pytest.mark.parametrize("vendor", PROVIDERS)
def test_another_key_does_not_find_the_job(instant: Sandbox, host: Host, vendor: str) -> None:
    job_id = Wire(instant.base, vendor).taken(least(host, vendor))
    other = Wire(instant.base, vendor, keys_with(vendor, "other"))
    assert other.polls(job_id) == [PollAnswer(missing=(job_id,))]


DOWNLOADS = [
    Fault(FaultKind.LOST, "download"),
    Fault(FaultKind.CUT, "download"),
    Fault(FaultKind.GATEWAY, "download"),
    Fault(FaultKind.BARE, "download", status=404),
    Fault(FaultKind.REDIRECT, "download", status=302),
]


@pytest.mark.parametrize("fault", DOWNLOADS, ids=lambda fault: fault.kind)
def test_a_download_that_breaks_leaves_nothing_and_can_be_begun_again(
    instant: Sandbox, finished: tuple[Wire, str], fault: Fault, tmp_path: Path
) -> None:
    wire, job_id = finished
    link = wire.poll(job_id).output_url or ""
    instant.sandbox.faults.add(replace(fault, vendor=wire.provider.id))
    with pytest.raises(FetchError):
        download(link, tmp_path / "out.mp4")
    assert list(tmp_path.iterdir()) == []
    assert check_video(download(link, tmp_path / "out.mp4")).duration_s > 0


# Creatify, many at a time


def test_creatify_is_asked_about_hundreds_of_jobs_a_hundred_at_a_time(tmp_path: Path, host: Host) -> None:
    async def ordered(wire: Wire, orders: int) -> list[str]:
        request = wire.provider.submit(presenter(host, text="Hello there."))
        places = asyncio.Semaphore(8)

        async def one(http: VendorHttp) -> str:
            async with places:
                came = await http.send_once(wire.provider, wire.keys, wire.url, request, Deadline.after(30.0))
            outcome = wire.provider.read_submit(came) if isinstance(came, Response) else came
            assert isinstance(outcome, Taken), outcome
            return outcome.job_id

        async with VendorHttp(tls=TLS) as http:
            return list(await asyncio.gather(*(one(http) for _ in range(orders))))

    with sandbox_of(tmp_path, speed=STANDS_STILL) as sandbox:
        wire = Wire(sandbox.base, "creatify")
        old = asyncio.run(ordered(wire, 130))
        sandbox.sandbox.store.set_clock(advance_ms=60_000)
        new = asyncio.run(ordered(wire, 120))
        strangers = [str(uuid.UUID(int=number)) for number in range(3)]
        ids = [one for pair in zip(old, new, strict=False) for one in pair] + old[len(new) :] + strangers
        before = reads(sandbox)
        answers = wire.polls(*ids)
        assert reads(sandbox) - before == 3
        found: dict[str, Poll] = {}
        missing: list[str] = []
        for answered in answers:
            assert isinstance(answered, PollAnswer)
            found |= answered.polls
            missing += answered.missing
        assert {job_id: poll.state for job_id, poll in found.items()} == dict.fromkeys(old, SUCCEEDED) | dict.fromkeys(
            new, QUEUED
        )
        assert missing == strangers
        for fault in (
            Fault(FaultKind.REFUSED, "poll", status=404),
            Fault(FaultKind.MALFORMED, "poll"),
            Fault(FaultKind.LOST, "poll"),
        ):
            sandbox.sandbox.faults.add(fault)
            assert isinstance(wire.polls(*old[:9])[0], AskAgain), "no list's failure ends a job"


def reads(sandbox: Sandbox) -> int:
    return sandbox.sandbox.reads["creatify GET /api/lipsyncs/"]


# Keys, balances, presenters, prices, logs


def keys_with(vendor: str, word: str) -> dict[str, str]:
    """A well-formed key with this word in it."""
    variable = PROVIDERS[vendor].key_variables[-1]
    return {variable: f"sk_{word}_1" if vendor == "lipsync-studio" else f"{word}-1"}


@pytest.mark.parametrize("vendor", PROVIDERS)
def test_a_free_question_tells_a_good_key_from_a_wrong_one(instant: Sandbox, hidden: Sandbox, vendor: str) -> None:
    for sandbox in (instant, hidden):

        def verdict(word: str, sandbox: Sandbox = sandbox) -> tuple[Verdict, str]:
            wire = Wire(sandbox.base, vendor, keys_with(vendor, word))
            check = wire.provider.read_check(wire.answer(wire.provider.check()))
            return check.verdict, check.says

        assert verdict("good")[0] is Verdict.ACCEPTED
        assert verdict("nocredit")[0] is Verdict.ACCEPTED
        refused, says = verdict("wrongkey")
        assert refused is Verdict.REFUSED
        assert PROVIDERS[vendor].key_variables[-1] in says
        sandbox.sandbox.faults.add(Fault(FaultKind.REFUSED, "poll", vendor=vendor, status=500))
        assert verdict("good")[0] is Verdict.UNCLEAR


@pytest.mark.parametrize("vendor", PROVIDERS)
def test_a_wrong_key_and_an_empty_account_are_billed_nothing(instant: Sandbox, host: Host, vendor: str) -> None:
    billed = len(instant.bill())
    wrong = Wire(instant.base, vendor, keys_with(vendor, "wrongkey")).submit(least(host, vendor))
    assert isinstance(wrong, Refused)
    assert wrong.kind is Refusal.KEY
    empty = Wire(instant.base, vendor, keys_with(vendor, "nocredit")).submit(least(host, vendor))
    assert isinstance(empty, Refused)
    assert empty.kind is Refusal.CREDIT
    assert len(instant.bill()) == billed


def test_a_balance_shrinks_by_what_the_bill_says(instant: Sandbox, host: Host) -> None:
    for vendor in ("aimlapi", "creatify"):
        wire = Wire(instant.base, vendor, keys_with(vendor, f"balance{vendor}"))
        question = wire.provider.balance()
        assert question is not None
        before = wire.provider.read_balance(wire.answer(question))
        wire.taken(least(host, vendor))
        line = instant.bill()[-1]
        after = wire.provider.read_balance(wire.answer(question))
        assert isinstance(before, Balance)
        assert isinstance(after, Balance)
        if before.usd_micros is not None and after.usd_micros is not None:
            assert before.usd_micros - after.usd_micros == line["usd_micros"] > 0
        else:
            assert (before.credits or 0) - (after.credits or 0) == Decimal(line["credits"]) > 0


def test_a_presenter_and_an_accent_that_are_listed_can_be_ordered(instant: Sandbox, host: Host) -> None:
    wire = Wire(instant.base, "creatify")
    creatify = wire.provider
    assert isinstance(creatify, Creatify)
    pages = [creatify.read_presenters(wire.answer(creatify.presenters(page, page_size=2))) for page in (1, 2)]
    assert all(isinstance(page, PersonaPage) for page in pages)
    first, last = (page for page in pages if isinstance(page, PersonaPage))
    assert (len(first.personas), first.has_more, last.has_more) == (2, True, False)
    assert first.total == len(first.personas) + len(last.personas)
    bare = creatify.read_presenters(wire.answer(Request("GET", "/api/personas/")))
    assert isinstance(bare, PersonaPage)
    assert bare.personas == (*first.personas, *last.personas)
    voices = creatify.read_voices(wire.answer(creatify.voices()))
    assert not isinstance(voices, AskAgain)
    persona, accent = last.personas[0], voices[-1].accents[-1]
    assert look(persona.pictures["9:16"]).is_success
    order = presenter(host, text="Hello.", aspect_ratio="9:16", accent=accent.id)
    assert wire.taken(replace(order, creator=persona.id))


def test_the_price_that_aimlapi_publishes_is_the_one_it_bills(instant: Sandbox, host: Host) -> None:
    wire = Wire(instant.base, AIML)
    aiml = wire.provider
    assert isinstance(aiml, AimlApi)
    price = aiml.read_price_list(wire.answer(aiml.price_list(), key=False))
    assert isinstance(price, LivePrice)
    rates = {rate.when["input"]: rate for rate in price.rates}
    assert {name: (rate.unit, rate.per) for name, rate in rates.items()} == {
        "audio": ("second", Decimal(1)),
        "text": ("byte", Decimal(15)),
    }
    wire.taken(redub(host, audio=host.voice(1.0)))
    wire.taken(redub(host, text="Sixteen letters.", speaker="Ava"))
    voice, text = instant.bill()[-2:]
    assert voice["usd_micros"] == rates["audio"].usd * 1_000_000
    assert text["usd_micros"] == 2 * rates["text"].usd * 1_000_000


def log_of(wire: Wire, trace_id: str) -> LogRow | None:
    question = wire.provider.logs()
    assert question is not None
    rows = wire.provider.read_logs(wire.answer(question))
    assert not isinstance(rows, AskAgain)
    return next((row for row in rows if row.trace_id == trace_id), None)


@pytest.mark.parametrize("accepted", [True, False])
def test_aimlapi_s_log_finds_a_lost_submit_by_our_id_if_it_was_taken(
    instant: Sandbox, host: Host, accepted: bool
) -> None:
    wire = Wire(instant.base, AIML)
    trace_id = f"studio-{accepted}"
    wire.taken(redub(host, audio=host.voice(1.0), trace_id="another"))
    billed = len(instant.bill())
    instant.sandbox.faults.add(Fault(FaultKind.LOST, "submit", accepted=accepted))
    assert isinstance(wire.submit(redub(host, audio=host.voice(1.0), trace_id=trace_id)), Unclear)
    wire.taken(redub(host, audio=host.voice(1.0)))
    row = log_of(wire, trace_id)
    if not accepted:
        assert row is None
        return
    line = instant.bill()[billed]
    assert row is not None
    assert (row.job_id, row.succeeded, row.cost.usd_micros) == (line["vendor_id"], True, line["usd_micros"])
    assert wire.poll(line["vendor_id"]).state is SUCCEEDED


def test_a_log_may_hold_a_submit_only_once_it_is_done(tmp_path: Path, host: Host) -> None:
    rules = Rules(aimlapi_logs="when_done")
    with sandbox_of(tmp_path, speed=STANDS_STILL, rules=rules) as sandbox:
        wire = Wire(sandbox.base, AIML)
        job_id = wire.taken(redub(host, audio=host.voice(1.0), trace_id="studio-1"))
        assert log_of(wire, "studio-1") is None
        sandbox.sandbox.store.set_clock(advance_ms=40_000)
        row = log_of(wire, "studio-1")
        assert row is not None
        assert row.job_id == job_id


# Webhooks

HOOKS: list[tuple[FaultKind | None, list[bool]]] = [
    (None, [True]),
    (FaultKind.HOOK_DOUBLED, [True, True]),
    (FaultKind.HOOK_EARLY, [True, True]),
    (FaultKind.HOOK_FORGED, [False, True]),
    (FaultKind.HOOK_OUT_OF_ORDER, [True, True]),
]
"""What goes wrong, and of each webhook that is sent then, whether it names the job."""


def come(host: Host, sent: int) -> None:
    """Wait for as many webhooks."""
    until(lambda: len(host.posted) == sent)


@pytest.mark.parametrize(("vendor", "form"), [("lipsync-studio", "json"), ("creatify", "json"), ("creatify", "form")])
def test_every_webhook_names_its_job_and_a_forged_one_a_job_that_nobody_has(
    tmp_path: Path, vendor: str, form: Any
) -> None:
    rules = Rules(creatify_webhook=form)
    with hosting() as host, sandbox_of(tmp_path, instant=True, rules=rules) as sandbox:
        wire = Wire(sandbox.base, vendor)
        for kind, true in HOOKS:
            if kind is not None:
                sandbox.sandbox.faults.add(Fault(kind, "webhook"))
            host.posted.clear()
            job_id = wire.taken(replace(least(host, vendor), webhook=f"{host.url}/hook"))
            come(host, len(true))
            for names_it, (body, content_type) in zip(true, host.posted, strict=True):
                named = wire.provider.read_webhook(body, content_type)
                assert named is not None
                assert (named == job_id) is names_it
                asked = wire.polls(named)[0]
                assert isinstance(asked, PollAnswer)
                assert asked.missing == (() if names_it else (named,))


# Inside another app


def test_a_sandbox_two_levels_down_in_a_studio_s_server_keeps_its_links_and_its_webhooks(tmp_path: Path) -> None:
    sandbox, host = SandboxState(tmp_path / "sandbox", instant=True, canned_outputs=True), Host()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with running(sandbox):
            yield

    inside = Router([Mount("/sandbox", app=sandbox_app(sandbox)), Mount("/studio", app=host.app())])
    with served(Starlette(routes=[Mount("/api", app=inside)], lifespan=lifespan)) as outside:
        base, host.url = f"{outside}/api/sandbox", f"{outside}/api/studio"
        for vendor in bases():
            wire = Wire(base, vendor)
            hook = f"{host.url}/hook" if wire.provider.webhooks else None
            job_id = wire.taken(replace(least(host, vendor), webhook=hook))
            links = [wire.poll(job_id).output_url or ""]
            if hook:
                until(lambda: host.hooks)
                told = host.hooks.pop()
                assert told["id"] == job_id
                links.append(told["output"])
            for link in links:
                assert link.startswith(f"{base}/{vendor}/outputs/")
                assert check_video(download(link, tmp_path / "out.mp4")).duration_s > 0
            sandbox.faults.add(Fault(FaultKind.LOST, "submit", vendor=vendor))
            assert isinstance(wire.submit(least(host, vendor)), Unclear)
        page = look(f"{base}/creatify/api/personas/paginated/?page_size=1", headers=HEADERS["creatify"]).json()
        assert look(page["results"][0]["preview_image_1_1"]).is_success
        assert look(page["next"], headers=HEADERS["creatify"]).is_success
        bill = look(f"{base}/sandbox/bill").json()["lines"]
        counts = look(f"{base}/sandbox/requests").json()["counts"]
    assert [line["vendor"] for line in bill] == [vendor for vendor in bases() for _ in range(2)]
    assert counts["joypix POST /v1/lip-sync/motion-2"] == 2, "paths are the vendor's own"
