"""AI/ML API, model ``pixverse/lip-sync``: a new voice, recorded or from text, for a video.

Sources: docs.aimlapi.com/api-references/video-models/pixverse/lip-sync and the public repository aimlapi/api-docs
(``lip-sync.json``, ``universal-video-fetch.json``, ``errors-and-messages``, ``capabilities``, ``service-endpoints``
with its ``models-catalogue.md`` and ``logs-v2.json``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from lipsync_core.providers.base import Provider, is_success
from lipsync_core.providers.facts import Engine, Fact, Tariff, TariffKind, Timing
from lipsync_core.providers.forms import EngineForm, Files, Limit
from lipsync_core.providers.order import Order
from lipsync_core.providers.reading import (
    UNREADABLE,
    amount_of,
    at,
    id_of,
    items_of,
    json_of,
    link_in,
    text_of,
    usd_micros_of,
    words_of,
)
from lipsync_core.providers.wire import (
    AskAgain,
    Balance,
    Charge,
    LivePrice,
    LogRow,
    PollAnswer,
    PollState,
    Rate,
    Refusal,
    Request,
    Response,
    SubmitOutcome,
    Unclear,
)

MODEL = "pixverse/lip-sync"
LOG_ROWS = 100
"""The most rows that one page of the log may have."""
CREDITS_PER_USD = 2_000_000
"""aimlapi/api-docs, docs/faq/how-can-i-track-my-funds.md."""
SPEAKERS = (
    *("Harper", "Ava", "Isabella", "Sophia", "Emily", "Chloe", "Julia"),
    *("Mason", "Jack", "Liam", "James", "Oliver", "Adrian", "Ethan", "Auto"),
)
"""Case-sensitive."""
_KINDS = MappingProxyType({"err_insufficent_credits": Refusal.CREDIT, "err_unverified_card": Refusal.ACCOUNT})
"""``error.data.kind`` of a refusal, as spelled in answers since February 2026."""
_PIXVERSE = "PixVerse's own pages; AI/ML API states no limits"
_GENERATIONS = "/v2/video/generations"


class AimlApi(Provider):
    """AI/ML API. An empty account is a 403, and the state of a finished job is “completed” or “succeeded”."""

    id = "aimlapi"
    title = "AI/ML API"
    base_url = "https://api.aimlapi.com"
    sandbox_keys = MappingProxyType({"AIMLAPI_API_KEY": "sandbox-aimlapi"})
    states = MappingProxyType(
        {
            "queued": PollState.QUEUED,
            "waiting": PollState.QUEUED,  # only in the vendor's JavaScript sample
            "generating": PollState.RUNNING,
            "processing": PollState.RUNNING,  # assumed
            "in_progress": PollState.RUNNING,  # assumed
            "completed": PollState.SUCCEEDED,
            "succeeded": PollState.SUCCEEDED,  # not in the schema; last state of the vendor's PixVerse samples
            "error": PollState.FAILED,
            "failed": PollState.FAILED,  # from clients in the field
            "canceled": PollState.FAILED,  # a final state in the vendor's own SDK
            "timeout": PollState.FAILED,  # a final state in the vendor's own SDK
        }
    )
    engines = (
        Engine(
            form=EngineForm(
                engine="aimlapi/pixverse-lip-sync",
                title="PixVerse lip-sync",
                scene="redub",
                required=("video",),
                voices=(("audio",), ("text", "speaker")),
                choices=MappingProxyType({"speaker": SPEAKERS}),
                limits=MappingProxyType({"text": Limit(200, _PIXVERSE, assumed=True)}),
                longest_s=Limit(30, _PIXVERSE, assumed=True),
                files=MappingProxyType(
                    {
                        "video": Files((".mp4", ".mov"), _PIXVERSE, True, most_bytes=50_000_000, most_side=1920),
                        "audio": Files((".mp3", ".wav"), _PIXVERSE, True, most_bytes=50_000_000),
                    }
                ),
                data_uris=True,
            ),
            purpose="A new voice for a short video, recorded or from a text.",
            timing=Timing(
                rtf={"": (0.0, 2.0)},
                overhead_s=34.0,
                source="AI/ML API, pixverse/lip-sync: about 34 s for its sample, whatever the length; the slow case "
                "is assumed",
            ),
            tariff=Tariff(
                TariffKind.OWN_RATE,
                source="https://docs.platform.pixverse.ai/model-pricing-796039m0, for what is billed",
                read_on=date(2026, 11, 21),
                credits_per_usd=CREDITS_PER_USD,
                assumed="billed as PixVerse, who made the model, bills it",
                speaks=True,
                text_bytes_per_s=15,
                unknown="Fetch or enter AI/ML API’s price of this model on Providers to see dollars.",
            ),
        ),
    )
    output_host = Fact("cdn.aimlapi.com", "aimlapi/api-docs, pixverse/lip-sync.md: its sample run", assumed=True)
    keeps_output_h = Fact(24.0, "a link of another model in aimlapi/api-docs is signed for 24 hours", assumed=True)
    keeps_records_days = Fact(None, "AI/ML API does not say")
    failed_is_free = Fact(True, "aimlapi/api-docs, usage-logs.md: a failed request is not billed")
    unpromised_ends = frozenset({"canceled", "timeout"})
    logs_reach_h = 48
    poll_every_s = Fact(15.0, "docs.aimlapi.com, pixverse/lip-sync: the sample polls every 15 seconds")
    reports_bill = True
    ask = (
        "Look in the usage logs of your AI/ML API account for a request to pixverse/lip-sync at about {time} ({clip}); "
        "a failed one is listed there too and costs nothing."
    )

    def submit(self, order: Order) -> Request:
        """Build the POST of an order without errors."""
        # A possibly long data URI comes last: people and logs see the beginning of a request.
        body = {
            "model": MODEL,
            "lip_sync_tts_speaker": order.speaker,
            "lip_sync_tts_content": order.text,
            "audio_url": order.audio,
            "video_url": order.video,
        }
        # The vendor silently drops a value with characters outside this alphabet.
        traced = re.fullmatch(r"[A-Za-z0-9._:-]{1,128}", order.trace_id or "")
        return Request(
            "POST",
            _GENERATIONS,
            json={name: value for name, value in body.items() if value},
            headers=(("X-Client-Request-Id", traced[0]),) if traced else (),
        )

    def poll(self, ids: Sequence[str]) -> tuple[Request, ...]:
        """Build one GET for each job."""
        return tuple(
            Request("GET", _GENERATIONS, query=(("generation_id", job_id),), about=(job_id,)) for job_id in ids
        )

    def check(self) -> Request:
        """Ask for the balance, which also shows whether the key is good."""
        return self.balance()

    def balance(self) -> Request:
        """Ask for the account's balance, in dollars."""
        return Request("GET", "/v2/billing")

    def price_list(self) -> Request:
        """Ask for the model's entry in the public catalogue of models."""
        return Request("GET", "/v1/models", query=(("id", MODEL), ("include", "pricing")))

    def logs(self, offset: int = 0) -> Request:
        """Ask for the requests of the last two days, newest first, to look for a submit whose answer was lost."""
        query = (
            ("period", f"{self.logs_reach_h}h"),
            ("model", MODEL),
            ("limit", str(LOG_ROWS)),
            ("offset", str(offset)),
        )
        return Request("GET", "/v2/logs", query=query)

    def read_submit(self, response: Response) -> SubmitOutcome:
        """Read the answer to one POST. The id is also in a header, which counts where the body is lost."""
        outcome = super().read_submit(response)
        if isinstance(outcome, Unclear) and outcome.candidate is None:
            return replace(outcome, candidate=id_of(response.headers.get("x-inference-id")))
        return outcome

    def read_balance(self, response: Response) -> Balance | AskAgain:
        """Read the account's balance, in micro-dollars."""
        content = json_of(response.body)
        usd_micros = usd_micros_of(at(content, "current_balance"))
        if (problem := self.trouble(response, content)) or usd_micros is not None:
            return problem or Balance(usd_micros=usd_micros)
        return AskAgain("AI/ML API sent no balance.")

    def read_price_list(self, response: Response) -> LivePrice | AskAgain:
        """Read the model's rate, as the vendor structures it."""
        content = json_of(response.body)
        return (
            self.trouble(response, content)
            or price_of(content, MODEL)
            or AskAgain(f"AI/ML API's catalogue has no price for {MODEL}.")
        )

    def read_logs(self, response: Response) -> tuple[LogRow, ...] | AskAgain:
        """Read the rows of this page of the log."""
        content = json_of(response.body)
        return self.trouble(response, content) or log_rows_of(content)

    def _submitted_id(self, response: Response, content: Any) -> str | None:
        if is_success(response.status) and content is UNREADABLE:
            return id_of(response.headers.get("x-inference-id"))
        return _named(content)

    def _polled(self, request: Request, response: Response, content: Any) -> PollAnswer | AskAgain:
        (asked,) = request.about
        if not isinstance(content, dict) or _named(content) not in (asked, None):
            return AskAgain("AI/ML API answered about something else.")
        poll = self.poll_of(
            content.get("status"),
            output_url=link_in(content.get("video")) or link_in(content.get("videos")),
            error=words_of(content) or text_of(at(content, "error", "name")),
        )
        # Only a success reports what was charged: before that, the figure may be a hold.
        charge = self._charge(response, content) if poll.state is PollState.SUCCEEDED else None
        if charge is not None:
            poll = replace(poll, billed_credits=charge.credits, billed_usd_micros=charge.usd_micros)
        return PollAnswer({asked: poll})

    def _charge(self, response: Response, content: Any) -> Charge | None:
        """Return the sum in ``meta.usage``, else in the headers; a zero proves nothing.

        If credits and dollars disagree, the higher one counts. Every answer of this vendor, also a refusal, has
        `x-inference-id`, so that header does not prove that a job exists.
        """
        usage = at(content, "meta", "usage")
        for credits_used, usd_spent in (
            (at(usage, "credits_used"), at(usage, "usd_spent")),
            (response.headers.get("x-aimlapi-credits-used"), response.headers.get("x-aimlapi-usd-spent")),
        ):
            credits, usd = amount_of(credits_used) or Decimal(0), amount_of(usd_spent) or Decimal(0)
            credits = max(credits, usd * CREDITS_PER_USD)
            if credits > 0:
                return Charge(credits, round(credits * 1_000_000 / CREDITS_PER_USD))
        return None

    def _documents_busy(self, content: Any) -> bool:
        """Recognise the vendor's envelope: ``statusCode`` before April 2026, ``status`` since then."""
        said = (str(at(content, "statusCode")), str(at(content, "status")))
        return text_of(at(content, "message")) is not None and "429" in said

    def _refusal(self, status: int, content: Any, words: str) -> Refusal:
        kind = at(content, "error", "data", "kind")
        if isinstance(kind, str) and kind in _KINDS:
            return _KINDS[kind]
        if status == 403 and not words:
            return Refusal.CREDIT  # the only 403 that its pages explain
        return super()._refusal(status, content, words)


