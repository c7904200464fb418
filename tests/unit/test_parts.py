"""What a run of the tests tells whoever waits for it: its parts, and how to run one failure again."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.__main__ import LONG, PARTS, Part, run as run_parts
from tests.again import FAILURES, ROOT
from tests.place import PLACE, Place

TESTS = """
import pytest

@pytest.fixture
def broken():
    raise RuntimeError

@pytest.mark.parametrize("word", ["it's; here", "fine", "naïve"])
def test_word(word):
    assert word == "fine"

def test_setup(broken): ...

@pytest.mark.xdist_group("ana")
def test_at_ana():
    assert False
"""
FAILED = ["test_word[it's; here]", "test_word[na\\xefve]", "test_setup", "test_at_ana"]


def bare(folder: Path) -> tuple[str, ...]:
    """Options for pytest to take nothing of this project but the plugin."""
    (folder / "pytest.ini").touch()
    return "-q", "-p", "tests.again", "-p", "no:hypothesispytest", "-c", str(folder / "pytest.ini")


def run(folder: Path, *arguments: str, place: str = "") -> subprocess.CompletedProcess[str]:
    """Pytest as a person starts it."""
    command = [sys.executable, "-m", "pytest", *bare(folder), *arguments]
    environment = os.environ | {FAILURES: str(folder / "failures"), PLACE: place}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("spread", [(), ("-n", "2", "--dist", "loadgroup")], ids=["alone", "two workers"])
def test_each_failure_names_the_command_that_runs_it_alone(tmp_path: Path, spread: tuple[str, ...]) -> None:
    (tmp_path / "test_words.py").write_text(TESTS)
    done = run(tmp_path, str(tmp_path), *spread)
    commands = (tmp_path / "failures").read_text().splitlines()
    assert all(command in done.stdout.splitlines() for command in commands)
    tests = {shlex.split(command)[-1] for command in commands}
    assert tests == {f"test_words.py::{name}" for name in FAILED}
    again = run(tmp_path, *(str(tmp_path / test) for test in tests))
    assert again.stdout.splitlines()[-1].startswith("3 failed, 1 error in"), again.stdout
    python = Path(sys.executable)
    assert {shlex.split(command)[0] for command in commands} == {str(python.relative_to(ROOT))}


def test_what_failed_in_a_place_is_run_again_there(tmp_path: Path) -> None:
    (tmp_path / "test_words.py").write_text("def test_ill(): assert False")
    run(tmp_path, str(tmp_path), place=Place.NGINX)
    assert (tmp_path / "failures").read_text().startswith("STUDIO_TESTS_PLACE=nginx ")


def test_a_file_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    (tmp_path / "test_words.py").write_text("import nowhere_to_be_found")
    run(tmp_path, str(tmp_path))
    assert (tmp_path / "failures").read_text().endswith(" -m pytest test_words.py\n")


def test_passing_names_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_words.py").write_text("def test_well(): ...")
    assert "one at a time" not in run(tmp_path, str(tmp_path)).stdout
    assert not (tmp_path / "failures").exists()


def test_all_parts_run_though_one_fails_and_the_end_names_what_failed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, what in (("ill", "assert False"), ("well", "...")):
        (tmp_path / f"test_{name}.py").write_text(f"def test_{name}(): {what}")
    ill, well = (
        Part(name, f"how {name}", (str(tmp_path / f"test_{name}.py"), *bare(tmp_path))) for name in ("ill", "well")
    )

    assert run_parts([ill, well]) == 1
    said = capfd.readouterr().out
    assert re.search(r"^\[1/2\] ill: how ill$(?s:.*)^\[1/2\] ill: FAILED in \d:\d\d$", said, re.MULTILINE)
    assert re.search(r"^\[2/2\] well: how well$(?s:.*)^\[2/2\] well: passed in \d:\d\d$", said, re.MULTILINE)
    assert re.search(r"\nill FAILED, in .* \(ill .*, well .*\)\nOne at a time:\n  .* test_ill.py::test_ill\n$", said)

    assert run_parts([well]) == 0
    assert "Every test passed, in " in capfd.readouterr().out.splitlines()[-1]


TOO_BUSY = """
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range({tests}))
def test_shy(number):
    seen = Path(__file__).with_name(f"seen{{number}}")
    if not seen.exists():
        seen.touch()
        pytest.fail("somebody is watching")
    assert {well}
"""


@pytest.mark.parametrize(
    ("tests", "pardoned", "well", "passes"),
    [(2, 2, True, True), (3, 2, True, False), (1, 2, False, False), (1, 0, True, False)],
)
def test_what_failed_beside_others_and_passes_alone_is_named_and_does_not_fail_the_run(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], tests: int, pardoned: int, well: bool, passes: bool
) -> None:
    (tmp_path / "test_shy.py").write_text(TOO_BUSY.format(tests=tests, well=well))
    part = Part("shy", "how shy", (str(tmp_path / "test_shy.py"), *bare(tmp_path), "-n", "2"), pardoned)
    assert run_parts([part]) == (0 if passes else 1)
    said = capfd.readouterr().out.splitlines()
    unsteady = "Unsteady, to be mended: failed beside others, passed alone:"
    assert said.count(unsteady) == passes
    assert said.count("One at a time:") == (not passes)
    named = said[said.index(unsteady if passes else "One at a time:") + 1 :]
    assert len(named) == tests
    assert all("test_shy.py::test_shy[" in line for line in named)


def test_what_is_paid_once_has_no_second_run() -> None:
    assert [part.pardoned for part in PARTS if part.name == "faults"] == [0]


def test_the_parts_hold_every_test() -> None:
    usual = [part for part in PARTS if "--ledger=postgresql" not in part.arguments]
    folders = {argument for part in usual for argument in part.arguments if argument.startswith("tests/")}
    written = {f"tests/{path.relative_to(ROOT / 'tests').parts[0]}" for path in ROOT.glob("tests/**/test_*.py")}
    assert written == folders


def test_each_place_has_a_part_of_the_long_run() -> None:
    assert [part.place for part in LONG if part.place is not None] == [*Place]


def test_a_part_that_there_is_not_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests", "unity"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "There are faults, unit, browser" in done.stderr
