"""What the README and the documents promise: examples run, links lead somewhere, what they name exists."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from lipsync_core import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
HOW_TOS = sorted((ROOT / "docs").glob("*ing-a-*.md"))
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

every_document = pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.relative_to(ROOT).as_posix())


def test_the_ten_lines_of_python_render_a_video(environment: dict[str, str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(code.strip().splitlines()) <= 12
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "done" in done.stdout
    assert done.stdout.strip().endswith(".mp4")


def prose(file: Path) -> str:
    """A document without its blocks of code."""
    return re.sub(r"```.*?```", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)


def anchors(file: Path) -> set[str]:
    """What a link may name in a document after ``#``: its headings, as GitHub writes them."""
    headings = re.findall(r"^#+ (.+)$", prose(file), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_document
def test_every_link_leads_to_a_file_and_a_heading_that_exist(file: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(file)):
        if not link.startswith(("http://", "https://")):
            name, _, heading = link.partition("#")
            target = file.parent / name if name else file
            assert target.exists(), link
            assert not heading or heading in anchors(target), link


@every_document
def test_every_make_target_that_is_named_exists(file: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:^|`)make ([a-z]+)", file.read_text(encoding="utf-8"), re.MULTILINE):
        assert f"\n{target}:" in makefile, target


@pytest.mark.parametrize("file", [*HOW_TOS, ROOT / "CONTRIBUTING.md"], ids=lambda file: file.name)
def test_every_file_that_a_how_to_names_exists(file: Path) -> None:
    """All but those that it tells its reader to make: "Make `pages/new.py`"."""
    text = file.read_text(encoding="utf-8")
    made = set(re.findall(r"\b(?:make|write|create|add) `([\w./-]+)`", text, re.IGNORECASE))
    named = set(re.findall(r"`((?:[\w.-]+/)*[\w.-]+\.(?:py|md|toml|sql|yaml|txt))`", text)) - made
    assert {name for name in named if not (ROOT / name).exists()} == set()


def layers() -> list[list[str]]:
    """The floors of the core, as the import contract has them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (floors,) = (one["layers"] for one in settings["tool"]["importlinter"]["contracts"] if one["type"] == "layers")
    return [sorted(layer.split(" | ")) for layer in floors]


def test_the_table_of_floors_is_the_import_contract() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", ARCHITECTURE, re.MULTILINE)
    assert [int(number) for number, _modules in rows] == list(range(1, len(rows) + 1))
    assert [re.findall(r"`(\w+)`", modules) for _number, modules in rows] == layers()


def rooms() -> set[str]:
    """The folders of the core that hold code."""
    return {file.parent.name for file in (ROOT / "lipsync_core").glob("*/__init__.py")}


def test_every_room_is_drawn_and_has_a_paragraph() -> None:
    drawing = ARCHITECTURE.partition("## Floors")[0]
    assert set(re.findall(r"^ {10}(\w+)/ ", drawing, re.MULTILINE)) == rooms()
    described = set(re.findall(r"\*\*`(\w+)/`\*\*", ARCHITECTURE.partition("## Room by room")[2]))
    assert described - {"pages"} == rooms()
