"""JoyPix (openapi.joypix.ai): Motion-2 from one picture and one voice, Motion-2-Dialog from one picture and two.

Sources: www.joypix.ai/openapi/get-started-with-api and …/openapi/motion-2-dialog. No page about Motion-2 itself was
found: its fields are from the example on the first page, its limits from Motion-2-Dialog.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from lipsync_core.providers.base import REFUSING, Provider, is_success
from lipsync_core.providers.facts import DialogRule, Engine, Fact, Tariff, TariffKind, Timing
from lipsync_core.providers.forms import EngineForm, Files, Limit
from lipsync_core.providers.order import Order
from lipsync_core.providers.reading import at, id_of, json_of, link_in, retry_after_s, sentence, text_of, words_of
from lipsync_core.providers.wire import (
    AskAgain,
    Busy,
    KeyCheck,
    PollAnswer,
    PollState,
    Refused,
    Request,
    Response,
    SubmitOutcome,
    Taken,
    Unclear,
)

_STARTED = "JoyPix, Get started with API"
_DIALOG = "JoyPix, Motion-2-Dialog API"
_PICTURES = {
    "image": Files(
        (".jpg", ".png", ".bmp", ".webp"),
        "JoyPix, happyhorse-1.0-image-to-video; stated for another model",
        assumed=True,
        most_bytes=10_000_000,
    )
}
_TIMING = Timing(
    rtf={"480p": (15.0, 30.0), "720p": (25.0, 50.0)},
    overhead_s=5.0,
    source=f"{_DIALOG}: about 15 s of work for a second at 480p, 25 s at 720p; the slow case is assumed to take twice "
    "as long",
)
_TARIFF = Tariff(
    TariffKind.PER_BLOCK,
    source=f"{_DIALOG}, Pricing",
    read_on=date(2026, 11, 21),
    unit_s=5,
    minimum_units=1,
    credits=MappingProxyType({"480p": 15, "720p": 30}),
    usd_per_credit=Decimal("0.01"),
    open_question="JoyPix does not say whether it bills two voices one after the other or at once",
)
_SEEDS = (-1, 2**31 - 1)
_RESOLUTIONS = ("480p", "720p")
_ENDPOINTS = {"joypix/motion-2": "/v1/lip-sync/motion-2", "joypix/motion-2-dialog": "/v1/lip-sync/motion-2-dialog"}
_WIRE_NAMES = {
    "audio": "audio_url",
    "left_audio": "left_audio_url",
    "right_audio": "right_audio_url",
    "image": "image_url",
    "resolution": "resolution",
    "prompt": "prompt",
    "seed": "seed",
}
_MAY_BE_TAKEN = frozenset({408, 409})
"""Client errors that do not say whether the request was taken."""


class JoyPix(Provider):
    """JoyPix. It sends HTTP's status and a ``code`` of its own, and does not document that they agree."""

    id = "joypix"
    title = "JoyPix"
    base_url = "https://openapi.joypix.ai"
    sandbox_keys = MappingProxyType({"JOYPIX_API_KEY": "sandbox-joypix"})
    states = MappingProxyType(
        {
            "submitted": PollState.QUEUED,
            "processing": PollState.RUNNING,
            "completed": PollState.SUCCEEDED,
            "failed": PollState.FAILED,
        }
    )
    engines = (
        Engine(
            form=EngineForm(
                engine="joypix/motion-2",
                title="JoyPix Motion-2",
                scene="portrait",
                required=("image", "audio"),
                optional=("resolution", "prompt", "seed"),
                choices=MappingProxyType({"resolution": _RESOLUTIONS}),
                defaults=MappingProxyType({"resolution": "480p"}),
                longest_s=Limit(600, f"{_DIALOG}, Tips; stated for its two-speaker sibling", assumed=True),
                files=MappingProxyType(_PICTURES),
                seeds=_SEEDS,
            ),
            purpose="A portrait that speaks and moves.",
            timing=_TIMING,
            tariff=replace(_TARIFF, assumed="taken from its two-speaker page"),
        ),
        Engine(
            form=EngineForm(
                engine="joypix/motion-2-dialog",
                title="JoyPix Motion-2-Dialog",
                scene="dialog",
                required=("image", "left_audio", "right_audio"),
                optional=("resolution", "prompt", "seed"),
                choices=MappingProxyType({"resolution": _RESOLUTIONS}),
                defaults=MappingProxyType({"resolution": "480p"}),
                longest_s=Limit(600, f"{_DIALOG}, Tips"),
                files=MappingProxyType(_PICTURES),
                seeds=_SEEDS,
            ),
            purpose="Two people in one picture, each with a voice of their own.",
            timing=_TIMING,
            tariff=replace(_TARIFF, dialog=DialogRule.UNDOCUMENTED),
        ),
    )
    output_host = Fact("joypix-output.s3.amazonaws.com", "the sample of a finished task", assumed=True)
    keeps_output_h = Fact(72.0, f"{_STARTED}, Note")
    keeps_records_days = Fact(30.0, f"{_STARTED}, Note: one month")
    failed_is_free = Fact(True, f"{_STARTED}, Note: credits are refunded")
    poll_every_s = Fact(10.0, "JoyPix states no interval", assumed=True)
    ask = (
        "Look in your JoyPix account for {clip} at about {time}, "
        "or ask openapi@joypix.ai (records are kept for a month)."
    )
    check_asks_for_no_job = True

    def submit(self, order: Order) -> Request:
        """Build the POST of an order without errors."""
        values = {wire: getattr(order, name) for name, wire in _WIRE_NAMES.items()}
        body = {wire: value for wire, value in values.items() if value not in (None, "")}
        return Request("POST", _ENDPOINTS[order.engine], json=body)

    def poll(self, ids: Sequence[str]) -> tuple[Request, ...]:
        """Build one GET for each job."""
        return tuple(Request("GET", f"/v1/tasks/{quote(job_id, safe='')}", about=(job_id,)) for job_id in ids)

    def check(self) -> Request:
        """Ask for a task that does not exist: the only free request that JoyPix documents."""
        return Request("GET", "/v1/tasks/lipsync-studio-key-check")

    def read_submit(self, response: Response) -> SubmitOutcome:
        """Classify by HTTP's status and the envelope's ``code`` together; where they disagree, nothing is certain."""
        content = json_of(response.body)
        code = _code(content)
        if code is None:
            return super().read_submit(response)
        job_id = self._submitted_id(response, content)
        words = words_of(content)
        if is_success(response.status) and _is_fine(code) and job_id:
            return Taken(job_id, response.body)
        one_voice = is_success(response.status) or response.status in REFUSING or response.status == code
        if job_id is None and 400 <= code < 500 and one_voice and code not in _MAY_BE_TAKEN:
            if code == 429:
                return Busy(retry_after_s(response.headers))
            kind = self._refusal(code, content, words or "")
            return Refused(kind, sentence(words) if words else self._bare(replace(response, status=code)))
        said = f" and said: {words}" if words else ""
        return Unclear(sentence(f"JoyPix answered with status {response.status} and code {code}{said}"), job_id)

    def read_poll(self, request: Request, response: Response) -> PollAnswer | AskAgain:
        """Read a poll's answer; a ``code`` of failure counts like a status."""
        return super().read_poll(request, _with_code(response))

    def read_check(self, response: Response) -> KeyCheck:
        """Read what the answer about a task that does not exist says about the key."""
        return super().read_check(_with_code(response))

    def _submitted_id(self, response: Response, content: Any) -> str | None:
        return id_of(at(content, "data", "task_id"))

    def _polled(self, request: Request, response: Response, content: Any) -> PollAnswer | AskAgain:
        task = at(content, "data")
        (asked,) = request.about
        if not isinstance(task, dict) or id_of(task.get("task_id")) not in (asked, None):
            return AskAgain("JoyPix answered about something else.")
        return PollAnswer(
            {
                asked: self.poll_of(
                    task.get("status"), output_url=link_in(task.get("video_url")), error=text_of(task.get("error"))
                )
            }
        )


def _code(content: Any) -> int | None:
    code = at(content, "code")
    if isinstance(code, str) and code.isascii() and code.isdecimal() and len(code) < 10:
        return int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def _is_fine(code: int) -> bool:
    """Whether a code means success: the table says 200, the samples say 0."""
    return code in (0, 200)


def _with_code(response: Response) -> Response:
    """Return the answer with its envelope's ``code`` as its status if HTTP's status hides a failure."""
    code = _code(json_of(response.body))
    if not is_success(response.status) or code is None or _is_fine(code):
        return response
    return replace(response, status=code if 400 <= code < 500 else 500)
