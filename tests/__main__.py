"""``python -m tests``: every test, in parts, each of which says how far it is and how long it took.

All parts run, whatever failed before; the end names what failed and how to run only that again. In the parts that keep
every core busy, a test or two that failed get a second run, alone: what passes then is named as unsteady, and is to be
mended, but does not fail the run (decision 0054). ``python -m tests unit`` runs one part; those of
the long run (`.ci/nightly`) have to be named.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.again import FAILURES, ROOT
from tests.place import PLACE, Place


@dataclass(frozen=True, slots=True)
class Part:
    """Tests that run together."""

    name: str
    about: str
    arguments: tuple[str, ...]
    """What pytest is told."""
    pardoned: int = 0
    """At most so many failed tests run once more, alone. None where a promise about money must hold on every run."""
    place: Place | None = None
    """Where the studio stands."""


ONE_MORE = (os.cpu_count() or 1) + 1
"""Workers where every core is to be busy: a test that waits leaves its core to another."""
IN_CHROMIUM = ("tests/browser", "-n", str(ONE_MORE), "--maxprocesses", "4", "--dist", "worksteal")
"""A worker that has nothing left takes over from the others: no file is so long that it decides the end."""

ON_SERVER = ("--ledger=postgresql", "-n", "auto", "--maxprocesses", "4", "--dist", "worksteal")
"""With a ledger on a PostgreSQL server."""

PARTS = (
    Part("faults", "bad days against the sandbox", ("tests/faults",)),
    Part(
        "unit",
        "the core and the pages, without a browser",
        ("tests/unit", "-n", str(ONE_MORE), "--dist", "worksteal"),
        pardoned=2,
    ),
    Part("browser", "the studio in Chromium", IN_CHROMIUM, pardoned=2),
    Part(
        "places",
        "a few of them again, below a path and behind an nginx",
        (*IN_CHROMIUM, "-m", "places(gate=True)"),
        pardoned=2,
        place=Place.NGINX,
    ),
    # What is decided when several hands reach for one thing.
    Part(
        "postgresql",
        "the ledger on a PostgreSQL server",
        (*(f"tests/unit/ledger/test_{name}.py" for name in ("at_once", "one_held", "verdicts")), *ON_SERVER),
    ),
)
LONG = (
    Part(
        "postgresql-whole",
        "all that touches the ledger, on a PostgreSQL server",
        ("tests/unit/db", "tests/unit/ledger", "tests/unit/people", "tests/unit/tracker", *ON_SERVER),
    ),
    Part("nginx", "all that hold in each place, below a path and behind an nginx", IN_CHROMIUM, 2, Place.NGINX),
    Part("nginx-strips", "the same, where nginx removes the path", IN_CHROMIUM, 2, Place.NGINX_STRIPS),
)
"""What takes too long for every change."""


def main() -> int:
    """Run the parts that are asked for, or all; return 0 where every test passed."""
    parser = argparse.ArgumentParser(prog="python -m tests", description=(__doc__ or "").partition("\n\n")[0])
    names = [part.name for part in (*PARTS, *LONG)]
    usual = [part.name for part in PARTS]
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(names)} (default: {', '.join(usual)})")
    asked = parser.parse_args().parts or usual
    if unknown := set(asked) - set(names):
        parser.error(f"no such part: {', '.join(sorted(unknown))}. There are {', '.join(names)}.")
    return run([part for part in (*PARTS, *LONG) if part.name in asked])


def run(parts: Sequence[Part]) -> int:
    """Run the parts one after the other, whatever fails, and say how it went."""
    took: dict[str, float] = {}
    failed: list[str] = []
    again: list[str] = []
    unsteady: list[str] = []
    with tempfile.TemporaryDirectory(prefix="tests-") as folder:
        for number, part in enumerate(parts, 1):
            heading = f"[{number}/{len(parts)}] {part.name}"
            print(f"\n{heading}: {part.about}", flush=True)
            begun = time.monotonic()
            failures = Path(folder) / part.name
            passed = _passes(part, failures)
            commands = _commands(failures)
            if not passed and 0 < len(commands) <= part.pardoned:
                print(f"\n{heading}: what failed runs once more, alone", flush=True)
                passed = _passes(part, Path(folder) / "alone", "--last-failed", "-n", "0")
                unsteady += commands if passed else []
            took[part.name] = time.monotonic() - begun
            if not passed:
                failed.append(part.name)
                again += commands
            print(f"{heading}: {'passed' if passed else 'FAILED'} in {clock(took[part.name])}", flush=True)
    print(_summary(took, failed, again, unsteady), flush=True)
    return 1 if failed else 0


def _passes(part: Part, failures: Path, *more: str) -> bool:
    """Run one part in a process of its own: what a browser or a server leaves behind ends with it."""
    # Unbuffered, so that a log shows how far it is as a terminal does.
    command = [sys.executable, "-u", "-m", "pytest", *part.arguments, *more]
    # Each worker compiles every file of tests anew where Python may not write bytecode, as in many containers.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {FAILURES: str(failures), PLACE: part.place or ""}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


def _commands(failures: Path) -> list[str]:
    return list(dict.fromkeys(failures.read_text(encoding="utf-8").splitlines())) if failures.exists() else []


def _summary(took: dict[str, float], failed: list[str], again: list[str], unsteady: list[str]) -> str:
    times = ", ".join(f"{name} {clock(seconds)}" for name, seconds in took.items())
    how = f"{', '.join(failed)} FAILED" if failed else "Every test passed"
    lines = [f"\n{how}, in {clock(sum(took.values()))} ({times})"]
    if unsteady:
        lines += [
            "Unsteady, to be mended: failed beside others, passed alone:",
            *(f"  {command}" for command in unsteady),
        ]
    if again:
        lines += ["One at a time:", *(f"  {command}" for command in again)]
    return "\n".join(lines)


def clock(seconds: float) -> str:
    """Minutes and seconds: ``2:05``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
