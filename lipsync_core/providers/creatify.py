"""Creatify lipsyncs: a stock presenter speaks a text or a recording.

Sources: docs.creatify.ai/api-reference/lipsyncs/post-apilipsyncs (an older copy, whose aspect ratios read ``16:9``) and
newer copies of it and of its siblings at creatify.mintlify.app and docs.creatify.ai (which write ``16x9``); of its
presenters …/personas/get-apipersonas-paginated and …/voices. The presenters' pictures are on the vendor's hosts; a
browser gets them through the studio.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from lipsync_core.providers.base import Provider
from lipsync_core.providers.facts import Assumption, Engine, Fact, Tariff, TariffKind, Timing
from lipsync_core.providers.forms import EngineForm, Limit
from lipsync_core.providers.keys import Keys
from lipsync_core.providers.order import Order
from lipsync_core.providers.reading import amount_of, at, id_of, items_of, json_of, link_in, link_of, text_of
from lipsync_core.providers.wire import (
    Accent,
    AskAgain,
    Balance,
    Charge,
    Persona,
    PersonaPage,
    Poll,
    PollAnswer,
    PollState,
    Refused,
    Request,
    Response,
    SubmitOutcome,
    Voice,
)

MOST_AT_A_TIME = 100
"""The most jobs that one poll may ask about (creatify.mintlify.app, get-apilipsyncs)."""
_NEWER = "creatify.mintlify.app, post-apilipsyncs"
_LIPSYNCS = "/api/lipsyncs/"
_RATIOS = {"16:9": "16_9", "1:1": "1_1", "9:16": "9_16"}


class Creatify(Provider):
    """Creatify. Its paths end with a slash: without it, a POST may become a redirect."""

    id = "creatify"
    title = "Creatify"
    base_url = "https://api.creatify.ai"
    sandbox_keys = MappingProxyType(
        {"CREATIFY_API_ID": "00000000-0000-4000-8000-000000000000", "CREATIFY_API_KEY": "sandbox-creatify"}
    )
    states = MappingProxyType(
        {
            "pending": PollState.QUEUED,
            "in_queue": PollState.QUEUED,
            "queued": PollState.QUEUED,  # from a digest of the vendor's FAQ
            "running": PollState.RUNNING,
            "done": PollState.SUCCEEDED,
            "failed": PollState.FAILED,
            "rejected": PollState.FAILED,  # documented on the custom-template endpoint
            "error": PollState.FAILED,  # unofficial
        }
    )
    assumptions = MappingProxyType(
        {
            "aspect_separator": Assumption(
                ":", "older page; newer ones write 16x9", "CREATIFY_ASPECT_SEPARATOR", (":", "x")
            ),
            "progress_scale": Assumption(
                "auto", "undocumented: 0–1 or 0–100", "CREATIFY_PROGRESS_SCALE", ("1", "100", "auto")
            ),
        }
    )
    engines = (
        Engine(
            form=EngineForm(
                engine="creatify/lipsync",
                title="Creatify lipsync",
                scene="presenter",
                required=("creator", "aspect_ratio"),
                voices=(("text",), ("audio",)),
                optional=("accent",),
                choices=MappingProxyType({"aspect_ratio": ("16:9", "1:1", "9:16")}),
                limits=MappingProxyType(
                    {
                        "name": Limit(255, _NEWER),
                        "webhook": Limit(200, _NEWER),
                        "text": Limit(2_000, "creatify.mintlify.app, lipsyncs_v2; for its sibling", assumed=True),
                    }
                ),
            ),
            purpose="A stock presenter speaks your text or your recording.",
            timing=Timing(
                rtf={"": (10.0, 20.0)},
                overhead_s=15.0,
                source="assumed: Creatify states no speed; a digest of its pages says 150 s for 15 s",
                assumed=True,
            ),
            tariff=Tariff(
                TariffKind.PER_BLOCK,
                source="Creatify, API reference, lipsyncs, and https://docs.creatify.ai/billing.md",
                read_on=date(2026, 11, 21),
                unit_s=30,
                minimum_units=1,
                credits=MappingProxyType({"": 5}),
                plans=MappingProxyType({"starter": Decimal("0.198"), "pro": Decimal("0.1495")}),
                whole_units=True,
                speaks=True,
                unknown="Choose your Creatify plan on Providers to see dollars.",
            ),
        ),
    )
    keeps_output_h = Fact(None, "Creatify does not say")
    keeps_records_days = Fact(None, "Creatify does not say")
    failed_is_free = Fact(None, "Creatify promises no refund")
    poll_every_s = Fact(15.0, "Creatify states no interval; known clients use 30 seconds", assumed=True)
    reports_bill = True
    webhooks = True
    ask = "Look in your Creatify account for {clip} at about {time}, and check whether its credits fell then."

    def headers(self, keys: Keys) -> dict[str, str]:
        """Creatify's two headers."""
        return {"X-API-ID": keys.reveal("CREATIFY_API_ID"), "X-API-KEY": keys.reveal("CREATIFY_API_KEY")}

    def submit(self, order: Order) -> Request:
        """Build the POST of an order without errors."""
        body = {
            "creator": order.creator,
            "text": order.text,
            "audio": order.audio,
            "accent": order.accent,
            "aspect_ratio": (order.aspect_ratio or "").replace(":", self.assumed["aspect_separator"]),
            "name": order.name,
            "webhook_url": order.webhook,
        }
        return Request("POST", _LIPSYNCS, json={name: value for name, value in body.items() if value})

    def poll(self, ids: Sequence[str]) -> tuple[Request, ...]:
        """Build one GET for each hundred jobs; a single job has a path of its own."""
        listable = [job_id for job_id in ids if "," not in job_id]
        batches = [listable[start : start + MOST_AT_A_TIME] for start in range(0, len(listable), MOST_AT_A_TIME)]
        alone = [job_id for job_id in ids if "," in job_id]
        return (
            *(
                Request("GET", _LIPSYNCS, query=(("ids", ",".join(batch)),), about=tuple(batch))
                for batch in batches
                if len(batch) > 1
            ),
            *(
                Request("GET", f"{_LIPSYNCS}{quote(job_id, safe='')}/", about=(job_id,))
                for job_id in [*alone, *(batch[0] for batch in batches if len(batch) == 1)]
            ),
        )

    def check(self) -> Request:
        """Ask for the credits, which also shows whether the key is good."""
        return self.balance()

    def balance(self) -> Request:
        """Ask for the account's balance, in credits."""
        return Request("GET", "/api/remaining_credits/")

    def presenters(self, page: int = 1, page_size: int = 50) -> Request:
        """Ask for one page of the stock presenters."""
        query = (("page", str(page)), ("page_size", str(page_size)))
        return Request("GET", "/api/personas/paginated/", query=query)

    def voices(self) -> Request:
        """Ask for all voices with their accents."""
        return Request("GET", "/api/voices/")

    def read_submit(self, response: Response) -> SubmitOutcome:
        """Read the answer to one POST; an error about the aspect ratio's spelling names the setting to change."""
        outcome = super().read_submit(response)
        if isinstance(outcome, Refused) and "aspect_ratio" in outcome.message:
            other = "x" if self.assumed["aspect_separator"] == ":" else ":"
            variable = self.assumptions["aspect_separator"].variable
            return replace(
                outcome,
                message=f"{outcome.message} Creatify's pages spell it both 16:9 and 16x9: "
                f"if the ratio itself is fine, set {variable}={other} and restart the studio.",
            )
        return outcome

    def read_balance(self, response: Response) -> Balance | AskAgain:
        """Read the account's credits, which may be a fraction or negative."""
        content = json_of(response.body)
        credits = amount_of(at(content, "remaining_credits"))
        if (problem := self.trouble(response, content)) or credits is not None:
            return problem or Balance(credits=credits)
        return AskAgain("Creatify sent no credits.")

    def read_presenters(self, response: Response) -> PersonaPage | AskAgain:
        """Read a page of presenters, or the bare list of all."""
        content = json_of(response.body)
        page = persona_page_of(content)
        return self.trouble(response, content) or page or AskAgain("Creatify sent no presenters.")

    def read_voices(self, response: Response) -> tuple[Voice, ...] | AskAgain:
        """Read the voices; voices without an accent that can be ordered are left out."""
        content = json_of(response.body)
        voices = voices_of(content)
        problem = self.trouble(response, content)
        return problem or (AskAgain("Creatify sent no voices.") if voices is None else voices)

    def _charge(self, response: Response, content: Any) -> Charge | None:
        credits = amount_of(at(content, "credits_used"))
        return Charge(credits) if credits is not None and credits > 0 else None

    def _documents_busy(self, content: Any) -> bool:
        """Recognise ``{"detail": text}`` and nothing else: the “throttled” answer of Creatify's web framework."""
        return isinstance(content, dict) and set(content) == {"detail"} and text_of(content["detail"]) is not None

    def _polled(self, request: Request, response: Response, content: Any) -> PollAnswer | AskAgain:
        listed = items_of(content, "results")
        if listed is None:
            listed = [content]
        found = {job_id: item for item in listed if (job_id := id_of(at(item, "id"))) in request.about and job_id}
        # A list with other jobs or entries without an id, or with a further page, does not prove absence.
        complete = len(found) == len(listed) and not at(content, "next") and isinstance(content, list | dict)
        absent = tuple(job_id for job_id in request.about if job_id not in found)
        if len(request.about) == 1 and not found:
            return AskAgain("Creatify answered about something else.")
        return PollAnswer(
            {job_id: self._poll(item) for job_id, item in found.items()}, missing=absent if complete else ()
        )

    def _poll(self, item: Any) -> Poll:
        poll = self.poll_of(
            at(item, "status"),
            output_url=link_in(at(item, "output")) or link_in(at(item, "video_output")),
            error=text_of(at(item, "failed_reason")),
            progress=progress_of(at(item, "progress"), self.assumed["progress_scale"]),
        )
        credits = amount_of(at(item, "credits_used"))
        # The charge comes some time after the submit: a zero, or a figure before the end, is not yet the bill.
        if poll.state is PollState.SUCCEEDED and credits is not None and credits > 0:
            return replace(poll, billed_credits=credits)
        return poll


