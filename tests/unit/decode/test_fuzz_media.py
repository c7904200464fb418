"""Hostile files: each is taken or refused in words. None crashes, hangs, swells, phones or leaves anything behind."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from lipsync_core import ROOT, MediaError, Settings, Studio
from lipsync_core.media.store import LOOK
from tests import corpus
from tests.hostile import Hostile, made, mutated

SEED = int(os.environ.get("FUZZ_SEED", "1"))
COUNT = int(os.environ.get("FUZZ_COUNT", "480"))
"""More of other seeds: ``FUZZ_SEED=7 FUZZ_COUNT=5000 pytest tests/unit/decode/test_fuzz_media.py``."""
UPLOADED = 40
HUNG_S = 900
"""Seconds after which all files together would hang; they take a few."""
MOST_MB = 500
"""Of memory in use at a time: the largest picture that is taken decodes to 150 MB. Address space has `LOOK`'s limit."""


class Canary:
    """A server that must hear nothing."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        canary = self

        class Ear(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                canary.heard.append(self.path)
                self.send_error(404)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Ear)
        self.link = f"http://127.0.0.1:{self._server.server_address[1]}/inside"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def end(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def canary() -> Iterator[Canary]:
    canary = Canary()
    yield canary
    canary.end()


@pytest.fixture(scope="module")
def files(canary: Canary) -> list[Hostile]:
    return [*mutated(SEED, COUNT), *made(canary.link)]


@dataclass(slots=True)
class Looked:
    """What became of files that were looked into one after the other."""

    became: dict[str, str] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    """Those that ended their process, and how."""
    peak_mb: float = 0.0


@pytest.fixture(scope="module")
def looked(files: list[Hostile], tmp_path_factory: pytest.TempPathFactory) -> tuple[Looked, Path]:
    """All files, looked into and, where they are accepted, converted; after a crash with a fresh process."""
    folder = tmp_path_factory.mktemp("hostile")
    work = folder / "work"
    work.mkdir()
    entries = []
    for number, file in enumerate(files):
        path = folder / f"{number}.{file.name}"
        path.write_bytes(file.data)
        entries.append({"path": str(path), "kind": file.kind})
    found = Looked()
    while entries:
        entries = _look_until_it_ends(entries, work, found)
    return found, folder


def _look_until_it_ends(entries: list[dict[str, str]], work: Path, found: Looked) -> list[dict[str, str]]:
    """Look into files until they end or one ends the process; returns those behind that one."""
    manifest = work.with_name("manifest.json")
    manifest.write_text(json.dumps(entries))
    command = [sys.executable, "-m", "tests.looking", str(LOOK.memory_mb), str(manifest)]
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(work), "PYTHONPATH": str(ROOT)}
    try:
        done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, timeout=HUNG_S)
        said, how = done.stdout, f"ended with {done.returncode}: {done.stderr[-500:]}"
    except subprocess.TimeoutExpired as late:
        said, how = (late.stdout or b"").decode(), "hung"
    finally:
        manifest.unlink()
    begun = ""
    for line in map(json.loads, said.splitlines()):
        begun = line.get("begun", begun)
        if "became" in line:
            found.became[begun], begun = line["became"], ""
        found.peak_mb = max(found.peak_mb, line.get("peak_mb", 0.0))
    names = [Path(entry["path"]).name for entry in entries]
    if not begun and names[-1] in found.became:
        return []
    found.ended[begun or "before the first"] = how
    return entries[names.index(begun) + 1 :] if begun else []


def test_there_are_five_hundred_of_them_each_the_same_every_time(files: list[Hostile], canary: Canary) -> None:
    assert len(files) >= 500 or COUNT < 480
    assert files == [*mutated(SEED, COUNT), *made(canary.link)]
    assert {file.kind for file in files} == {"image", "audio", "video"}


MAKE_AGAIN = """
import hashlib, os, sys
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from tests import corpus, hostile
files = [*hostile.mutated(int(sys.argv[1]), int(sys.argv[2])), *hostile.made(sys.argv[3])]
films = [corpus.video(1.0), corpus.video(1.0, format="webm"), corpus.ogg()]
for data in [*films, *(file.data for file in files)]:
    print(hashlib.sha256(data).hexdigest())
