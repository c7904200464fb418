"""The options of the sandbox's command. Each is parsed strictly, so that a typo is reported in a sentence."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, get_args, get_type_hints

from lipsync_core.sandbox.app import bases, keys_text
from lipsync_core.sandbox.bill import Rules
from lipsync_core.sandbox.clock import FASTEST, is_speed
from lipsync_core.sandbox.faults import FITTING, Fault, from_json
from lipsync_core.sandbox.requests import encodable

_TRUTHS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_DEAREST = Decimal(1000)
"""The highest allowed rate, in dollars."""


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    made = argparse.ArgumentParser(
        prog="python -m lipsync_core.sandbox",
        description="The vendors on this computer, for developers. Nothing here costs money.",
        epilog=_epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: this computer only)")
    add("--port", type=_port, default=8600, help="0 for any free port, printed in the first line (default: 8600)")
    add(
        "--only",
        choices=bases(),
        help="one vendor, at the root path, for clients that keep only the host of a base URL",
    )
    add("--speed", type=_speed, default=1.0, help="how many times faster than the vendors (default: 1)")
    add("--instant", action="store_true", help="jobs take no time at all")
    add("--seed", type=int, default=1, help="for the forms of answers and for faults (default: 1)")
    add("--fault-rate", type=_part, default=0.0, help="the fraction of requests that fail, 0 to 1 (default: 0)")
    add("--fault", action="append", default=[], metavar="JSON", type=_fault, help="schedule a fault, see below")
    add("--canned", action="store_true", help="return one tiny video instead of rendering")
    add("--data", type=Path, metavar="FOLDER", help="folder for jobs, bill and videos; several sandboxes may share one")
    add("--allow", action="append", default=[], metavar="HOST", help="allow media to be fetched from HOST; repeatable")
    add("--rule", action="append", default=[], metavar="NAME=VALUE", type=_rule, help="repeatable, see below")
    return made


def rules_of(given: Sequence[tuple[str, Any]]) -> Rules:
    """Return the default rules, changed by those of the options."""
    chosen: Mapping[str, Any] = dict(given)
    return Rules(**chosen)


def _epilog() -> str:
    rules = "\n".join(f"  {name}={_values(name)}" for name in _CHOICES)
    faults = "\n".join(f"  on a {moment}: {', '.join(kinds)}" for moment, kinds in FITTING.items())
    more = ", ".join(field.name for field in fields(Fault) if field.name not in ("kind", "on"))
    paths = "\n".join(f"  {vendor:15} {path}" for vendor, path in bases().items())
    return f"""base URLs, relative to the address that it listens on:
{paths}
  with {keys_text()}

rules, for what the vendors leave open (the default first):
{rules}

faults, as {{"kind": …, "on": …}} with, optionally, {more}:
{faults}

its own endpoints: GET /sandbox/bill, /sandbox/requests, /sandbox/faults;
POST, as JSON with its content type: /sandbox/faults, /sandbox/clock, /sandbox/reset
"""


def _choices() -> dict[str, tuple[Any, ...]]:
    """Return the values of each rule, the default first; no values for a rate in dollars."""
    usual, hints = Rules(), get_type_hints(Rules)
    found: dict[str, tuple[Any, ...]] = {}
    for name, hint in hints.items():
        now = getattr(usual, name)
        if hint is bool:
            found[name] = (now, not now)
        elif hint is Decimal:
            found[name] = ()
        elif options := [option for option in get_args(hint) if option is not None]:
            found[name] = tuple(sorted(options, key=lambda option: option != now))
    return found


_CHOICES = _choices()


def _values(name: str) -> str:
    if name == "accept_status":
        return "200|201 (unset: each vendor's default)"
    if not _CHOICES[name]:
        return f"{getattr(Rules(), name)} (dollars)"
    return "|".join(str(value).lower() if isinstance(value, bool) else str(value) for value in _CHOICES[name])


def _rule(given: str) -> tuple[str, Any]:
    name, _, value = given.partition("=")
    if name not in _CHOICES:
        raise argparse.ArgumentTypeError(f"“{name}” is not a rule; known rules: {', '.join(_CHOICES)}")
    if not _CHOICES[name]:
        return name, _dollars(name, value)
    if isinstance(_CHOICES[name][0], bool):
        read: Any = _TRUTHS.get(value.lower())
    else:
        read = next((option for option in _CHOICES[name] if str(option) == value), None)
    if read is None:
        raise argparse.ArgumentTypeError(f"{name} must be one of {_values(name)}, not “{value}”")
    return name, read


def _dollars(name: str, value: str) -> Decimal:
    try:
        found = Decimal(value)
    except InvalidOperation:
        found = Decimal("NaN")
    if not (found.is_finite() and 0 <= found <= _DEAREST):
        raise argparse.ArgumentTypeError(f"{name} must be a rate in dollars, 0 to {_DEAREST}, not “{value}”")
    return found


def _number(given: str) -> float:
    try:
        return float(given)
    except ValueError:
        return float("nan")


def _speed(given: str) -> float:
    if not is_speed(speed := _number(given)):
        raise argparse.ArgumentTypeError(f"above 0 and at most {FASTEST:,.0f}, not “{given}”")
    return speed


def _part(given: str) -> float:
    if not 0 <= (part := _number(given)) <= 1:
        raise argparse.ArgumentTypeError(f"0 to 1, not “{given}”")
    return part


def _port(given: str) -> int:
    if not (given.isdecimal() and len(given) <= 5 and int(given) <= 65_535):
        raise argparse.ArgumentTypeError(f"0 to 65535, not “{given}”")
    return int(given)


def _fault(given: str) -> Fault:
    try:
        return from_json(encodable(json.loads(given)))
    except (TypeError, ValueError, RecursionError) as error:
        raise argparse.ArgumentTypeError(str(error)) from error
