"""``python -m lipsync_core.sandbox``: the vendors on this computer, for developers."""

from __future__ import annotations

import socket
import sys

import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from lipsync_core.config import ROOT
from lipsync_core.sandbox.app import bases, keys_text, sandbox_app
from lipsync_core.sandbox.faults import Faults
from lipsync_core.sandbox.fetching import LOOPBACK
from lipsync_core.sandbox.options import parser, rules_of
from lipsync_core.sandbox.state import SandboxState

_STOPS_WITHIN_S = 3
_HELP = f"""
Point any client at these base URLs, with {keys_text()} Nothing here costs money.

The bill, the requests that arrived, the scheduled faults, and the switches:
  curl {{base}}/sandbox/bill
  curl {{base}}/sandbox/requests
  curl {{base}}/sandbox/faults
  curl {{base}}/sandbox/faults -H 'Content-Type: application/json' -d '{{{{"kind": "lost", "on": "submit"}}}}'
  curl {{base}}/sandbox/clock -H 'Content-Type: application/json' -d '{{{{"advance_s": 3600}}}}'
  curl {{base}}/sandbox/reset -H 'Content-Type: application/json' -d '{{{{}}}}'
"""


def main() -> None:
    """Read the options, print all addresses, and serve until stopped."""
    options = parser().parse_args()
    folder = options.data or ROOT / "data" / "sandbox"
    try:
        sandbox = SandboxState(
            folder,
            faults=Faults(options.fault, seed=options.seed, rate=options.fault_rate),
            speed=options.speed,
            instant=options.instant,
            seed=options.seed,
            canned_outputs=options.canned,
            allow=(*LOOPBACK, *options.allow),
            rules=rules_of(options.rule),
        )
    except (OSError, SQLAlchemyError) as error:
        why = getattr(error, "orig", None) or error
        sys.exit(f"The sandbox cannot keep its jobs in {folder}: {why}. Choose another folder with --data.")
    config = uvicorn.Config(
        sandbox_app(sandbox, options.only),
        host=options.host,
        port=options.port,
        log_level="warning",
        ws="none",
        timeout_graceful_shutdown=_STOPS_WITHIN_S,
    )
    listening = config.bind_socket()
    # asyncio sets this only on sockets that it creates itself; without it, an answer is delayed by 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.listen()  # so that a client can connect as soon as the first line is printed
    base = f"http://{options.host}:{listening.getsockname()[1]}"
    print(f"Sandbox: {base}\nIts jobs and its bill are in {folder}.\n")
    for vendor, path in bases(options.only).items():
        print(f"  {vendor:15} {base}{path}")
    print(_HELP.format(base=base), flush=True)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
