"""How long people wait on a busy machine: ``python tests/bench/bench_busy.py``.

Name ``draft`` or ``pages`` to run only that section. "Busy" means beside two endless loops, each in its own session:
many Linux kernels share the processor among sessions first, so that one loop weighs as much as the whole studio. In a
container, and on other systems, only priorities matter: run the benchmark in a container, too.

- draft: a newcomer presses "Render the sample" in a browser; the time from the press until the finished video shows its
  first picture. A fresh studio each time, alternating between quiet and busy. Target: busy at most 3 times quiet.
  *render* is the part during which the ledger has the job as rendering.
- pages: one full run of the Jobs page, from request to last message, while no draft renders, while one does, and while
  three do at once. The page draws the same twelve running jobs each time.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # so that the script also runs by its path

from lipsync_core import Brief, Filter, JobState, Studio  # noqa: E402 - needs the line above
from lipsync_core.brief import KeptMedium  # noqa: E402
from lipsync_core.samples import PORTRAITS  # noqa: E402
from tests.bench.bench_draft import looped_voice  # noqa: E402
from tests.bench.filled import fill  # noqa: E402
from tests.bench.tabs import Tab  # noqa: E402
from tests.browser.visit import open_page, press  # noqa: E402
from tests.conftest import CHROMIUM  # noqa: E402
from tests.server import FLAGS, Server, studio_of  # noqa: E402

LOOPS = 2
ROUNDS = 4
RERUNS = 30
PAUSE_S = 0.15
"""Pause between two runs of a page, because a person does not click again at once."""
PENDING = 12
"""Jobs on the page that never end: as many as the page draws cards for."""
VOICE_S, DRAFTS = 60, 40
"""Enough to keep rendering for the longest measurement."""
FIRST_PICTURE = "() => { const one = document.querySelector('video'); return one !== null && one.readyState >= 2 }"


def main() -> None:
    """Run the sections that were named, or all."""
    sections: dict[str, Callable[[Path], None]] = {"draft": draft, "pages": pages}
    for name in sys.argv[1:] or sections:
        with tempfile.TemporaryDirectory(prefix="bench-busy-") as folder:
            sections[name](Path(folder))


@contextmanager
def beside_loops(count: int = LOOPS) -> Iterator[None]:
    """Keep this many processors busy."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def draft(folder: Path) -> None:
    """Print how long a newcomer waits for the sample's draft."""
    waits: dict[str, list[tuple[float, float]]] = {"quiet": [], "busy": []}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for number in range(ROUNDS):
            for name, seen in waits.items():
                own = folder / f"{name}-{number}"
                own.mkdir()
                seen.append(_pressed(browser, own, busy=name == "busy"))
        browser.close()
    print(f"\ndraft: from the press to the sample's video on the page, {ROUNDS} fresh studios each, medians")
    print(f"{'':8}{'s':>8}{'ratio':>8}{'fastest':>9}{'slowest':>9}{'render s':>10}{'ratio':>8}")
    whole, rendering = (median(wait[part] for wait in waits["quiet"]) for part in (0, 1))
    for name, seen in waits.items():
        wholes, renders = zip(*seen, strict=True)
        print(
            f"{name:8}{median(wholes):8.2f}{median(wholes) / whole:8.2f}{min(wholes):9.2f}{max(wholes):9.2f}"
            f"{median(renders):10.2f}{median(renders) / rendering:8.2f}"
        )


def _pressed(browser: Browser, folder: Path, *, busy: bool) -> tuple[float, float]:
    """Return the seconds from the press to the first picture, and for how many of them the job was rendering."""
    environment = fill(folder, ended=0, pending=0)
    with Server(environment, folder / "server.log") as server, ExitStack() as around:
        context = browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 900})
        page = context.new_page()
        open_page(page)
        if busy:
            around.enter_context(beside_loops())
            time.sleep(0.5)
        begun = time.perf_counter()
        press(page, "Render the sample")
        page.wait_for_function(FIRST_PICTURE, timeout=120_000)
        whole_s = time.perf_counter() - begun
        context.close()
        (job,) = studio_of(environment).page(Filter(), limit=1)
        assert job.started_at is not None
        assert job.finished_at is not None
        return whole_s, (job.finished_at - job.started_at).total_seconds()


def pages(folder: Path) -> None:
    """Print how long a page takes while drafts render."""
    voice = looped_voice(folder / "voice.wav", VOICE_S)
    print(f"\npages: one run of the Jobs page while drafts render, {RERUNS} runs each")
    print(f"{'':8}{'drafts':>8}{'p50 ms':>8}{'ratio':>8}{'p95 ms':>8}{'ratio':>8}")
    for name, loops in (("quiet", 0), ("busy", LOOPS)):
        reference: tuple[float, float] | None = None
        for count in (0, 1, 3):
            own = folder / f"{name}-{count}"
            own.mkdir()
            runs = _runs(own, voice, drafts=count, loops=loops)
            seen = median(runs) * 1000, quantiles(runs, n=20)[-1] * 1000
            reference = reference or seen
            print(
                f"{name:8}{count:8}{seen[0]:8.0f}{seen[0] / reference[0]:8.2f}"
                f"{seen[1]:8.0f}{seen[1] / reference[1]:8.2f}",
                flush=True,
            )


def _runs(folder: Path, voice: Path, *, drafts: int, loops: int) -> list[float]:
    """Return the seconds that each run of the page took."""
    environment = fill(folder, ended=20, pending=PENDING) | {"STUDIO_DRAFT_SLOTS": str(max(1, drafts))}
    if drafts:
        _queue(studio_of(environment), voice)
    with Server(environment, folder / "server.log") as server, beside_loops(loops):
        studio = studio_of(environment)
        while _rendering(studio) < drafts:
            time.sleep(0.1)
        runs = asyncio.run(_rerun(server))
        assert _rendering(studio) >= drafts, "nothing was left to render"
        return runs


def _queue(studio: Studio, voice: Path) -> None:
    kept = (
        studio.desk().media.keep(PORTRAITS[0].path, "image", "portrait.jpg"),
        studio.desk().media.keep(voice, "audio", voice.name),
    )
    image, audio = (KeptMedium(facts.sha256, facts.name) for facts in kept)
    for number in range(DRAFTS):
        studio.submit(Brief(engine="draft/portrait", image=image, audio=audio, seed=number), by="Ana")


async def _rerun(server: Server) -> list[float]:
    async with Tab(server.url, "jobs") as tab:
        for _ in range(3):  # the first runs of a server import and compile
            await tab.run()
        runs = []
        for _ in range(RERUNS):
            runs.append(await tab.run())
            await asyncio.sleep(PAUSE_S)
        return runs


def _rendering(studio: Studio) -> int:
    return studio.count(Filter(states=[JobState.RENDERING]))


if __name__ == "__main__":
    main()
