"""What a vendor's file states about its engines: promises, prices and speed, with sources and marked assumptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, TypeVar

from lipsync_core.providers.forms import EngineForm

T = TypeVar("T")

DRAFT = "draft"
"""The provider id of engines that run on this computer."""


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """A promise of a vendor, or an assumption about it, with its source."""

    value: T
    source: str
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Assumption:
    """A name or value on the wire that the vendor does not document, and that can be corrected without code."""

    value: str
    why: str
    variable: str
    """The environment variable that overrides it."""
    choices: tuple[str, ...] = ()
    """The allowed values; empty where the vendor may use any word."""


NO_ASSUMPTIONS: Mapping[str, Assumption] = MappingProxyType({})
MOST_AT_ONCE = Fact(4, "no vendor publishes how many requests it takes at once", assumed=True)


@dataclass(frozen=True, slots=True)
class Timing:
    """An engine's speed, as the vendor states it.

    ``rtf`` maps a resolution (empty: any) to (typical, slow) seconds of work per second of video; ``overhead_s`` is
    added to every render; ``source`` says where the figures come from.
    """

    rtf: Mapping[str, tuple[float, float]]
    overhead_s: float
    source: str
    assumed: bool = False
    """True where the vendor itself says nothing."""

    def expected_s(self, duration_s: float, resolution: str) -> tuple[float, float]:
        """Return the seconds until a clip of ``duration_s`` is ready: the median and the 90th percentile."""
        typical, slow = self.rtf[resolution if resolution in self.rtf else next(iter(self.rtf))]
        return self.overhead_s + typical * duration_s, self.overhead_s + slow * duration_s


class TariffKind(StrEnum):
    """How a tariff bills."""

    PER_BLOCK = "per block"  # started blocks of several seconds
    PER_SECOND = "per second with a minimum"
    OWN_RATE = "own rate"  # no price until the team or the vendor's live list gives a rate
    FREE = "free"


class DialogRule(StrEnum):
    """How the billed length follows from the lengths of two voices."""

    UNDOCUMENTED = "undocumented"  # their sum, or the longer one
    BY_ORDER = "by order"  # the longer one if they speak at once, otherwise their sum


@dataclass(frozen=True, slots=True)
class Tariff:
    """What one engine costs, as far as its vendor states it.

    The sandbox bills by its own copy of the same pages: ``charge`` in ``lipsync_core/sandbox/<vendor>.py``. Change a
    price in both. See docs/changing-a-price.md.
    """

    kind: TariffKind
    source: str
    """Where the vendor states the price."""
    read_on: date
    """The day on which the source was read."""
    unit_s: int = 1
    """Seconds in a billed unit."""
    minimum_units: int = 0
    """The least number of units that is billed; 0 where the vendor states none."""
    credits: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Credits for a unit, by resolution; ``""`` means any. Empty where the vendor bills in dollars."""
    usd_per_credit: Decimal | None = None
    credits_per_usd: int | None = None
    """Set where the vendor bills in dollars and also counts them in credits."""
    plans: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    """Dollars per credit under each of the vendor's plans."""
    whole_units: bool = False
    """Whether the vendor says that a started unit costs a whole one. Where it does not say, that is assumed."""
    assumed: str = ""
    """Why the figures are assumed to apply to this engine, as words that follow “Price assumed:”."""
    dialog: DialogRule | None = None
    """None for an engine with one voice."""
    open_question: str = ""
    """What the vendor leaves open about the billed length of a dialog."""
    extends_video: bool = False
    """Whether a voice that outlasts its video makes the video longer; it is assumed that all of it is billed. A video
    that outlasts its voice is then trimmed."""
    speaks: bool = False
    """Whether the engine speaks a text."""
    text_bytes_per_s: int | None = None
    """How many bytes of text may be billed like one second of sound."""
    unknown: str = ""
    """What to do where no price in dollars is known."""
    engine: str = ""
    """``provider/model``; filled in by the catalogue."""
    vendor: str = ""
    """The vendor's display name; filled in by the catalogue."""

    @property
    def settable(self) -> tuple[str, ...]:
        """The fields of an `Override` that apply to this tariff."""
        match self.kind:
            case TariffKind.FREE:
                return ()
            case TariffKind.OWN_RATE:
                return ("usd_per_second", *(("usd_per_15_bytes",) if self.speaks else ()))
            case _:
                return ("usd_per_credit", *(("plan",) if self.plans else ()), "credits_per_unit")


UNTIMED = Timing({"": (15.0, 30.0)}, 5.0, "assumed: this engine's speed is unknown", assumed=True)
"""For an engine whose file states no timing; tests/unit/providers/test_contract.py then fails."""


@dataclass(frozen=True, slots=True)
class Engine:
    """One way to make a clip: what it accepts, its purpose, speed and price."""

    form: EngineForm
    purpose: str = ""
    """One sentence under the engine's name in the form."""
    timing: Timing = UNTIMED
    tariff: Tariff | None = None
    vendor: str = ""
    """The vendor's display name; filled in by the catalogue."""

    @property
    def id(self) -> str:
        """``provider/model``."""
        return self.form.engine

    @property
    def title(self) -> str:
        """Its display name."""
        return self.form.title

    @property
    def scene(self) -> str:
        """The one kind of clip that it makes."""
        return self.form.scene

    @property
    def provider(self) -> str:
        """The vendor's id, or `DRAFT`."""
        return self.id.partition("/")[0]

    @property
    def is_draft(self) -> bool:
        """Whether it runs on this computer: free of charge and repeatable."""
        return self.provider == DRAFT

    @property
    def resolutions(self) -> tuple[str, ...]:
        """The sizes to choose from; empty where there is only one."""
        return self.form.choices.get("resolution", ())
