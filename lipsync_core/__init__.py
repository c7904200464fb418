"""Lip-Sync Studio's core: useful without a server and without Streamlit.

    from lipsync_core import Brief, Studio

The public names are loaded on first use, so that a worker process starts without the ledger's libraries.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lipsync_core.brief import MAX_NAME, MAX_SEED, Brief, KeptMedium, MouthBox
    from lipsync_core.briefs import OpenBrief, new_brief_id
    from lipsync_core.engines import ENGINES, SCENES, Engine
    from lipsync_core.errors import (
        BriefError,
        FetchError,
        MediaError,
        RenderError,
        SettingsError,
        StudioError,
        UnknownJobError,
        VendorError,
        VendorIdTakenError,
        WorkerError,
    )
    from lipsync_core.job import PENDING, WITHDRAWABLE, Job, JobEvent, JobState
    from lipsync_core.ledger import Filter
    from lipsync_core.media import Kind, MediumFacts, MouthGuess, box_around
    from lipsync_core.pace import Pace
    from lipsync_core.pricing import PriceRoseError, Qualifier, Quote, price_text, priced
    from lipsync_core.providers import PROVIDERS
    from lipsync_core.providers.limits import EngineForm
    from lipsync_core.providers.wire import Balance, KeyCheck, Verdict
    from lipsync_core.samples import PORTRAITS, VOICES, Sample
    from lipsync_core.settings import ROOT, Settings
    from lipsync_core.studio import HOLD_S, Studio
    from lipsync_core.vendors import VendorState

_HOMES = {
    "brief": ("MAX_NAME", "MAX_SEED", "Brief", "KeptMedium", "MouthBox"),
    "briefs": ("OpenBrief", "new_brief_id"),
    "engines": ("ENGINES", "SCENES", "Engine"),
    "errors": (
        "BriefError",
        "FetchError",
        "MediaError",
        "RenderError",
        "SettingsError",
        "StudioError",
        "UnknownJobError",
        "VendorError",
        "VendorIdTakenError",
        "WorkerError",
    ),
    "job": ("PENDING", "WITHDRAWABLE", "Job", "JobEvent", "JobState"),
    "ledger": ("Filter",),
    "media": ("Kind", "MediumFacts", "MouthGuess", "box_around"),
    "pace": ("Pace",),
    "pricing": ("PriceRoseError", "Qualifier", "Quote", "price_text", "priced"),
    "providers": ("PROVIDERS",),
    "providers.limits": ("EngineForm",),
    "providers.wire": ("Balance", "KeyCheck", "Verdict"),
    "samples": ("PORTRAITS", "VOICES", "Sample"),
    "settings": ("ROOT", "Settings"),
    "studio": ("HOLD_S", "Studio"),
    "vendors": ("VendorState",),
}

__all__ = [
    "ENGINES",
    "HOLD_S",
    "MAX_NAME",
    "MAX_SEED",
    "PENDING",
    "PORTRAITS",
    "PROVIDERS",
    "ROOT",
    "SCENES",
    "VOICES",
    "WITHDRAWABLE",
    "Balance",
    "Brief",
    "BriefError",
    "Engine",
    "EngineForm",
    "FetchError",
    "Filter",
    "Job",
    "JobEvent",
    "JobState",
    "KeptMedium",
    "KeyCheck",
    "Kind",
    "MediaError",
    "MediumFacts",
    "MouthBox",
    "MouthGuess",
    "OpenBrief",
    "Pace",
    "PriceRoseError",
    "Qualifier",
    "Quote",
    "RenderError",
    "Sample",
    "Settings",
    "SettingsError",
    "Studio",
    "StudioError",
    "UnknownJobError",
    "VendorError",
    "VendorIdTakenError",
    "VendorState",
    "Verdict",
    "WorkerError",
    "box_around",
    "new_brief_id",
    "price_text",
    "priced",
]


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