"""


def test_another_process_with_one_processor_makes_the_same_bytes(files: list[Hostile], canary: Canary) -> None:
    command = [sys.executable, "-c", MAKE_AGAIN, str(SEED), str(COUNT), canary.link]
    made_again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    films = [corpus.video(1.0), corpus.video(1.0, format="webm"), corpus.ogg()]
    assert [hashlib.sha256(data).hexdigest() for data in (*films, *(file.data for file in files))] == made_again


ENCODE_AGAIN = """
import hashlib
from concurrent.futures import ThreadPoolExecutor
from tests import corpus
kinds = [
    lambda: corpus.video.__wrapped__(1.0),
    lambda: corpus.video.__wrapped__(1.0, format="webm"),
    corpus.ogg,
    corpus.mp3,
    corpus.m4a,
]
with ThreadPoolExecutor(2) as threads:
    for kind in kinds:
        made = threads.map(lambda _: hashlib.sha256(kind()).hexdigest(), range(6))
        print(*sorted(set(made)))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc fills memory before it is used")
def test_a_film_is_the_same_bytes_from_any_thread_and_whatever_memory_held_before() -> None:
    said = [
        subprocess.run(
            [sys.executable, "-c", ENCODE_AGAIN],
            cwd=ROOT,
            env=os.environ | {"MALLOC_PERTURB_": filled},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for filled in ("85", "170")
    ]
    films = [corpus.video(1.0), corpus.video(1.0, format="webm"), corpus.ogg(), corpus.mp3(), corpus.m4a()]
    assert said == [[hashlib.sha256(data).hexdigest() for data in films]] * 2


def test_each_is_taken_or_refused_in_words_and_none_ends_its_process(
    files: list[Hostile], looked: tuple[Looked, Path]
) -> None:
    found, _folder = looked
    assert found.ended == {}
    assert len(found.became) == len(files)
    escaped = {name: became for name, became in found.became.items() if "ESCAPED" in became}
    assert escaped == {}
    taken = [became for became in found.became.values() if became.startswith("taken")]
    assert len(taken) > 20  # so that what comes after looking was tried too
    assert len(found.became) - len(taken) > 200


def test_memory_is_bounded_and_no_file_is_left(looked: tuple[Looked, Path]) -> None:
    found, folder = looked
    assert 0 < found.peak_mb < MOST_MB
    assert "out of memory" not in " ".join(found.became.values())
    assert list((folder / "work").iterdir()) == []
    assert len(list(folder.iterdir())) == len(found.became) + 1


def test_nothing_that_a_file_leads_to_is_asked_for(looked: tuple[Looked, Path], canary: Canary) -> None:
    assert looked[0].became
    assert canary.heard == []


def test_uploads_are_stored_or_refused_and_the_store_holds_what_was_taken_and_nothing_else(
    files: list[Hostile], environment: dict[str, str], tmp_path: Path, canary: Canary
) -> None:
    studio = Studio(Settings.from_env(environment, dotenv=tmp_path / "no.env"))
    some = [*files[COUNT :: max(1, (len(files) - COUNT) // 25)], *files[: COUNT : max(1, COUNT // 25)]][:UPLOADED]

    def brought(file: Hostile) -> str | None:
        try:
            return studio.desk().media.keep(file.data, file.kind, file.name).sha256
        except MediaError as error:
            assert error.title
            assert error.advice
            return None

    with ThreadPoolExecutor(2) as threads:
        kept = set(filter(None, threads.map(brought, some)))
    assert len(some) == UPLOADED or COUNT < 480
    folder = Path(environment["STUDIO_MEDIA_URL"])
    stored = {path.name.partition(".")[0] for path in folder.rglob("*.*") if path.is_file()}
    assert stored == kept
    assert list((folder / ".scratch").iterdir()) == []
    assert {
        facts.sha256 for kind in ("image", "audio", "video") for facts in studio.desk().media.recent(kind, 99)
    } == kept
    assert canary.heard == []