def _named(content: Any) -> str | None:
    """Return the job's id, which the answers of some models call ``generation_id``."""
    return id_of(at(content, "id")) or id_of(at(content, "generation_id"))


def price_of(content: Any, model: str) -> LivePrice | None:
    """Return the price of ``model`` (id or alias) in a catalogue; None if there is none that can be understood."""
    for entry in items_of(content, "data") or ([content] if isinstance(content, dict) else []):
        aliases = at(entry, "aliases")
        names = [at(entry, "id"), *(aliases if isinstance(aliases, list) else [])]
        kind = text_of(at(entry, "pricing", "kind"))
        if model not in names or kind is None or at(entry, "pricing", "currency") not in (None, "USD"):
            continue
        pricing = entry["pricing"]
        listed = items_of(pricing.get("units")) or items_of(pricing.get("variants")) or []
        rates = tuple(rate for item in listed if (rate := _rate(item)))
        if rates or kind == "variable":
            return LivePrice(kind, rates)
    return None


def _rate(item: Any) -> Rate | None:
    usd, per = amount_of(at(item, "price")), amount_of(at(item, "per"))
    unit = text_of(at(item, "unit")) or text_of(at(item, "measure")) or text_of(at(item, "name"))
    if usd is None or usd < 0 or per is None or per <= 0 or unit is None:
        return None
    when = at(item, "when")
    return Rate(
        usd, unit, per, {str(name): str(value) for name, value in when.items()} if isinstance(when, dict) else {}
    )


def log_rows_of(content: Any) -> tuple[LogRow, ...]:
    """Return the rows of a page of the log that say how a request ended."""
    return tuple(
        LogRow(
            text_of(at(row, "client_request_id")),
            id_of(at(row, "inference_id")),
            at(row, "status") == "succeeded",
            Charge(amount_of(at(row, "cost", "credits")), usd_micros_of(at(row, "cost", "usd"))),
        )
        for row in items_of(content, "data") or []
        if at(row, "status") in ("succeeded", "failed")
    )
