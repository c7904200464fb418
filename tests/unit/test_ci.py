"""The gate and the long run, with a `make` that only writes down what it is asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.again import ROOT

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="both are bash scripts")

MAKE = """#!/bin/sh
echo "$* complete=${STUDIO_TESTS_COMPLETE-}" >> "$ASKED"
case "$*" in *"$FAILS"*) exit 2;; esac
"""


def asked(tmp_path: Path, script: str, fails: str = "nothing") -> tuple[int, list[str], str]:
    """Run a script, in whose `make` one target fails: its status, what it made, and its output."""
    programs = tmp_path / "bin"
    programs.mkdir()
    needed = "make", "chromium", "espeak-ng", "flite", "nginx", "openssl", "postgres"
    for name in needed:  # nothing is missing, so nothing is installed
        (programs / name).write_text(MAKE)
        (programs / name).chmod(0o755)
    told = tmp_path / "asked"
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", "ASKED": str(told), "FAILS": fails}
    done = subprocess.run([ROOT / ".ci" / script], env=environment, capture_output=True, text=True, check=False)
    return done.returncode, told.read_text().splitlines(), done.stdout


def test_the_gate_checks_and_tests_with_nothing_left_out_and_says_what_each_took(tmp_path: Path) -> None:
    status, made, said = asked(tmp_path, "run")
    assert (status, made) == (0, ["setup complete=1", "check complete=1", "test complete=1"])
    assert [line.rpartition(" ")[0] for line in said.splitlines()] == [
        *(f"make {step}: passed in" for step in ("setup", "check", "test")),
        "Everything passed in",
    ]


@pytest.mark.parametrize("step", ["setup", "check", "test"])
def test_the_gate_fails_with_each_of_its_steps(tmp_path: Path, step: str) -> None:
    status, made, said = asked(tmp_path, "run", fails=step)
    assert status == 2
    assert made[-1].startswith(step)
    assert "Everything" not in said


def test_the_long_run_plays_ten_thousand_days_of_the_date(tmp_path: Path) -> None:
    status, made, _said = asked(tmp_path, "nightly")
    assert status == 0
    assert "faults N=10000 SEED=20" in made[-1]
    assert "test PARTS=postgresql-whole" in made[-2]
    assert all(line.endswith(" complete=1") for line in made), "nothing is left out"


def test_the_long_run_has_the_studio_stand_behind_nginx(tmp_path: Path) -> None:
    _status, made, _said = asked(tmp_path, "nightly")
    assert any(line.startswith("--no-print-directory places ") for line in made)


def test_the_long_run_names_the_suites_that_failed(tmp_path: Path) -> None:
    status, _made, said = asked(tmp_path, "nightly", fails="faults")
    assert status == 1
    assert said.rpartition("FAILED:\n")[2].startswith("  bad days: make --no-print-directory faults N=10000 SEED=20")
