"""lipsync.studio: a talking picture of one or two people, or a new voice for a video.

Source: lipsync.studio/api-platform. Its parameter table of ``lipsync-image-multi`` was not found, so the field names of
that form are assumptions. They are only in `LipsyncStudio.assumptions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from lipsync_core.providers.base import Provider
from lipsync_core.providers.facts import Assumption, DialogRule, Engine, Fact, Tariff, TariffKind, Timing
from lipsync_core.providers.forms import EngineForm, Files, Limit
from lipsync_core.providers.order import Order
from lipsync_core.providers.reading import at, id_of, link_in, text_of
from lipsync_core.providers.wire import AskAgain, PollAnswer, PollState, Request, Response

_PAGE = "lipsync.studio, API platform"
_SEEDS = (-1, 2**31 - 1)
_RESOLUTION = {"resolution": ("480p", "720p")}
_LONGEST = Limit(600, "WaveSpeed's page of InfiniteTalk, which is probably the engine", assumed=True)
_TAKES = {
    "audio": Files((".mp3", ".wav"), f"{_PAGE}, lipsync-video: “MP3, WAV, etc.”"),
    "video": Files((".mp4", ".mov"), f"{_PAGE}, lipsync-video: “MP4, MOV, etc.”"),
}
_SIBLINGS_SOUND = {"audio": replace(_TAKES["audio"], assumed=True)}
_TIMING = Timing(
    rtf={"480p": (20.0, 30.0), "720p": (20.0, 30.0)},
    overhead_s=5.0,
    source="assumed: lipsync.studio states no speed; WaveSpeed says 10 to 30 s of work per second for a similar model",
    assumed=True,
)
_TARIFF = Tariff(
    TariffKind.PER_SECOND,
    source="https://lipsync.studio/api-platform, Pricing",
    read_on=date(2026, 11, 21),
    minimum_units=5,
    credits=MappingProxyType({"480p": 2, "720p": 4}),
    open_question="no speaking order is chosen, and lipsync.studio does not state its default",
    unknown="Set the credit price of lipsync.studio on Providers to see dollars.",
)
_NO_JOB = "00000000-0000-0000-0000-000000000000"
_ENDPOINTS = {
    "lipsync-studio/lipsync-image": "/lipsync-image",
    "lipsync-studio/lipsync-image-multi": "/lipsync-image-multi",
    "lipsync-studio/lipsync-video": "/lipsync-video",
}
_DIALOG = "lipsync-studio/lipsync-image-multi"
_IDS = ("id", "requestId", "jobId")
"""The samples say ``id``, the prose ``requestId``; one known client also reads ``jobId``."""


class LipsyncStudio(Provider):
    """lipsync.studio's words."""

    id = "lipsync-studio"
    title = "lipsync.studio"
    base_url = "https://lipsync.studio/api/v1"
    sandbox_keys = MappingProxyType({"LIPSYNC_STUDIO_API_KEY": "sk_sandbox_0000"})
    states = MappingProxyType(
        {"processing": PollState.RUNNING, "completed": PollState.SUCCEEDED, "failed": PollState.FAILED}
    )
    assumptions = MappingProxyType(
        {
            "image": Assumption("image", "the single speaker's field", "LIPSYNC_STUDIO_DIALOG_IMAGE_FIELD"),
            "left_audio": Assumption("left_audio", "named in the price notes", "LIPSYNC_STUDIO_LEFT_AUDIO_FIELD"),
            "right_audio": Assumption("right_audio", "named in the price notes", "LIPSYNC_STUDIO_RIGHT_AUDIO_FIELD"),
            "order": Assumption("order", "named in the price notes", "LIPSYNC_STUDIO_ORDER_FIELD"),
            "left_right": Assumption("left_right", "WaveSpeed's word", "LIPSYNC_STUDIO_LEFT_RIGHT_WORD"),
            "right_left": Assumption("right_left", "WaveSpeed's word", "LIPSYNC_STUDIO_RIGHT_LEFT_WORD"),
        }
    )
    engines = (
        Engine(
            form=EngineForm(
                engine="lipsync-studio/lipsync-image",
                title="lipsync.studio image",
                scene="portrait",
                required=("image", "audio"),
                optional=("resolution", "seed"),
                choices=MappingProxyType(_RESOLUTION),
                defaults=MappingProxyType({"resolution": "480p"}),
                longest_s=_LONGEST,
                files=MappingProxyType(_SIBLINGS_SOUND),
                seeds=_SEEDS,
            ),
            purpose="A portrait that speaks.",
            timing=_TIMING,
            tariff=_TARIFF,
        ),
        Engine(
            form=EngineForm(
                engine=_DIALOG,
                title="lipsync.studio dialog",
                scene="dialog",
                required=("image", "left_audio", "right_audio"),
                optional=("order", "resolution", "seed"),
                choices=MappingProxyType(_RESOLUTION | {"order": ("meanwhile", "left_right", "right_left")}),
                defaults=MappingProxyType({"resolution": "480p", "order": "meanwhile"}),
                longest_s=_LONGEST,
                files=MappingProxyType(_SIBLINGS_SOUND),
                seeds=_SEEDS,
            ),
            purpose="Two people in one picture, at once or one after the other.",
            timing=_TIMING,
            tariff=replace(_TARIFF, dialog=DialogRule.BY_ORDER),
        ),
        Engine(
            form=EngineForm(
                engine="lipsync-studio/lipsync-video",
                title="lipsync.studio video",
                scene="redub",
                required=("video", "audio"),
                optional=("resolution", "mask_image", "prompt", "seed"),
                choices=MappingProxyType(_RESOLUTION),
                defaults=MappingProxyType({"resolution": "480p"}),
                longest_s=_LONGEST,
                files=MappingProxyType(_TAKES),
                seeds=_SEEDS,
            ),
            purpose="A new voice for a video.",
            timing=_TIMING,
            tariff=replace(_TARIFF, extends_video=True),
        ),
    )
    keeps_output_h = Fact(None, f"{_PAGE} does not say")
    keeps_records_days = Fact(None, f"{_PAGE} does not say")
    failed_is_free = Fact(None, f"{_PAGE} promises no refund")
    poll_every_s = Fact(5.0, f"{_PAGE}: every 5 to 10 seconds")
    webhooks = True
    ask = "Look in your lipsync.studio account for {clip} at about {time}."
    check_asks_for_no_job = True

    def submit(self, order: Order) -> Request:
        """Build the POST of an order without errors."""
        names = next(form.fields for form in self.forms if form.engine == order.engine)
        values = {name: getattr(order, name) for name in names}
        # No page says that −1 means random; leaving the seed out surely does.
        state = {name: value for name, value in values.items() if value not in (None, "", -1)}
        if order.engine == _DIALOG:
            if "order" in state:
                state["order"] = self.assumed.get(state["order"], state["order"])
            state = {self.assumed.get(name, name): value for name, value in state.items()}
        webhook = {"webhook": order.webhook} if order.webhook else {}
        return Request("POST", _ENDPOINTS[order.engine], json=webhook | {"formState": state})

    def poll(self, ids: Sequence[str]) -> tuple[Request, ...]:
        """Build one GET for each job."""
        return tuple(Request("GET", f"/jobs/{quote(job_id, safe='')}", about=(job_id,)) for job_id in ids)

    def check(self) -> Request:
        """Ask for a job that does not exist: the only free request that is documented."""
        return Request("GET", f"/jobs/{_NO_JOB}")

    def _submitted_id(self, response: Response, content: Any) -> str | None:
        return _job_id(content)

    def _documents_busy(self, content: Any) -> bool:
        """Recognise its errors, which are one text in ``error``; a gateway's error would have another name."""
        return text_of(at(content, "error")) is not None

    def _polled(self, request: Request, response: Response, content: Any) -> PollAnswer | AskAgain:
        (asked,) = request.about
        if not isinstance(content, dict) or _job_id(content) not in (asked, None):
            return AskAgain("lipsync.studio answered about something else.")
        return PollAnswer(
            {
                asked: self.poll_of(
                    content.get("status"),
                    output_url=link_in(content.get("output")),
                    error=text_of(content.get("error")),
                )
            }
        )


def _job_id(content: Any) -> str | None:
    if not isinstance(content, dict):
        return None
    return next((found for name in _IDS if (found := id_of(content.get(name)))), None)
