"""A vendor is two files and two lines: docs/adding-a-vendor.md is followed in a copy of the studio."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lipsync_core import ROOT
from tests import corpus

HOW_TO = (ROOT / "docs" / "adding-a-vendor.md").read_text(encoding="utf-8")
CONTRACT = "tests/unit/providers/test_contract.py"

USE = """
import json, sys
from streamlit.testing.v1 import AppTest
from lipsync_core import Brief, Studio
from lipsync_core.samples import PORTRAITS

studio = Studio.from_env()
brief = Brief(scene="portrait", engine="parrot/talk", image=PORTRAITS[0].path, audio=sys.argv[1])
(quote,) = [found for found in studio.quotes(brief) if found.engine == "parrot/talk"]
job = studio.wait(studio.submit(brief, by="ana").id)
estimate = AppTest.from_file("pages/navigation.py", default_timeout=300)
estimate.session_state.visitor = estimate.session_state.remembered = "Ana"
estimate.run()
estimate.switch_page("estimate.py").run()
providers = AppTest.from_file("pages/navigation.py", default_timeout=300)
providers.session_state.visitor = providers.session_state.remembered = "Ana"
providers.run()
providers.switch_page("providers.py").run()
print(json.dumps({
    "quote": [quote.usd_micros, quote.credits],
    "job": [job.state, job.output_sha256 is not None],
    "raised": [error.value for page in (estimate, providers) for error in page.exception],
    "estimate": "Parrot Talk" in str(estimate),
    "providers": [header.value for header in providers.header],
    "rates": [field.label for field in providers.text_input],
}))
"""


@pytest.fixture
def studio_copy(tmp_path: Path) -> Path:
    """A copy of what the studio is made of, and of the contract that a vendor has to keep."""
    copy = tmp_path / "studio"
    for folder in ("lipsync_core", "pages", ".streamlit"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", "secrets.toml"))
    (copy / CONTRACT).parent.mkdir(parents=True)
    for name in (CONTRACT, ".env.example"):
        shutil.copy(ROOT / name, copy / name)
    return copy


def test_the_how_to_adds_a_vendor_that_is_quoted_rendered_billed_and_shown(
    studio_copy: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    for made, example in re.findall(r"Make `(\S+)` from `(\S+)`", HOW_TO):
        shutil.copy(ROOT / example, studio_copy / made)
    (line,) = re.findall(r"```text\n(.*?)```", HOW_TO, re.DOTALL)
    (listed,) = re.findall(r"```shell\n(.*?)```", HOW_TO, re.DOTALL)
    for registry in re.findall(r"`VENDORS`\s+of\s+`(\S+)`", HOW_TO):
        put(studio_copy / registry, line)
    assert "parrot: no line for PARROT_API_KEY in .env.example" in contract(studio_copy)
    with (studio_copy / ".env.example").open("a", encoding="utf-8") as dotenv:
        dotenv.write(f"\n{listed}")
    assert " passed" in contract(studio_copy)

    (tmp_path / "voice.wav").write_bytes(corpus.wav(seconds=4.2, rate=8_000))
    variables = environment | {"STUDIO_SANDBOX": "1", "STUDIO_SANDBOX_SPEED": "1000"}
    seen = json.loads(ran(studio_copy, variables, "-c", USE, str(tmp_path / "voice.wav")).splitlines()[-1])
    with closing(sqlite3.connect(next(tmp_path.rglob("sandbox.db")))) as sandbox:
        assert sandbox.execute("SELECT vendor, usd_micros FROM bill").fetchall() == [("parrot", 250_000)]
    rates = seen.pop("rates")
    assert "Parrot" in seen.pop("providers")
    assert "Credits per Parrot pack" in rates
    assert seen == {
        "quote": [250_000, 10],
        "job": ["done", True],
        "raised": [],
        "estimate": True,
    }


def put(registry: Path, line: str) -> None:
    """Add a line to a registry, before its last one."""
    before, last, after = registry.read_text(encoding="utf-8").partition('        "creatify": ')
    assert last
    registry.write_text(before + line + last + after, encoding="utf-8")


def contract(studio: Path) -> str:
    """What the contract says of the vendors in this copy."""
    return ran(studio, {}, "-m", "pytest", "-q", "-rN", "-p", "no:cacheprovider", "--tb=short", CONTRACT, code=None)


def ran(studio: Path, variables: dict[str, str], *arguments: str, code: int | None = 0) -> str:
    """What Python printed when run in this copy."""
    done: subprocess.CompletedProcess[Any] = subprocess.run(
        [sys.executable, *arguments],
        cwd=studio,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert code in (None, done.returncode), done.stderr
    return str(done.stdout)
