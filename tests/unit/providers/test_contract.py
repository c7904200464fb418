"""What every vendor must say of itself, in its provider file and in the sandbox; what one lacks is said in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib import import_module
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest

from lipsync_core import ROOT
from lipsync_core.providers import VENDORS, variable_prefix
from lipsync_core.providers.base import Provider
from lipsync_core.providers.facts import UNTIMED, Engine, Fact, Tariff, TariffKind, Timing
from lipsync_core.providers.forms import EngineForm
from lipsync_core.sandbox import VENDORS as PLAYED
from lipsync_core.sandbox.vendor import Vendor

EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
FACTS = (
    *("title", "base_url", "sandbox_keys", "engines", "states", "ask"),
    *("keeps_output_h", "keeps_records_days", "failed_is_free", "poll_every_s"),
)
CAPABILITIES = ("balance", "logs", "price_list", "presenters", "voices")
SCENES = ("portrait", "dialog", "redub", "presenter")


def lacks(vendor: type[Provider], played: type[Vendor] | None, example: str = EXAMPLE) -> list[str]:
    """What this vendor does not say yet; ``played`` is the sandbox's one, ``example`` the text of .env.example."""
    return [f"{vendor.id}: {what}" for what in (*_facts(vendor), *_played(vendor, played), *_ready(vendor, example))]


def _facts(vendor: type[Provider]) -> Iterator[str]:
    yield from (f"no {name}" for name in FACTS if not hasattr(vendor, name))
    yield from (f"no method {name}" for name in sorted(vendor.__abstractmethods__))
    for name in CAPABILITIES:
        if _overrides(vendor, name) and not _overrides(vendor, f"read_{name}"):
            yield f"{name}, but no read_{name}"
    for engine in getattr(vendor, "engines", ()):
        yield from _engine(vendor, engine)


def _engine(vendor: type[Provider], engine: Engine) -> Iterator[str]:
    if engine.provider != vendor.id:
        yield f"{engine.id} does not begin with {vendor.id}/"
    if engine.scene not in SCENES:
        yield f"no scene is called “{engine.scene}”, as {engine.id} says"
    if not engine.purpose:
        yield f"no purpose for {engine.id}"
    if engine.timing is UNTIMED:
        yield f"no timing for {engine.id}"
    tariff = engine.tariff
    if tariff is None:
        yield f"no tariff for {engine.id}"
        return
    if tariff.read_on > datetime.now(UTC).date():
        yield f"the tariff for {engine.id} was read on a day to come"
    if not tariff.source:
        yield f"the tariff for {engine.id} names no page"
    if tariff.kind in (TariffKind.PER_BLOCK, TariffKind.PER_SECOND) and not tariff.credits:
        yield f"the tariff for {engine.id} names no credits"
    if tariff.usd_per_credit is None and not tariff.unknown:
        yield f"the tariff for {engine.id} does not say what to do where no price in dollars is known"


def _played(vendor: type[Provider], played: type[Vendor] | None) -> Iterator[str]:
    if played is None:
        yield "no sandbox"
        return
    yield from (f"no method {name} in the sandbox" for name in sorted(played.__abstractmethods__))
    if played.name != vendor.id:
        yield f"the sandbox calls it {played.name}"
    if hasattr(vendor, "base_url") and played.base_path != urlsplit(vendor.base_url).path:
        yield f"the sandbox has it below “{played.base_path}”, and {vendor.base_url} does not"


def _ready(vendor: type[Provider], example: str) -> Iterator[str]:
    if vendor.__abstractmethods__ or not hasattr(vendor, "sandbox_keys"):
        return
    prefix = variable_prefix(vendor.id)
    for name in vendor().variables:
        if not name.startswith(prefix):
            yield f"{name} does not begin with {prefix}"
        if f"\n# {name}=" not in example:
            yield f"no line for {name} in .env.example"


def _overrides(vendor: type[Provider], name: str) -> bool:
    return getattr(vendor, name) is not getattr(Provider, name)


@pytest.mark.parametrize("module", VENDORS)
def test_no_vendor_lacks_anything(module: str) -> None:
    vendor = getattr(import_module(f"lipsync_core.providers.{module}"), VENDORS[module])
    played = module in PLAYED and getattr(import_module(f"lipsync_core.sandbox.{module}"), PLAYED[module])
    assert vendor.id.replace("-", "_") == module, "its file is not called as it is"
    assert lacks(vendor, played or None) == []


def test_the_sandbox_plays_no_vendor_that_there_is_not() -> None:
    assert list(PLAYED) == list(VENDORS)


TALK = EngineForm(engine="mute/talk", title="Mute Talk", scene="portrait", required=("image", "audio"))


UNASKED: Any = property()
"""Takes the place of methods that nobody calls."""


class Begun(Provider):
    id = "mute"


class Half(Begun):
    title = "Mute"
    base_url = "https://mute.example/v2"
    sandbox_keys = MappingProxyType({"MUTE_API_KEY": "sandbox-mute", "QUIET_ID": "1"})
    states = MappingProxyType({})
    engines = (Engine(TALK),)
    keeps_output_h = keeps_records_days = Fact(None, "")
    failed_is_free = Fact(None, "")
    poll_every_s = Fact(5.0, "")
    ask = "Look."

    submit = poll = check = _polled = balance = UNASKED


class Odd(Half):
    engines = (
        Engine(
            EngineForm(engine="deaf/talk", title="Mute", scene="opera", required=()),
            "To sing.",
            Timing({"": (1.0, 2.0)}, 1.0, "its pages"),
            Tariff(TariffKind.PER_BLOCK, "", date(9999, 1, 1)),
        ),
    )
    balance = Begun.balance


class Played(Vendor):
    name = "mum"
    base_path: ClassVar[str] = "/v1"


def test_what_a_vendor_lacks_is_said_in_words() -> None:
    assert lacks(Begun, None) == [  # type: ignore[type-abstract]  # what is abstract is what it lacks
        *(f"mute: no {name}" for name in FACTS),
        *(f"mute: no method {name}" for name in ("_polled", "check", "poll", "submit")),
        "mute: no sandbox",
    ]
    assert lacks(Half, Played, "\n# MUTE_API_KEY=\n# MUTE_BASE_URL=x\n") == [
        "mute: balance, but no read_balance",
        "mute: no purpose for mute/talk",
        "mute: no timing for mute/talk",
        "mute: no tariff for mute/talk",
        *(f"mute: no method {name} in the sandbox" for name in sorted(Vendor.__abstractmethods__)),
        "mute: the sandbox calls it mum",
        "mute: the sandbox has it below “/v1”, and https://mute.example/v2 does not",
        "mute: QUIET_ID does not begin with MUTE_",
        "mute: no line for QUIET_ID in .env.example",
        "mute: no line for MUTE_PROXY in .env.example",
        "mute: no line for MUTE_MAX_JOBS in .env.example",
    ]
    assert [what for what in lacks(Odd, None) if "deaf/talk" in what] == [
        "mute: deaf/talk does not begin with mute/",
        "mute: no scene is called “opera”, as deaf/talk says",
        "mute: the tariff for deaf/talk was read on a day to come",
        "mute: the tariff for deaf/talk names no page",
        "mute: the tariff for deaf/talk names no credits",
        "mute: the tariff for deaf/talk does not say what to do where no price in dollars is known",
    ]
