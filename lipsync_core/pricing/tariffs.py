"""The tariffs: what each vendor says that its engines cost, where it says so, and what it leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

PAGES_READ = date(2026, 11, 21)
"""The day on which the vendors' pages were read."""
TEXT_BLOCK_BYTES = 15
"""PixVerse, Model pricing: a text is billed by started blocks of this many UTF-8 bytes."""


class Kind(StrEnum):
    """How a tariff counts."""

    PER_BLOCK = "per block"  # started blocks of several seconds
    PER_SECOND = "per second with a minimum"
    OWN_RATE = "own rate"  # nothing, until the team or the vendor's live list says a rate
    FREE = "free"


class DialogRule(StrEnum):
    """How the lengths of two voices give the billed length."""

    UNDOCUMENTED = "undocumented"  # their sum, or the longer one
    BY_ORDER = "by order"  # the longer one where they speak at once, else their sum


@dataclass(frozen=True, slots=True)
class Tariff:
    """What one engine costs, as far as its vendor says."""

    engine: str
    """``provider/model``."""
    vendor: str
    """The vendor's name for people."""
    kind: Kind
    source: str
    """Where the vendor says it."""
    read_on: date = PAGES_READ
    unit_s: int = 1
    """Seconds in a billed unit."""
    minimum_units: int = 0
    """The least that is billed, in units; 0 where the vendor states nothing."""
    credits: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Credits for a unit, by resolution; ``""`` stands for any. Empty where the vendor bills in dollars."""
    usd_per_credit: Decimal | None = None
    credits_per_usd: int | None = None
    """Where the vendor bills in dollars and counts them in credits as well."""
    plans: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    """Dollars for a credit under each of the vendor's plans."""
    whole_units: bool = False
    """Whether the vendor says that a started unit costs a whole one. Where it does not, that is assumed."""
    assumed: str = ""
    """Why the figures are assumed to hold for this engine, in words that follow “Price assumed:”."""
    dialog: DialogRule | None = None
    """None where there is one voice."""
    open_question: str = ""
    """What is not known of a dialog's length."""
    extends_video: bool = False
    """Whether a voice that outlasts its video makes the video longer; that its whole length is billed is assumed."""
    speaks: bool = False
    """Whether the engine speaks a text."""
    text_bytes_per_s: int | None = None
    """How many bytes of text may be billed like a second of sound."""
    unknown: str = ""
    """What to do where no price in dollars is known."""

    @property
    def settable(self) -> tuple[str, ...]:
        """The fields of an `Override` that mean something here."""
        match self.kind:
            case Kind.FREE:
                return ()
            case Kind.OWN_RATE:
                return ("usd_per_second", "usd_per_15_bytes")
            case _:
                return ("usd_per_credit", *(("plan",) if self.plans else ()), "credits_per_unit")


def _draft(scene: str) -> Tariff:
    return Tariff(f"draft/{scene}", "This computer", Kind.FREE, source="made on this computer")


def _joypix(model: str, *, assumed: str = "", dialog: DialogRule | None = None) -> Tariff:
    return Tariff(
        f"joypix/{model}",
        "JoyPix",
        Kind.PER_BLOCK,
        source="JoyPix, Motion-2-Dialog API, Pricing",
        unit_s=5,
        minimum_units=1,
        credits=MappingProxyType({"480p": 15, "720p": 30}),
        usd_per_credit=Decimal("0.01"),
        assumed=assumed,
        dialog=dialog,
        open_question="JoyPix does not say whether it bills two voices as one after the other or as both at once",
    )


def _lipsync_studio(model: str, *, dialog: DialogRule | None = None, extends_video: bool = False) -> Tariff:
    return Tariff(
        f"lipsync-studio/{model}",
        "lipsync.studio",
        Kind.PER_SECOND,
        source="https://lipsync.studio/api-platform, Pricing",
        minimum_units=5,
        credits=MappingProxyType({"480p": 2, "720p": 4}),
        dialog=dialog,
        open_question="no speaking order is chosen, and lipsync.studio does not say which one it then takes",
        extends_video=extends_video,
        unknown="We have no dollar rate for lipsync.studio’s credits. "
        "Enter what your pack cost on Providers and this becomes a price.",
    )


TARIFFS: Mapping[str, Tariff] = MappingProxyType(
    {
        tariff.engine: tariff
        for tariff in (
            _draft("portrait"),
            _draft("dialog"),
            _draft("redub"),
            _joypix("motion-2", assumed="taken from its two-speaker page"),
            _joypix("motion-2-dialog", dialog=DialogRule.UNDOCUMENTED),
            _lipsync_studio("lipsync-image"),
            _lipsync_studio("lipsync-image-multi", dialog=DialogRule.BY_ORDER),
            _lipsync_studio("lipsync-video", extends_video=True),
            Tariff(
                "aimlapi/pixverse-lip-sync",
                "AI/ML API",
                Kind.OWN_RATE,
                source="https://docs.platform.pixverse.ai/model-pricing-796039m0, for what is counted",
                credits_per_usd=2_000_000,
                assumed="counted as by PixVerse, whose model it is",
                speaks=True,
                text_bytes_per_s=TEXT_BLOCK_BYTES,
                unknown="We have no rate for this model of AI/ML API. "
                "Fetch it or enter it on Providers and this becomes a price.",
            ),
            Tariff(
                "creatify/lipsync",
                "Creatify",
                Kind.PER_BLOCK,
                source="Creatify, API reference, lipsyncs, and https://docs.creatify.ai/billing.md",
                unit_s=30,
                minimum_units=1,
                credits=MappingProxyType({"": 5}),
                plans=MappingProxyType({"starter": Decimal("0.198"), "pro": Decimal("0.1495")}),
                whole_units=True,
                speaks=True,
                unknown="We do not know your Creatify plan. Choose it on Providers and this becomes a price.",
            ),
        )
    }
)
"""Every tariff by its engine."""
