"""A page is one file and one line: docs/adding-a-page.md is followed in a copy of the studio, and the page visited."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lipsync_core import ROOT

HOW_TO = (ROOT / "docs" / "adding-a-page.md").read_text(encoding="utf-8")

VISIT = """
import json
from streamlit.testing.v1 import AppTest
from lipsync_core import Person, Role
from pages.ui import gate, page_table, warming

app = AppTest.from_file("pages/navigation.py", default_timeout=300).run()
app.switch_page("losses.py").run()

def may(role):
    return gate.may_open(Person("x@studio.test", "X", role, None), "losses")

print(json.dumps({
    "raised": [error.value for error in app.exception],
    "titles": [title.value for title in app.title],
    "captions": [caption.value for caption in app.caption if "Nothing was lost" in caption.value],
    "kept_address": "/losses" in page_table.PATHS,
    "script": "losses" in warming.SCRIPTS,
    "opens_to": [role.value for role in Role if may(role)],
}))
"""


@pytest.fixture
def studio_copy(tmp_path: Path) -> Path:
    """A copy of what the studio is made of."""
    copy = tmp_path / "studio"
    for folder in ("lipsync_core", "pages", ".streamlit"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", "secrets.toml"))
    return copy


def test_the_how_to_adds_a_page_that_opens_to_whom_it_says(studio_copy: Path, environment: dict[str, str]) -> None:
    (script,), (line,) = (re.findall(rf"```{kind}\n(.*?)```", HOW_TO, re.DOTALL) for kind in ("python", "text"))
    (studio_copy / "pages" / "losses.py").write_text(script, encoding="utf-8")
    table = studio_copy / "pages" / "ui" / "page_table.py"
    before, last, after = table.read_text(encoding="utf-8").partition('    StudioPage("team"')
    table.write_text(before + line + last + after, encoding="utf-8")

    assert visited(studio_copy, environment) == {
        "raised": [],
        "titles": ["Losses"],
        "captions": ["Nothing was lost."],
        "kept_address": True,
        "script": True,
        "opens_to": ["admin"],
    }


def visited(studio: Path, environment: dict[str, str]) -> dict[str, Any]:
    """What a visit of the new page showed."""
    done = subprocess.run(
        [sys.executable, "-c", VISIT],
        cwd=studio,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return seen
