"""Parrot: a picture and a voice. An imaginary vendor, the example of docs/adding-a-vendor.md.

Sources: its imaginary pages API, Pricing and Limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from lipsync_core.providers.base import Provider
from lipsync_core.providers.facts import Engine, Fact, Tariff, TariffKind, Timing
from lipsync_core.providers.forms import EngineForm, Limit
from lipsync_core.providers.order import Order
from lipsync_core.providers.reading import at, json_of, link_of, text_of, usd_micros_of
from lipsync_core.providers.wire import AskAgain, Balance, PollAnswer, PollState, Request, Response


class Parrot(Provider):
    """Parrot's words."""

    id = "parrot"
    title = "Parrot"
    base_url = "https://api.parrot.example/v1"
    sandbox_keys = MappingProxyType({"PARROT_API_KEY": "sandbox-parrot"})
    states = MappingProxyType(
        {
            "waiting": PollState.QUEUED,
            "working": PollState.RUNNING,
            "done": PollState.SUCCEEDED,
            "failed": PollState.FAILED,
        }
    )
    engines = (
        Engine(
            form=EngineForm(
                engine="parrot/talk",
                title="Parrot Talk",
                scene="portrait",
                required=("image", "audio"),
                longest_s=Limit(300, "Parrot, Limits"),
            ),
            purpose="A portrait that repeats what it hears.",
            timing=Timing({"": (5.0, 15.0)}, 20.0, "assumed: Parrot names none", assumed=True),
            tariff=Tariff(
                TariffKind.PER_SECOND,
                source="Parrot, Pricing",
                read_on=date(2026, 11, 27),
                minimum_units=3,
                credits=MappingProxyType({"": 2}),
                usd_per_credit=Decimal("0.025"),
                whole_units=True,
            ),
        ),
    )
    keeps_output_h = Fact(24.0, "Parrot, Limits")
    keeps_records_days = Fact(None, "Parrot does not say")
    failed_is_free = Fact(True, "Parrot, Pricing: a failed clip costs nothing")
    poll_every_s = Fact(5.0, "Parrot, API")
    ask = "Look in your Parrot account for {clip} at about {time}."

    def submit(self, order: Order) -> Request:
        """The POST of an order without errors."""
        return Request("POST", "/clips", json={"picture": order.image, "voice": order.audio})

    def poll(self, ids: Sequence[str]) -> tuple[Request, ...]:
        """One GET for each job."""
        return tuple(Request("GET", f"/clips/{quote(job_id, safe='')}", about=(job_id,)) for job_id in ids)

    def check(self) -> Request:
        """Ask for the balance."""
        return self.balance()

    def balance(self) -> Request:
        """What the account holds, in dollars. A capability that a vendor does not have is left out."""
        return Request("GET", "/account")

    def read_balance(self, response: Response) -> Balance | AskAgain:
        """The account's balance in micro-dollars."""
        content = json_of(response.body)
        usd_micros = usd_micros_of(at(content, "usd"))
        if (problem := self.trouble(response, content)) or usd_micros is not None:
            return problem or Balance(usd_micros=usd_micros)
        return AskAgain("Parrot sent no balance.")

    def _polled(self, request: Request, response: Response, content: Any) -> PollAnswer | AskAgain:
        (asked,) = request.about
        if at(content, "id") != asked:
            return AskAgain("Parrot answered about something else.")
        link, error = link_of(at(content, "video")), text_of(at(content, "error"))
        return PollAnswer({asked: self.poll_of(at(content, "status"), output_url=link, error=error)})