def progress_of(value: Any, scale: str) -> float | None:
    """Return a progress from 0 to 1, from a number or text on a ``scale`` of ``1`` or ``100``.

    With ``auto``, a value below 1 counts as a fraction and everything else as per cent. A 1 that means “all” then
    shows as 1 %, until the status corrects it.
    """
    amount = amount_of(value.rstrip("% ") if isinstance(value, str) else value)
    if amount is None:
        return None
    is_share = scale == "1" or (scale == "auto" and 0 < amount < 1)
    return float(min(max(amount if is_share else amount / 100, Decimal(0)), Decimal(1)))


def persona_page_of(content: Any) -> PersonaPage | None:
    """Return the presenters in a page or a bare list, without those that are switched off."""
    listed = items_of(content, "results")
    if listed is None:
        return None
    personas = tuple(found for item in listed if at(item, "is_active") is not False and (found := _persona(item)))
    total = at(content, "count")
    return PersonaPage(
        personas,
        has_more=link_of(at(content, "next")) is not None,
        total=total if isinstance(total, int) and total >= 0 else None,
    )


def _persona(item: Any) -> Persona | None:
    persona_id = id_of(at(item, "id"))
    if persona_id is None:
        return None
    gender, age_range, location, style = (
        text_of(at(item, name)) or "" for name in ("gender", "age_range", "location", "style")
    )
    return Persona(
        id=persona_id,
        name=text_of(at(item, "creator_name")) or persona_id,
        gender=gender,
        age_range=age_range,
        location=location,
        style=style,
        pictures=_previews(item, "preview_image"),
        videos=_previews(item, "preview_video"),
    )


def _previews(item: Any, prefix: str) -> dict[str, str]:
    return {ratio: link for ratio, suffix in _RATIOS.items() if (link := link_of(at(item, f"{prefix}_{suffix}")))}


def voices_of(content: Any) -> tuple[Voice, ...] | None:
    """Return the voices in a bare list or a page."""
    listed = items_of(content, "results")
    return None if listed is None else tuple(voice for item in listed if (voice := _voice(item)))


def _voice(item: Any) -> Voice | None:
    accents = tuple(
        Accent(accent_id, text_of(at(entry, "accent_name")) or accent_id, link_of(at(entry, "preview_url")))
        for entry in items_of(at(item, "accents")) or []
        if (accent_id := id_of(at(entry, "id")))
    )
    if not accents:
        return None
    return Voice(text_of(at(item, "name")) or accents[0].name, text_of(at(item, "gender")) or "", accents)
