"""The file of a team's own rates, as TOML: what it may contain, and how it is read and written.

The ledger keeps the file's body, which is the file without the explanation at its head. Changes touch values only:
people's comments and the order of the lines stay.

[creatify]                        # a provider, or an engine: ["joypix/motion-2"]; an engine's wins over its provider's
plan = "pro"                      # or usd_per_credit = 0.16
set_on = 2026-11-21
by = "mia"
note = "invoice of November"

[lipsync-studio]
usd_per_credit = 0.0833
credits_per_unit = { 480p = 2, 720p = 4 }

[aimlapi]
usd_per_second = 0.05
usd_per_15_bytes = 0.05           # for a text that the vendor speaks
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from itertools import takewhile
from pathlib import Path
from typing import Any, cast
from unicodedata import category

from lipsync_core.errors import SettingsError
from lipsync_core.pricing import TARIFFS, Override, Rates, Tariff

MOST_USD = 1_000
"""The highest accepted price of a credit, a second or a piece of text, in dollars; more is a typing error."""
MOST_CREDITS = 100_000
"""The highest accepted number of credits per unit."""
DECIMALS = 9
LONGEST_TEXT = 500

_MEANS = {
    "usd_per_credit": "dollars for one of the vendor’s credits",
    "plan": "the vendor’s plan, whose published price for a credit counts",
    "credits_per_unit": "credits for what it counts, as 5 or { 480p = 15, 720p = 30 }",
    "usd_per_second": "dollars for a second of sound",
    "usd_per_15_bytes": "dollars for 15 bytes of spoken text",
}
_HEADER = """\
# Your team’s own rates. They win over the vendors’ published prices wherever both speak.
# A table is a provider, as [creatify], or an engine, as ["joypix/motion-2"], which wins over its provider.
"""
_FOOTER = """\
#   set_on, by, note: the day (2026-11-21), who said so, and why
# This file is a copy. The rates in the ledger count, for all servers that share it; the Providers page changes them.
# To change them here, edit this file, leave the next line, and restart the studio. Comments stay.
"""
_STAMP = re.compile(r"# Copy of version (\d+) \(([0-9a-f]{8})\)\.")
_OURS = re.compile(
    r"# (?:Your team’s own rates|A table is a provider|  (?:usd_per_|plan|credits_per_unit|set_on, by, note)"
    r"|The Providers page |This file is a copy\. The rates|To change them here, edit|Copy of version \d)"
)
"""The beginnings of the lines of this explanation, including those in files of earlier versions."""

_ABOUT = ("set_on", "by", "note", "published")
_NOT_IN_LINES = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode categories of control characters, surrogates, and line and paragraph separators."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which version of the ledger's rates a file is a copy of."""

    version: int
    digest: str
    """The beginning of the hash of that version's text, because version numbers repeat across ledgers."""

    @classmethod
    def of(cls, version: int, text: str) -> Stamp:
        """Return the stamp of this version of this ledger."""
        return cls(version, hashlib.sha256(text.encode()).hexdigest()[:8])


def places() -> tuple[str, ...]:
    """Return every provider and engine for which a team may set rates."""
    engines = [tariff.engine for tariff in TARIFFS.values() if tariff.settable]
    return tuple(dict.fromkeys(name for engine in engines for name in (engine.partition("/")[0], engine)))


def settable(place: str) -> tuple[str, ...]:
    """Return the rates that apply to a provider or engine; empty if it is not one of `places`."""
    return next((tariff.settable for tariff in _tariffs(place)), ())


def header(stamp: Stamp) -> str:
    """Return the explanation at the head of the file: what each field means, and for which vendors."""
    lines = []
    for name, means in _MEANS.items():
        takers = {tariff.vendor: _detail(name, tariff) for tariff in TARIFFS.values() if name in tariff.settable}
        lines.append(f"#   {name}: {means} ({', '.join(f'{vendor}{more}' for vendor, more in takers.items())})\n")
    return "".join((_HEADER, *lines, _FOOTER, f"# Copy of version {stamp.version} ({stamp.digest}).\n"))


def _detail(name: str, tariff: Tariff) -> str:
    if name == "plan":
        return f": {' or '.join(map(json.dumps, tariff.plans))}"
    return f" {tariff.unit_s} s" if name == "credits_per_unit" else ""


