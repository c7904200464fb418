"""Speed and memory of uploads, downloads and playback: ``python tests/bench/bench_media.py``.

Name one or more of ``upload``, ``archive``, ``memory`` and ``play`` to run only these. The films are real H.264; every
frame is a keyframe of noise, so that a second of them is large.

- upload: 200 MB from the form's uploader in a browser until they are stored, probed and shown in their slot, compared
  with a bare copy and hash of the same bytes in the same run; and without the browser, by the library alone. Target: at
  most 4 times the bare copy. *held* is the server's memory above idle, at its peak and afterwards.
- archive: a vendor's finished video: fetched over HTTP through the guarded client, checked by a worker to its last
  frame, and stored; compared with the bare copy and hash.
- memory: above idle, of a process that fetches a link to 1 GB, and of the server while it serves 1 GB for playback.
  Target: at most 64 MB.
- play: time to the first byte of a stored video of 1 GB, from its beginning and from 90 % of it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx
import psutil
from playwright.sync_api import Page, expect, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # so that the script also runs by its path

from lipsync_core import Settings, Studio  # noqa: E402 - needs the line above
from lipsync_core.db.database import Database  # noqa: E402
from lipsync_core.media.store import MediaStore  # noqa: E402
from lipsync_core.net.fetch import fetch  # noqa: E402
from tests.browser.visit import open_page, put_file, settle, slot  # noqa: E402
from tests.conftest import CHROMIUM  # noqa: E402
from tests.films import make_film  # noqa: E402
from tests.sandbox import served  # noqa: E402
from tests.server import FLAGS, Server  # noqa: E402

MB = 1_000_000
UPLOAD, LARGE = 200 * MB, 1_000 * MB
ROUNDS = 3
REQUESTS = 40
_CHUNK = 1 << 20


def main() -> None:
    """Run the named sections, or all; with ``fetch`` and two arguments, be the process that is measured."""
    if sys.argv[1:2] == ["fetch"]:
        fetching(sys.argv[2], Path(sys.argv[3]))
        return
    sections: dict[str, Callable[[Path], None]] = {
        "upload": upload,
        "archive": archive,
        "memory": memory,
        "play": play,
    }
    for name in sys.argv[1:] or sections:
        with tempfile.TemporaryDirectory(prefix="bench-media-") as folder:
            sections[name](Path(folder))


def upload(folder: Path) -> None:
    """Print the table of uploads."""
    film = make_film(folder / "film.mp4", UPLOAD)
    print(f"{'200 MB':>10} {'seconds':>8} {'ratio':>6} {'held at most':>13} {'afterwards':>11}")
    with studio_server(folder) as (server, studio), browser_page(server) as page:
        bare, form, library, peaks, rests = [], [], [], [], []
        for turn in range(ROUNDS):
            open_page(page)
            page.get_by_text("New voice for a video", exact=True).click()
            settle(page)
            expect(slot(page, "video").locator("input[type=file]")).to_have_count(1)
            another(film, turn)
            bare.append(timed(lambda: copy_and_hash(film, folder / "copy")))
            with watched(server.pid) as held:
                started = time.perf_counter()
                put_file(page, "video", film)
                expect(slot(page, "video").get_by_role("button", name="Replace")).to_be_visible(timeout=120_000)
                form.append(time.perf_counter() - started)
            peaks.append(held.peak_mb)
            time.sleep(3)  # memory is freed after the run has ended
            rests.append(held.now_mb())
            another(film, ROUNDS + turn)
            library.append(timed(lambda: studio.desk().media.keep(film, "video", "film.mp4")))
    base = median(bare)
    print(f"{'bare copy':>10} {base:>8.2f} {1:>6.2f}")
    print(f"{'library':>10} {median(library):>8.2f} {median(library) / base:>6.2f}")
    held_mb = f"{max(peaks):>10.0f} MB {rests[-1]:>8.0f} MB"
    print(f"{'form':>10} {median(form):>8.2f} {median(form) / base:>6.2f} {held_mb}", flush=True)


def archive(folder: Path) -> None:
    """Print how fast a vendor's video is archived, in MB per second."""
    film = make_film(folder / "film.mp4", UPLOAD)
    with studio_server(folder, start=False) as (_server, studio), files_at(folder) as base:
        store = MediaStore(studio.settings.media_dir, Database(studio.settings.database_url))
        bare, whole, parts = [], [], []
        for turn in range(ROUNDS):
            another(film, turn)
            bare.append(timed(lambda: copy_and_hash(film, folder / "copy")))
            with store.scratch("output") as scratch:
                path = scratch / "video.mp4"
                fetched = timed(lambda path=path: bring(f"{base}/film.mp4", path))  # type: ignore[misc]  # bound now
                started = time.perf_counter()
                found = store.look_at_video(path)
                checked = time.perf_counter() - started
                store.keep_rendered(path, found)
                kept = time.perf_counter() - started - checked
            whole.append(fetched + checked + kept)
            parts.append((fetched, checked, kept))
    fetched, checked, kept = sorted(parts, key=sum)[ROUNDS // 2]
    size = UPLOAD / MB
    print(f"\narchive: {size / median(whole):.0f} MB/s, beside {size / median(bare):.0f} MB/s for a copy with its hash")
    print(
        f"         200 MB: fetched in {fetched:.2f} s, checked in {checked:.2f} s, stored in {kept:.2f} s", flush=True
    )


def memory(folder: Path) -> None:
    """Print the table of memory above idle."""
    make_film(folder / "film.mp4", LARGE)
    print(f"\n{'1 GB':>12} {'above idle':>11} {'MB/s':>6}")
    with files_at(folder) as base:
        command = [sys.executable, __file__, "fetch", f"{base}/film.mp4", str(folder / "fetched")]
        above, seconds = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    (folder / "fetched").unlink()
    print(f"{'fetched':>12} {float(above):>8.1f} MB {LARGE / MB / float(seconds):>6.0f}", flush=True)
    with studio_server(folder) as (server, studio):
        link = server.url + studio.desk().media.link(studio.desk().media.keep(folder / "film.mp4", "video", "film.mp4"))
        httpx.get(link, headers={"Range": "bytes=0-9"})  # idle is measured after one request
        with watched(server.pid) as held:
            seconds_out = timed(lambda: read_all(link))
    print(f"{'played out':>12} {held.peak_mb:>8.1f} MB {LARGE / MB / seconds_out:>6.0f}", flush=True)


def play(folder: Path) -> None:
    """Print the times to the first byte."""
    make_film(folder / "film.mp4", LARGE)
    with studio_server(folder) as (server, studio), httpx.Client() as client:
        link = server.url + studio.desk().media.link(studio.desk().media.keep(folder / "film.mp4", "video", "film.mp4"))
        size = (folder / "film.mp4").stat().st_size
        for what, start in (("first byte", 0), ("seek to 90 %", size * 9 // 10)):
            waits = sorted(first_byte_s(client, link, start) for _ in range(REQUESTS))
            print(
                f"{what:>13}: {median(waits) * 1000:.1f} ms (9 of 10 within {waits[REQUESTS * 9 // 10] * 1000:.1f} ms)"
            )


def another(film: Path, turn: int) -> None:
    """Change the file's content, because the store keeps equal files only once."""
    with film.open("ab") as file:
        file.write(b"\0\0\0\x18free" + f"{turn:016d}".encode())


def copy_and_hash(source: Path, target: Path) -> None:
    """Do the minimum that storing takes: read, hash, write and sync every byte."""
    digest = hashlib.sha256()
    with source.open("rb") as read, target.open("wb") as written:
        while chunk := read.read(_CHUNK):
            digest.update(chunk)
            written.write(chunk)
        written.flush()
        os.fsync(written.fileno())
    target.unlink()


def bring(url: str, into: Path) -> None:
    """Fetch a link as the archive does."""
    host = url.split("/")[2]
    asyncio.run(fetch(url, into, allow=(host,), max_bytes=2 * 1024**3, timeout_s=600))


def fetching(url: str, into: Path) -> None:
    """Print how much memory this process needs above idle to fetch a link, and how long it takes."""
    bring(url.replace("film.mp4", "little"), into)  # everything that a fetch imports is imported
    idle = psutil.Process().memory_info().rss
    with watched(os.getpid(), idle) as held:
        seconds = timed(lambda: bring(url, into))
    print(held.peak_mb, seconds)


class Held:
    """A process's memory above its idle level."""

    def __init__(self, pid: int, idle: int | None = None) -> None:
        self._process = psutil.Process(pid)
        self._idle = self._process.memory_info().rss if idle is None else idle
        self.peak_mb = 0.0

    def now_mb(self) -> float:
        """Return the memory above idle now, and record the peak."""
        above = (self._process.memory_info().rss - self._idle) / MB
        self.peak_mb = max(self.peak_mb, above)
        return above


@contextmanager
def watched(pid: int, idle: int | None = None) -> Iterator[Held]:
    """Sample a process's memory every few milliseconds."""
    held, over = Held(pid, idle), threading.Event()

    def look() -> None:
        while not over.wait(0.01):
            held.now_mb()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield held
    finally:
        over.set()
        thread.join()


@contextmanager
def studio_server(folder: Path, *, start: bool = True) -> Iterator[tuple[Server, Studio]]:
    """Start the studio's server, and open its ledger and media from outside."""
    variables = {"STUDIO_DATABASE_URL": f"sqlite:///{folder / 'studio.db'}", "STUDIO_MEDIA_URL": str(folder / "media")}
    server = Server(variables, folder / "server.log", command=True)
    try:
        if start:
            server.start()
        yield server, Studio(Settings.from_env(variables, dotenv=folder / "no.env"))
    finally:
        server.stop()


@contextmanager
def browser_page(server: Server) -> Iterator[Page]:
    """Open a page in a browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser.new_context(base_url=server.url).new_page()
        finally:
            browser.close()


@contextmanager
def files_at(folder: Path) -> Iterator[str]:
    """Serve this folder's films and a small file."""
    (folder / "little").write_bytes(bytes(1_000_000))

    async def give(request: Request) -> FileResponse:
        return FileResponse(folder / str(request.path_params["name"]))

    with served(Starlette(routes=[Route("/{name}", give)])) as base:
        yield base


def read_all(link: str) -> None:
    """Download a whole file and discard it."""
    with httpx.stream("GET", link) as answer:
        answer.raise_for_status()
        for _ in answer.iter_raw():
            pass


def first_byte_s(client: httpx.Client, link: str, start: int) -> float:
    """Return the seconds from the request for the bytes from ``start`` to the first of them."""
    begun = time.perf_counter()
    with client.stream("GET", link, headers={"Range": f"bytes={start}-{start + 2_000_000}"}) as answer:
        assert answer.status_code == 206
        next(answer.iter_raw())
        return time.perf_counter() - begun


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that this work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
