"""The portraits for the bench: a manifest that says where from, and files that are what it says or are not kept."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

from tests.faces import FOLDER, fetch, listed, missing

KINDS = "smile beard dark glasses profile child drawn painted low-light tilted several wide plain"


def test_the_manifest_has_every_kind_with_address_licence_and_hash() -> None:
    portraits = listed()
    assert set(Counter(one.kind for one in portraits)) == set(KINDS.split())
    assert len(portraits) >= 40
    assert len({one.name for one in portraits}) == len({one.sha256 for one in portraits}) == len(portraits)
    assert all(one.licence and one.address.startswith("https://") and len(one.sha256) == 64 for one in portraits)


def test_what_has_other_bytes_counts_as_missing(tmp_path: Path) -> None:
    portrait = replace(listed()[0], sha256=hashlib.sha256(b"right").hexdigest())
    (tmp_path / portrait.name).write_bytes(b"right")
    assert list(missing([portrait], tmp_path)) == []
    (tmp_path / portrait.name).write_bytes(b"wrong")
    assert list(missing([portrait], tmp_path)) == [portrait]


def test_without_a_network_it_says_so_once_and_keeps_nothing(tmp_path: Path) -> None:
    portraits = [replace(one, address="http://127.0.0.1:1/a.jpg") for one in listed()[:3]]
    failed = fetch(portraits, tmp_path / "faces")
    assert len(failed) == 1
    assert "was not reached" in failed[0]
    assert list((tmp_path / "faces").iterdir()) == []


def test_git_ignores_what_was_fetched() -> None:
    ignored = (Path(__file__).resolve().parents[2] / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert f"{FOLDER.name}/" in ignored
