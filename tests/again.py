"""A pytest plugin that names, for each test that failed, the command that runs only that one."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest

from tests.place import PLACE

ROOT = Path(__file__).resolve().parents[1]

FAILURES = "STUDIO_TESTS_FAILURES"
"""The variable that names a file to which the commands are added, for whoever runs several parts."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the commands below the failures."""
    reports = [report for outcome in ("failed", "error") for report in terminalreporter.stats.get(outcome, [])]
    ledger = terminalreporter.config.getoption("--ledger", "sqlite")
    more = () if ledger == "sqlite" else (f"--ledger={ledger}",)
    commands = list(dict.fromkeys(command(report.nodeid, *more) for report in reports))
    if not commands:
        return
    terminalreporter.write_sep("=", "one at a time")
    for line in commands:
        terminalreporter.write_line(line)
    if file := os.environ.get(FAILURES):
        with Path(file).open("a", encoding="utf-8") as out:
            out.writelines(f"{line}\n" for line in commands)


def command(test: str, *more: str) -> str:
    """What to type at a shell to run one test, in the place where it ran."""
    python = Path(sys.executable)
    python = python.relative_to(ROOT) if python.is_relative_to(ROOT) else python
    at = [f"{PLACE}={place}"] if (place := os.environ.get(PLACE)) else []
    return shlex.join([*at, str(python), "-m", "pytest", *more, test])
