"""``python -m lipsync_core.sandbox``: the four vendors on this computer, for whoever develops against them."""

from __future__ import annotations

import argparse
import json
import socket
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import uvicorn

from lipsync_core.sandbox.app import BASES, sandbox_app
from lipsync_core.sandbox.bill import Rules
from lipsync_core.sandbox.faults import Fault, Faults, from_json
from lipsync_core.sandbox.fetching import LOOPBACK
from lipsync_core.sandbox.house import House
from lipsync_core.settings import ROOT

_SWITCHES = tuple(name for name, usual in asdict(Rules()).items() if isinstance(usual, (str, Decimal, bool)))
_RULES = f"how to read what the vendors leave open (see lipsync_core/sandbox/bill.py): {', '.join(_SWITCHES)}"
_STOPS_WITHIN_S = 3
_HELP = """
Point any client at these base URLs, with any key of the documented form
(JoyPix and AI/ML API: any bearer token; lipsync.studio: sk_XXXX_YYYY; Creatify: a UUID and any key).
A key with “nocredit” in it is out of credit, one with “wrongkey” is refused. Nothing here costs money.

The bill, what arrived, the faults to come, and the switches:
  curl {base}/sandbox/bill
  curl {base}/sandbox/requests
  curl {base}/sandbox/faults
  curl {base}/sandbox/faults -H 'Content-Type: application/json' -d '{{"kind": "lost", "on": "submit"}}'
  curl {base}/sandbox/clock -H 'Content-Type: application/json' -d '{{"advance_s": 3600}}'
  curl {base}/sandbox/reset -H 'Content-Type: application/json' -d '{{}}'
"""


def main() -> None:
    """Read the options, say where everything is, and serve until stopped."""
    parser = _parser()
    options = parser.parse_args()
    folder = options.data or ROOT / "data" / "sandbox"
    faults = Faults(_faults(parser, options.fault), seed=options.seed, rate=options.fault_rate)
    house = House(
        folder,
        faults=faults,
        speed=options.speed,
        instant=options.instant,
        seed=options.seed,
        canned_outputs=options.canned,
        allow=(*LOOPBACK, *options.allow),
        rules=_rules(parser, options.rule),
    )
    config = uvicorn.Config(
        sandbox_app(house),
        host=options.host,
        port=options.port,
        log_level="warning",
        ws="none",
        timeout_graceful_shutdown=_STOPS_WITHIN_S,
    )
    listening = config.bind_socket()
    # asyncio sets this only on sockets that it makes itself; without, an answer waits 40 ms for the caller's system.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.listen()  # so that whoever reads the first line can connect at once
    base = f"http://{options.host}:{listening.getsockname()[1]}"
    print(f"Sandbox: {base}\nIt keeps its jobs and its bill in {folder}.\n")
    for vendor, path in BASES.items():
        print(f"  {vendor:15} {base}{path}")
    print(_HELP.format(base=base), flush=True)
    uvicorn.Server(config).run(sockets=[listening])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lipsync_core.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this computer only)")
    parser.add_argument("--port", type=int, default=8600, help="0 for any free one; the first line says which")
    parser.add_argument("--speed", type=float, default=1.0, help="how many times faster than the vendors (default: 1)")
    parser.add_argument("--instant", action="store_true", help="jobs take no time at all")
    parser.add_argument("--seed", type=int, default=1, help="for the forms of answers and for faults")
    parser.add_argument("--fault-rate", type=float, default=0.0, help="the part of requests that go wrong, 0 to 1")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="JSON", help="schedule this fault, as POST /sandbox/faults does"
    )
    parser.add_argument("--canned", action="store_true", help="hand out one tiny video instead of rendering")
    parser.add_argument("--data", type=Path, help="folder to keep jobs, bill and videos in")
    parser.add_argument(
        "--allow", action="append", default=[], help="a host that media may be fetched from; repeatable"
    )
    parser.add_argument("--rule", action="append", default=[], metavar="NAME=VALUE", help=_RULES)
    return parser


def _faults(parser: argparse.ArgumentParser, given: list[str]) -> list[Fault]:
    try:
        return [from_json(json.loads(one)) for one in given]
    except (AttributeError, TypeError, ValueError) as error:
        parser.error(f"--fault: {error}")


def _rules(parser: argparse.ArgumentParser, given: list[str]) -> Rules:
    usual = asdict(Rules())
    chosen: dict[str, Any] = {}
    for name, _, value in (one.partition("=") for one in given):
        match usual.get(name):
            case Decimal():
                chosen[name] = Decimal(value)
            case bool():
                chosen[name] = value.lower() in ("1", "true", "yes")
            case str():
                chosen[name] = value
            case _:
                parser.error(f"--rule {name}: known are {', '.join(_SWITCHES)}")
    return Rules(**chosen)


if __name__ == "__main__":
    main()
