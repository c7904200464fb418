"""The catalogue: the engines and tariffs that each vendor's file declares, and the draft engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from lipsync_core.providers.facts import DRAFT, DialogRule, Engine, Tariff, TariffKind, Timing
from lipsync_core.providers.forms import EngineForm, Limit
from lipsync_core.providers.registry import PROVIDERS

_HERE = "This computer"
_FREE = Tariff(TariffKind.FREE, source="made on this computer", read_on=date(2026, 11, 21))
_SPOKEN = Limit(8_000, "about ten minutes of speech")
_DRAFTS = (
    Engine(
        form=EngineForm(
            engine="draft/portrait",
            title="Draft engine",
            scene="portrait",
            required=("image",),
            optional=("pace", "pitch", "resolution", "seed"),
            voices=(("audio",), ("text", "speaker")),
            choices=MappingProxyType({"resolution": ("480p", "720p")}),
            defaults=MappingProxyType({"resolution": "480p"}),
            limits=MappingProxyType({"text": _SPOKEN}),
            seeds=(-1, 2**31 - 1),
        ),
        purpose="Free preview for timing and framing. Not for publishing.",
        timing=Timing(
            rtf={"480p": (0.1, 0.3), "720p": (0.25, 0.5)},
            overhead_s=1.5,
            source="twice what tests/bench/bench_draft.py measured on two cores",
        ),
        tariff=replace(_FREE, speaks=True),
    ),
    Engine(
        form=EngineForm(
            engine="draft/dialog",
            title="Draft dialog",
            scene="dialog",
            required=("image",),
            optional=("order", "pace", "pitch", "resolution", "seed"),
            voices=(
                ("left_audio", "right_audio"),
                ("left_text", "left_speaker", "right_text", "right_speaker"),
            ),
            choices=MappingProxyType(
                {"resolution": ("480p", "720p"), "order": ("left_right", "right_left", "meanwhile")}
            ),
            defaults=MappingProxyType({"resolution": "480p", "order": "left_right"}),
            limits=MappingProxyType(dict.fromkeys(("left_text", "right_text"), _SPOKEN)),
            seeds=(-1, 2**31 - 1),
        ),
        purpose="Free preview for timing and framing. Not for publishing.",
        timing=Timing(
            rtf={"480p": (0.25, 0.5), "720p": (0.4, 0.8)},
            overhead_s=2.0,
            source="twice what tests/bench/bench_draft.py measured on two cores",
        ),
        tariff=replace(_FREE, speaks=True, dialog=DialogRule.BY_ORDER),
    ),
    Engine(
        form=EngineForm(
            engine="draft/redub",
            title="Draft re-dub",
            scene="redub",
            required=("video", "audio"),
            optional=("mask_image",),
        ),
        purpose="Free preview for timing and framing. Not for publishing.",
        timing=Timing(
            rtf={"": (0.7, 1.5)},
            overhead_s=2.0,
            source="twice what tests/bench/bench_redub.py measured on two cores",
        ),
        tariff=replace(_FREE, extends_video=True),
    ),
)


def _named(engine: Engine, vendor: str) -> Engine:
    """Return the engine with its vendor's name filled in, and its tariff with both names."""
    tariff = engine.tariff and replace(engine.tariff, engine=engine.id, vendor=vendor)
    return replace(engine, vendor=vendor, tariff=tariff)


ENGINES: Mapping[str, Engine] = MappingProxyType(
    {
        engine.id: _named(engine, vendor)
        for vendor, engines in ((_HERE, _DRAFTS), *((found.title, found.engines) for found in PROVIDERS.values()))
        for engine in engines
    }
)
"""Every engine by its id."""

TARIFFS: Mapping[str, Tariff] = MappingProxyType(
    {engine.id: engine.tariff for engine in ENGINES.values() if engine.tariff is not None}
)
"""Every tariff by its engine."""

SCENES: Mapping[str, str] = MappingProxyType(
    {
        "portrait": "One person",
        "dialog": "Two people",
        "redub": "New voice for a video",
        "presenter": "Stock presenter",
    }
)
"""Every scene with its title."""

__all__ = ["DRAFT", "ENGINES", "SCENES", "TARIFFS", "Engine"]
