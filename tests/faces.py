"""Fetch the portraits on which looks are measured: ``make faces``, or ``python -m tests.faces [FOLDER]``.

``tests/bench/faces.csv`` says what they are, where they lie, by which licence, and what their bytes are. They are other
people's: they stay in a folder that git ignores, and none of them stands in a commit, a note or a picture of the docs.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

FOLDER = Path(__file__).resolve().parents[1] / ".faces"
MANIFEST = Path(__file__).with_name("bench") / "faces.csv"

_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Listed:
    """One portrait of the manifest; ``bare`` is whether its eyes are open, and not behind glasses or hidden."""

    name: str
    kind: str
    bare: bool
    licence: str
    sha256: str
    address: str


def listed(manifest: Path = MANIFEST) -> list[Listed]:
    """Return what the manifest lists, in its order."""
    with manifest.open(newline="", encoding="utf-8") as file:
        return [
            Listed(row["name"], row["kind"], row["bare"] == "yes", row["licence"], row["sha256"], row["address"])
            for row in csv.DictReader(file)
        ]


def missing(portraits: list[Listed], folder: Path) -> Iterator[Listed]:
    """Yield those that are not in the folder with the right bytes."""
    for portrait in portraits:
        kept = folder / portrait.name
        if not kept.is_file() or hashlib.sha256(kept.read_bytes()).hexdigest() != portrait.sha256:
            yield portrait


def fetch(portraits: list[Listed], folder: Path) -> list[str]:
    """Fetch what is missing; return a line for each that could not be had. What has other bytes is not kept."""
    folder.mkdir(exist_ok=True)
    failed: list[str] = []
    with httpx.Client(timeout=_TIMEOUT_S, follow_redirects=True) as client:
        for portrait in missing(portraits, folder):
            try:
                found = client.get(portrait.address).raise_for_status().content
            except httpx.TransportError as error:
                return [*failed, f"{portrait.address} was not reached ({error}); nothing more is tried."]
            except httpx.HTTPStatusError as error:
                failed.append(f"{portrait.name}: {error.response.status_code} from {portrait.address}")
                continue
            if hashlib.sha256(found).hexdigest() == portrait.sha256:
                (folder / portrait.name).write_bytes(found)
            else:
                failed.append(f"{portrait.name}: other bytes than those in {MANIFEST.name}; not kept")
    return failed


def main() -> int:
    """Fetch all, and say what is there."""
    folder = Path(sys.argv[1]) if sys.argv[1:] else FOLDER
    portraits = listed()
    failed = fetch(portraits, folder)
    left = len(list(missing(portraits, folder)))
    print(*failed, sep="\n", end="\n" if failed else "")
    print(f"{len(portraits) - left} of {len(portraits)} portraits are in {folder}.")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