def read(path: Path) -> str | None:
    """Return the text of the file at ``path``; None if there is no file.

    Raises:
        SettingsError: the file cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"{path.name} cannot be read ({error.strerror}). No price is changed by it.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path.name} is not UTF-8 text. Save it as UTF-8.") from error


def write(path: Path, text: str, stamp: Stamp) -> None:
    """Rewrite the file atomically, with the explanation. Raises `OSError`; the file is then unchanged."""
    _replace(path.resolve(), f"{header(stamp)}\n{text}")


def parse(text: str, name: str) -> Rates:
    """Return the rates in the text of a file or a body; errors refer to it as ``name``.

    Raises:
        SettingsError: the text is invalid; the message names the line or the field.
    """
    try:
        content = tomllib.loads(text, parse_float=Decimal)
    except ValueError as error:
        raise SettingsError(f"{name} is not valid TOML: {error}. Correct that place and try again.") from error
    try:
        return Rates({place: _read(place, table) for place, table in content.items()})
    except SettingsError as error:
        raise SettingsError(f"{name}: {error}") from None


def body(text: str) -> str:
    """Return a file's text without the explanation at its head."""
    head, rest = _parted(text)
    kept = "".join((*(line for line in head if not _OURS.match(line)), *rest)).strip()
    return f"{kept}\n" if kept else ""


def stamp_of(text: str) -> Stamp | None:
    """Return the version of which the file says it is a copy; None if it names none."""
    found = (_STAMP.match(line) for line in _parted(text)[0])
    return next((Stamp(int(match[1]), match[2]) for match in found if match), None)


def _parted(text: str) -> tuple[list[str], list[str]]:
    """Return the comments at the head of a file, and the lines below them."""
    lines = text.splitlines(keepends=True)
    head = list(takewhile(lambda line: line.startswith("#") or not line.strip(), lines))
    return head, lines[len(head) :]


def check(place: str, override: Override) -> None:
    """Raise `SettingsError`, naming the field, if the override is invalid for this provider or engine."""
    tariffs = _tariffs(place)
    if not tariffs:
        raise SettingsError(f"[{place}] is not a provider or engine with a price.{_meant(place, places())}")
    allowed = settable(place)
    for name in _MEANS:
        if getattr(override, name) is not None and name not in allowed:
            raise SettingsError(f"[{place}] does not take {name}. It takes {', '.join(allowed)}.")
    for name in ("usd_per_credit", "usd_per_second", "usd_per_15_bytes"):
        _check_usd(place, name, getattr(override, name))
    if override.plan is not None:
        plans = tariffs[0].plans
        if override.plan not in plans:
            raise SettingsError(f"[{place}] plan is “{override.plan}”. It can be {' or '.join(plans)}.")
        if override.usd_per_credit is not None:
            raise SettingsError(f"[{place}] states both plan and usd_per_credit. Keep one of them.")
    _check_credits(place, override.credits_per_unit, tariffs)
    for name in ("by", "note"):
        text = getattr(override, name)
        if not isinstance(text, str) or len(text) > LONGEST_TEXT or any(category(c) in _NOT_IN_LINES for c in text):
            raise SettingsError(f"[{place}] {name} must be one line of at most {LONGEST_TEXT} characters.")
    if not any(getattr(override, name) is not None for name in allowed):
        raise SettingsError(f"[{place}] states no rate. Give it {', '.join(allowed)}, or leave it out.")


def _tariffs(place: str) -> list[Tariff]:
    return [t for t in TARIFFS.values() if place in (t.engine, t.engine.partition("/")[0]) and t.settable]


def _check_usd(place: str, name: str, usd: Decimal | None) -> None:
    if usd is None:
        return
    if not usd.is_finite() or not 0 < usd <= MOST_USD:
        raise SettingsError(f"[{place}] {name} is {usd}. Write dollars above 0 and up to {MOST_USD:,}.")
    if usd != round(usd, DECIMALS):
        raise SettingsError(f"[{place}] {name} is {usd}. Keep it to {DECIMALS} decimals.")


