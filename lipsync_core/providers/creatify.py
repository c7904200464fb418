"""Creatify lipsyncs: a stock presenter speaks a text or a recording.

Sources: docs.creatify.ai/api-reference/lipsyncs/post-apilipsyncs (an older copy, whose aspect ratios read ``16:9``) and
newer copies of it and of its siblings at creatify.mintlify.app and docs.creatify.ai (which write ``16x9``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from lipsync_core.providers.base import Provider
from lipsync_core.providers.creatify_library import PersonaPage, Voice, persona_page_of, voices_of
from lipsync_core.providers.facts import Assumption, Fact
from lipsync_core.providers.forms import EngineForm, Limit
from lipsync_core.providers.keys import Keys
from lipsync_core.providers.order import Order
from lipsync_core.providers.reading import amount_of, at, id_of, items_of, json_of, link_in, text_of
from lipsync_core.providers.wire import (
    AskAgain,
    Balance,
    Charge,
    Poll,
    PollAnswer,
    PollState,
    Refused,
    Request,
    Response,
    SubmitOutcome,
)

MOST_AT_A_TIME = 100
"""Jobs that one poll may ask about (creatify.mintlify.app, get-apilipsyncs)."""
_NEWER = "creatify.mintlify.app, post-apilipsyncs"
_LIPSYNCS = "/api/lipsyncs/"


class Creatify(Provider):
    """Creatify's words. Its paths end with a slash: without, a POST may turn into a redirect."""

    id = "creatify"
    title = "Creatify"
    base_url = "https://api.creatify.ai"
    base_url_variable = "CREATIFY_BASE_URL"
    key_variables = ("CREATIFY_API_ID", "CREATIFY_API_KEY")
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
                "auto", "nobody says 0–1 or 0–100", "CREATIFY_PROGRESS_SCALE", ("1", "100", "auto")
            ),
        }
    )
    forms = (
        EngineForm(
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
                    "text": Limit(2_000, "creatify.mintlify.app, lipsyncs_v2; of its sibling", assumed=True),
                }
            ),
        ),
    )
    keeps_output_h = Fact(None, "Creatify does not say")
    keeps_records_days = Fact(None, "Creatify does not say")
    failed_is_free = Fact(None, "Creatify promises no refund")
    poll_every_s = Fact(15.0, "Creatify names no interval; clients in the field take 30 seconds", assumed=True)
    reports_bill = True
    webhooks = True
    ask = "Look in your Creatify account for {clip} at about {time}, and whether its credits fell then."

    def headers(self, keys: Keys) -> dict[str, str]:
        """Creatify's two headers."""
        return {"X-API-ID": keys.reveal("CREATIFY_API_ID"), "X-API-KEY": keys.reveal("CREATIFY_API_KEY")}

    def submit(self, order: Order) -> Request:
        """The POST of an order without errors."""
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
        """One GET for each hundred jobs; one alone is asked by its path."""
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
        """Ask for the credits."""
        return self.balance()

    def balance(self) -> Request:
        """What the account holds, in credits."""
        return Request("GET", "/api/remaining_credits/")

    def personas(self, page: int = 1, page_size: int = 50) -> Request:
        """One page of the stock presenters."""
        query = (("page", str(page)), ("page_size", str(page_size)))
        return Request("GET", "/api/personas/paginated/", query=query)

    def voices(self) -> Request:
        """All voices with their accents."""
        return Request("GET", "/api/voices/")

    def read_submit(self, response: Response) -> SubmitOutcome:
        """What one POST's answer means; a quarrel about the aspect ratio's spelling names the setting to change."""
        outcome = super().read_submit(response)
        if isinstance(outcome, Refused) and "aspect_ratio" in outcome.message:
            other = "x" if self.assumed["aspect_separator"] == ":" else ":"
            variable = self.assumptions["aspect_separator"].variable
            return replace(
                outcome,
                message=f"{outcome.message} Creatify's pages spell it both as 16:9 and 16x9: "
                f"if the ratio itself is fine, set {variable}={other} and restart the studio.",
            )
        return outcome

    def read_balance(self, response: Response) -> Balance | AskAgain:
        """The account's credits, which may be a fraction, or negative."""
        content = json_of(response.body)
        credits = amount_of(at(content, "remaining_credits"))
        if (problem := self.trouble(response, content)) or credits is not None:
            return problem or Balance(credits=credits)
        return AskAgain("Creatify sent no credits.")

    def read_personas(self, response: Response) -> PersonaPage | AskAgain:
        """A page of presenters, or the bare list of all."""
        content = json_of(response.body)
        page = persona_page_of(content)
        return self.trouble(response, content) or page or AskAgain("Creatify sent no presenters.")

    def read_voices(self, response: Response) -> tuple[Voice, ...] | AskAgain:
        """The voices; those without an accent that could be ordered are left out."""
        content = json_of(response.body)
        voices = voices_of(content)
        problem = self.trouble(response, content)
        return problem or (AskAgain("Creatify sent no voices.") if voices is None else voices)

    def _charge(self, response: Response, content: Any) -> Charge | None:
        credits = amount_of(at(content, "credits_used"))
        return Charge(credits) if credits is not None and credits > 0 else None

    def _documents_busy(self, content: Any) -> bool:
        """``{"detail": text}`` and nothing else: how the framework behind Creatify says “throttled”."""
        return isinstance(content, dict) and set(content) == {"detail"} and text_of(content["detail"]) is not None

    def _polled(self, request: Request, response: Response, content: Any) -> PollAnswer | AskAgain:
        listed = items_of(content, "results")
        if listed is None:
            listed = [content]
        found = {job_id: item for item in listed if (job_id := id_of(at(item, "id"))) in request.about and job_id}
        # A list that holds strangers or nameless entries, or has a further page, is no proof of absence.
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
        # Charged only some time after the submit: a zero or a figure on the way is not yet the bill.
        if poll.state is PollState.SUCCEEDED and credits is not None and credits > 0:
            return replace(poll, billed_credits=credits)
        return poll


def progress_of(value: Any, scale: str) -> float | None:
    """A progress from 0 to 1, from a number or text on a ``scale`` of ``1`` or ``100``.

    With ``auto`` a fraction below 1 is taken for a share, everything else for per cent: a 1 that means “all” then
    shows as 1 %, which the status corrects at once.
    """
    amount = amount_of(value.rstrip("% ") if isinstance(value, str) else value)
    if amount is None:
        return None
    is_share = scale == "1" or (scale == "auto" and 0 < amount < 1)
    return float(min(max(amount if is_share else amount / 100, Decimal(0)), Decimal(1)))
