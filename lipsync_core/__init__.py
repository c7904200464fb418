"""Lip-Sync Studio's core: useful without a server and without Streamlit.

    from lipsync_core import Brief, Studio

The public names are loaded on first use, so that a worker process starts without the ledger's libraries.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lipsync_core.accounts.checks import VendorState
    from lipsync_core.accounts.presenters import Presenter, PresenterPage
    from lipsync_core.brief import (
        FIELDS,
        MAX_NAME,
        MAX_SEED,
        MEDIUM_KINDS,
        VOICE_FIELDS,
        Brief,
        BriefField,
        FieldRole,
        KeptMedium,
        MouthBox,
        fields_of,
    )
    from lipsync_core.config import ROOT
    from lipsync_core.config.settings import Settings
    from lipsync_core.desk.desk import Desk
    from lipsync_core.desk.press import HOLD_S
    from lipsync_core.door.talk import Stage, Tongue
    from lipsync_core.errors import (
        BriefChangedError,
        BriefError,
        FetchError,
        LibraryError,
        MediaError,
        NotAllowedError,
        RenderError,
        SettingsError,
        StudioError,
        UnknownJobError,
        VendorError,
        VendorIdTakenError,
        WorkerError,
    )
    from lipsync_core.estimates import (
        COLUMNS,
        ENCODINGS,
        Batch,
        Guess,
        LengthError,
        Plan,
        RowPrice,
        Sheet,
        SheetError,
        Total,
        Wish,
        file_key,
        is_link,
        length_text,
        plan_csv,
        read_sheet,
        seconds_of,
        sheet_of,
        template,
    )
    from lipsync_core.estimates.clip import Estimate, times, until_ready_s
    from lipsync_core.job import AWAITS_PERSON, PENDING, STATES, UNCHOSEN_ENDS, WITHDRAWABLE, Job, JobEvent, JobState
    from lipsync_core.ledger.caps import PRESS, TEAM, Cap, month_name
    from lipsync_core.ledger.job_cost import cost_above
    from lipsync_core.ledger.jobs import Filter
    from lipsync_core.ledger.open_briefs import OpenBatch, OpenBrief, new_brief_id
    from lipsync_core.ledger.spending import Dearer, Grouping, Line, Month, Sums, VendorMonth
    from lipsync_core.ledger.vendor_status import balance_text
    from lipsync_core.media.cleanup import Going
    from lipsync_core.media.erase import Root, Traces
    from lipsync_core.media.library import Item, ItemKind
    from lipsync_core.media.origin import Came
    from lipsync_core.medium import Kind, MediumFacts, MouthGuess, box_around
    from lipsync_core.people.audit import Entry
    from lipsync_core.people.rights import Person
    from lipsync_core.people.roles import Action, Role
    from lipsync_core.people.visits import act_for
    from lipsync_core.plain_text import one_line
    from lipsync_core.pricing import TARIFFS, Override, Rates, Step, Tariff, Waste
    from lipsync_core.pricing.catalogue import ENGINES, SCENES
    from lipsync_core.pricing.press_questions import PressFacts, Question, QuestionKind, press_questions
    from lipsync_core.pricing.reserve import MOST_CEILING_USD_MICROS
    from lipsync_core.pricing.silent_voice import unheard_words
    from lipsync_core.providers.facts import Engine
    from lipsync_core.providers.forms import EngineForm
    from lipsync_core.providers.registry import PROVIDERS
    from lipsync_core.providers.wire import Balance, KeyCheck, Verdict
    from lipsync_core.quote import (
        Issue,
        IssueKind,
        PriceRoseError,
        Qualifier,
        Quote,
        credits_text,
        has_risen,
        price_text,
        priced,
    )
    from lipsync_core.samples import PORTRAITS, VOICES, Sample
    from lipsync_core.server.doors import PageServer
    from lipsync_core.studio import Studio
    from lipsync_core.tracker.notices import NOTICE_EXAMPLE
    from lipsync_core.tracker.pace import Pace

_HOMES = {
    "media.origin": ("Came",),
    "people.audit": ("Entry",),
    "estimates": (
        "COLUMNS",
        "ENCODINGS",
        "Batch",
        "Guess",
        "LengthError",
        "Plan",
        "RowPrice",
        "Sheet",
        "SheetError",
        "Total",
        "Wish",
        "file_key",
        "is_link",
        "length_text",
        "plan_csv",
        "read_sheet",
        "seconds_of",
        "sheet_of",
        "template",
    ),
    "brief": (
        "FIELDS",
        "MAX_NAME",
        "MAX_SEED",
        "MEDIUM_KINDS",
        "VOICE_FIELDS",
        "Brief",
        "BriefField",
        "FieldRole",
        "KeptMedium",
        "MouthBox",
        "fields_of",
    ),
    "ledger.open_briefs": ("OpenBatch", "OpenBrief", "new_brief_id"),
    "ledger.caps": ("PRESS", "TEAM", "Cap", "month_name"),
    "media.cleanup": ("Going",),
    "ledger.job_cost": ("cost_above",),
    "pricing.catalogue": ("ENGINES", "SCENES"),
    "media.erase": ("Root", "Traces"),
    "errors": (
        "BriefChangedError",
        "BriefError",
        "FetchError",
        "LibraryError",
        "MediaError",
        "NotAllowedError",
        "RenderError",
        "SettingsError",
        "StudioError",
        "UnknownJobError",
        "VendorError",
        "VendorIdTakenError",
        "WorkerError",
    ),
    "estimates.clip": ("Estimate", "times", "until_ready_s"),
    "pricing.silent_voice": ("unheard_words",),
    "job": ("AWAITS_PERSON", "PENDING", "STATES", "UNCHOSEN_ENDS", "WITHDRAWABLE", "Job", "JobEvent", "JobState"),
    "ledger.jobs": ("Filter",),
    "media.library": ("Item", "ItemKind"),
    "medium": ("Kind", "MediumFacts", "MouthGuess", "box_around"),
    "tracker.notices": ("NOTICE_EXAMPLE",),
    "tracker.pace": ("Pace",),
    "pricing.press_questions": ("PressFacts", "Question", "QuestionKind", "press_questions"),
    "pricing.reserve": ("MOST_CEILING_USD_MICROS",),
    "people.rights": ("Person",),
    "plain_text": ("one_line",),
    "accounts.presenters": ("Presenter", "PresenterPage"),
    "quote": (
        "Issue",
        "IssueKind",
        "PriceRoseError",
        "Qualifier",
        "Quote",
        "credits_text",
        "has_risen",
        "price_text",
        "priced",
    ),
    "providers.facts": ("Engine",),
    "providers.registry": ("PROVIDERS",),
    "providers.forms": ("EngineForm",),
    "providers.wire": ("Balance", "KeyCheck", "Verdict"),
    "people.roles": ("Action", "Role"),
    "samples": ("PORTRAITS", "VOICES", "Sample"),
    "config": ("ROOT",),
    "config.settings": ("Settings",),
    "ledger.spending": ("Dearer", "Grouping", "Line", "Month", "Sums", "VendorMonth"),
    "ledger.vendor_status": ("balance_text",),
    "desk.desk": ("Desk",),
    "desk.press": ("HOLD_S",),
    "door.talk": ("Stage", "Tongue"),
    "server.doors": ("PageServer",),
    "studio": ("Studio",),
    "pricing": ("TARIFFS", "Override", "Rates", "Step", "Tariff", "Waste"),
    "accounts.checks": ("VendorState",),
    "people.visits": ("act_for",),
}

__all__ = [
    "AWAITS_PERSON",
    "COLUMNS",
    "ENCODINGS",
    "ENGINES",
    "FIELDS",
    "HOLD_S",
    "MAX_NAME",
    "MAX_SEED",
    "MEDIUM_KINDS",
    "MOST_CEILING_USD_MICROS",
    "NOTICE_EXAMPLE",
    "PENDING",
    "PORTRAITS",
    "PRESS",
    "PROVIDERS",
    "ROOT",
    "SCENES",
    "STATES",
    "TARIFFS",
    "TEAM",
    "UNCHOSEN_ENDS",
    "VOICES",
    "VOICE_FIELDS",
    "WITHDRAWABLE",
    "Action",
    "Balance",
    "Batch",
    "Brief",
    "BriefChangedError",
    "BriefError",
    "BriefField",
    "Came",
    "Cap",
    "Dearer",
    "Desk",
    "Engine",
    "EngineForm",
    "Entry",
    "Estimate",
    "FetchError",
    "FieldRole",
    "Filter",
    "Going",
    "Grouping",
    "Guess",
    "Issue",
    "IssueKind",
    "Item",
    "ItemKind",
    "Job",
    "JobEvent",
    "JobState",
    "KeptMedium",
    "KeyCheck",
    "Kind",
    "LengthError",
    "LibraryError",
    "Line",
    "MediaError",
    "MediumFacts",
    "Month",
    "MouthBox",
    "MouthGuess",
    "NotAllowedError",
    "OpenBatch",
    "OpenBrief",
    "Override",
    "Pace",
    "PageServer",
    "Person",
    "Plan",
    "Presenter",
    "PresenterPage",
    "PressFacts",
    "PriceRoseError",
    "Qualifier",
    "Question",
    "QuestionKind",
    "Quote",
    "Rates",
    "RenderError",
    "Role",
    "Root",
    "RowPrice",
    "Sample",
    "Settings",
    "SettingsError",
    "Sheet",
    "SheetError",
    "Stage",
    "Step",
    "Studio",
    "StudioError",
    "Sums",
    "Tariff",
    "Tongue",
    "Total",
    "Traces",
    "UnknownJobError",
    "VendorError",
    "VendorIdTakenError",
    "VendorMonth",
    "VendorState",
    "Verdict",
    "Waste",
    "Wish",
    "WorkerError",
    "act_for",
    "balance_text",
    "box_around",
    "cost_above",
    "credits_text",
    "fields_of",
    "file_key",
    "has_risen",
    "is_link",
    "length_text",
    "month_name",
    "new_brief_id",
    "one_line",
    "plan_csv",
    "press_questions",
    "price_text",
    "priced",
    "read_sheet",
    "seconds_of",
    "sheet_of",
    "template",
    "times",
    "unheard_words",
    "until_ready_s",
]


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