def _check_credits(place: str, table: Mapping[str, int] | None, tariffs: list[Tariff]) -> None:
    if table is None:
        return
    known = tuple(name for name in tariffs[0].credits if name)
    for name, credits in table.items():
        if name and name not in known:
            sizes = f"It can be for {' or '.join(known)}." if known else "It is one number."
            raise SettingsError(f"[{place}] credits_per_unit is for “{name}”. {sizes}")
        if not 0 < credits <= MOST_CREDITS:
            raise SettingsError(
                f"[{place}] credits_per_unit is {credits}. Write a whole number from 1 to {MOST_CREDITS:,}."
            )
    if not table:
        raise SettingsError(f"[{place}] credits_per_unit is empty. Write a whole number, or leave it out.")


def _meant(name: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]}?" if close else f" It can be {', '.join(known)}."


def _read(place: str, table: Any) -> Override:
    if not isinstance(table, dict):
        raise SettingsError(f"{place} is outside a table. Put it under a provider, as in [creatify].")
    known = tuple(field.name for field in fields(Override))
    for name in table:
        if name not in known:
            raise SettingsError(f"[{place}] does not know {name}.{_meant(name, (*settable(place), *_ABOUT))}")
    override = Override(**{name: _value(place, name, value) for name, value in table.items()})
    check(place, override)
    return override


def _value(place: str, name: str, value: Any) -> Any:
    match name:
        case "usd_per_credit" | "usd_per_second" | "usd_per_15_bytes":
            if isinstance(value, int | Decimal) and not isinstance(value, bool):
                return Decimal(value)
            raise SettingsError(f"[{place}] {name} is {_shown(value)}. Write a bare number, as in {name} = 0.198.")
        case "credits_per_unit":
            table = value if isinstance(value, dict) else {"": value}
            if all(isinstance(credits, int) and not isinstance(credits, bool) for credits in table.values()):
                return table
            raise SettingsError(
                f"[{place}] {name} is {_shown(value)}. Write a whole number, or one for each size, "
                f"as in {name} = {{ 480p = 15, 720p = 30 }}."
            )
        case "set_on":
            if isinstance(value, date) and not isinstance(value, datetime):
                return value
            raise SettingsError(f"[{place}] {name} is {_shown(value)}. Write a day, as in {name} = 2026-11-21.")
        case "published":
            if isinstance(value, bool):
                return value
            raise SettingsError(f"[{place}] {name} is {_shown(value)}. Write true or false.")
        case _:
            if isinstance(value, str):
                return value
            raise SettingsError(f'[{place}] {name} is {_shown(value)}. Write it in quotes, as in {name} = "…".')


def _shown(value: Any) -> str:
    text = f"“{value}”" if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def changed(text: str, rates: Rates) -> str:
    """Return the body with exactly these rates; values that did not change stay as they were written.

    Raises:
        SettingsError: a rate is invalid.
    """
    import tomlkit  # slow to import, and rates are rarely changed
    from tomlkit.items import Item, Table

    for place, override in rates.overrides.items():
        check(place, override)
    known = places()
    overrides = dict(sorted(rates.overrides.items(), key=lambda item: known.index(item[0])))
    document = tomlkit.parse(text)
    for place in set(document) - set(overrides):
        document.remove(place)
    for place, override in overrides.items():
        if place not in document:
            if document:
                document.add(tomlkit.nl())
            document.add(place, tomlkit.table())
        table = cast(Table, document[place])
        for field in fields(Override):
            value = _toml(getattr(override, field.name))
            old = table.item(field.name) if field.name in table else None
            if value is None:
                table.pop(field.name, None)
            elif not isinstance(old, Item) or old.as_string() != value:
                table[field.name] = tomlkit.value(value)
    return tomlkit.dumps(document).lstrip()


def _toml(value: Any) -> str | None:
    """Return a field's value in TOML; None if there is nothing to write."""
    match value:
        case None | "" | False:
            return None
        case True:
            return "true"
        case Decimal():
            return f"{value:f}"
        case date():
            return value.isoformat()
        case str():
            return json.dumps(value, ensure_ascii=False)
        case _ if set(value) == {""}:
            return str(value[""])
        case _:
            pairs = ", ".join(f"{name or json.dumps(name)} = {credits}" for name, credits in value.items())
            return f"{{ {pairs} }}"


def _replace(path: Path, text: str) -> None:
    """Replace a file atomically and durably: a power cut leaves either the old or the new file whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with fresh.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, fresh)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
