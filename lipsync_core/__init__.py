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
    from lipsync_core.engines import ENGINES, Engine
    from lipsync_core.errors import (
        BriefError,
        FetchError,
        MediaError,
        RenderError,
        SettingsError,
        StudioError,
        UnknownJobError,
        WorkerError,
    )
    from lipsync_core.job import PENDING, Job, JobEvent, JobState
    from lipsync_core.ledger import Filter
    from lipsync_core.media import Kind, MediumFacts, MouthGuess, box_around
    from lipsync_core.pricing import Qualifier, Quote, price_text
    from lipsync_core.samples import PORTRAITS, VOICES, Sample
    from lipsync_core.settings import ROOT, Settings
    from lipsync_core.studio import Studio

_HOMES = {
    "brief": ("MAX_NAME", "MAX_SEED", "Brief", "KeptMedium", "MouthBox"),
    "briefs": ("OpenBrief", "new_brief_id"),
    "engines": ("ENGINES", "Engine"),
    "errors": (
        "BriefError",
        "FetchError",
        "MediaError",
        "RenderError",
        "SettingsError",
        "StudioError",
        "UnknownJobError",
        "WorkerError",
    ),
    "job": ("PENDING", "Job", "JobEvent", "JobState"),
    "ledger": ("Filter",),
    "media": ("Kind", "MediumFacts", "MouthGuess", "box_around"),
    "pricing": ("Qualifier", "Quote", "price_text"),
    "samples": ("PORTRAITS", "VOICES", "Sample"),
    "settings": ("ROOT", "Settings"),
    "studio": ("Studio",),
}

__all__ = [
    "ENGINES",
    "MAX_NAME",
    "MAX_SEED",
    "PENDING",
    "PORTRAITS",
    "ROOT",
    "VOICES",
    "Brief",
    "BriefError",
    "Engine",
    "FetchError",
    "Filter",
    "Job",
    "JobEvent",
    "JobState",
    "KeptMedium",
    "Kind",
    "MediaError",
    "MediumFacts",
    "MouthBox",
    "MouthGuess",
    "OpenBrief",
    "Qualifier",
    "Quote",
    "RenderError",
    "Sample",
    "Settings",
    "SettingsError",
    "Studio",
    "StudioError",
    "UnknownJobError",
    "WorkerError",
    "box_around",
    "new_brief_id",
    "price_text",
]


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
