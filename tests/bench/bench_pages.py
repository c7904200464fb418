"""How fast the pages are, each time beside something to compare with: ``python tests/bench/bench_pages.py``.

Name one or more of ``rerun``, ``first`` and ``ticks`` to run only these. Both sides of a comparison are measured in
turn, in one run; seconds depend on the machine, ratios hardly do.

- rerun: one full run of the Jobs page, from request to last message, with 10,000 jobs in the ledger beside 20. Both
  draw six running jobs and twelve rows of history. CPU is what the server's process spends on one run.
- first: from a browser's request to a visible button, for the first visitor of a server that was just started: "Render
  the sample" on the Create page beside a page that has one title and one button. *start* is from the command until the
  server answers, *whole page* until the places for a portrait and a voice are there too.
- ticks: fifty tabs on the Jobs page while jobs are pending, each refreshing at the page's own interval, beside fifty
  tabs of a page whose fragment only writes the time as often. CPU is the server's, in per cent of one core.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree
from statistics import median, quantiles

import psutil
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # so that the script also runs by its path

from pages.cards import TICK_S  # noqa: E402 - needs the line above
from tests.bench.filled import fill  # noqa: E402
from tests.bench.tabs import Tab, Ticks, staggered  # noqa: E402
from tests.conftest import CHROMIUM  # noqa: E402
from tests.server import FLAGS, Server  # noqa: E402

FEW, MANY, PENDING = 20, 10_000, 6
RERUNS = 30
SITUATIONS = {
    "first page": "",
    "deep page": "page=800",
    "one person": "person=Ana",
    "search, all fit": "text=update",
    "search, few fit": "text=update+77",
    "one state": "state=Done",
}
"""What the big ledger is asked for; the small one always shows its first page, which draws as much."""
VISITS = 7
TABS = 50
ROUNDS = 2
WATCH_S = 15.0

BARE_APP = """from pathlib import Path
import streamlit as st
app = st.App(Path(__file__).resolve().parent / "page.py")
"""
ONE_BUTTON = """import streamlit as st
st.title("Bare")
st.button("Render the sample", type="primary")
"""
ONLY_TIME = f"""import time
import streamlit as st
st.title("Bare")

@st.fragment(run_every={TICK_S})
def now():
    st.text(time.strftime("%H:%M:%S"))

now()
"""

SEEN = """
const visible = (selector) => [...document.querySelectorAll(selector)].filter(e => e.getBoundingClientRect().height);
const look = () => {
  if (visible("button").some(b => b.innerText.includes("Render the sample"))) { window.seenAt ??= performance.now() }
  if (visible("[data-testid=stFileUploaderDropzone]").length >= 2) { window.wholeAt ??= performance.now() }
  else { requestAnimationFrame(look) }
};
requestAnimationFrame(look);
"""
"""Notes, in the page's own clock that starts with its request, when the button and the rest have a place on screen."""


def main() -> None:
    """Run the sections that were named, or all."""
    sections: dict[str, Callable[[Path], None]] = {"rerun": rerun, "first": first, "ticks": ticks}
    for name in sys.argv[1:] or sections:
        with tempfile.TemporaryDirectory(prefix="bench-pages-") as folder:
            sections[name](Path(folder))


def bare(folder: Path, page: str) -> Server:
    """A server whose only page is ``page``, under the studio's own configuration."""
    folder.mkdir(parents=True)
    copytree(ROOT / ".streamlit", folder / ".streamlit")
    (folder / "app.py").write_text(BARE_APP)
    (folder / "page.py").write_text(page)
    return Server({}, folder / "server.log", app=folder / "app.py")


def studio(folder: Path, *, ended: int, pending: int) -> Server:
    """The studio on a ledger of its own."""
    folder.mkdir(parents=True)
    return Server(fill(folder, ended=ended, pending=pending), folder / "server.log", command=True)


@contextmanager
def running(*servers: Server) -> Iterator[None]:
    """Start the servers and stop them again."""
    try:
        for server in servers:
            server.start()
        yield
    finally:
        for server in servers:
            server.stop()


def cpu_s(server: Server) -> float:
    """The processor seconds that the server's own process has used."""
    times = psutil.Process(server.pid).cpu_times()
    return times.user + times.system


@dataclass(slots=True)
class Cost:
    """What some full runs took."""

    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)


def rerun(folder: Path) -> None:
    """Print the table of full runs on a big ledger beside a small one."""
    few = studio(folder / "few", ended=FEW - PENDING, pending=PENDING)
    many = studio(folder / "many", ended=MANY - PENDING, pending=PENDING)
    with running(few, many):
        small, big = asyncio.run(_reruns(few, many))
    wall, cpu = median(small.wall_ms), sum(small.cpu_ms) / len(small.cpu_ms)
    print(f"\nrerun: the Jobs page with {MANY:,} jobs beside {FEW}, {RERUNS} runs each, medians (CPU: means)")
    print(f"{'':18}{'ms':>8}{'ratio':>8}{'CPU ms':>9}{'ratio':>8}")
    print(f"{f'{FEW} jobs':18}{wall:8.1f}{1:8.2f}{cpu:9.1f}{1:8.2f}")
    for name, cost in big.items():
        w, c = median(cost.wall_ms), sum(cost.cpu_ms) / RERUNS
        print(f"{name:18}{w:8.1f}{w / wall:8.2f}{c:9.1f}{c / cpu:8.2f}")


async def _reruns(few: Server, many: Server) -> tuple[Cost, dict[str, Cost]]:
    async def once(tab: Tab, server: Server, query: str, cost: Cost) -> None:
        spent = cpu_s(server)
        cost.wall_ms.append(await tab.run(query) * 1000)
        cost.cpu_ms.append((cpu_s(server) - spent) * 1000)

    small, big = Cost(), {name: Cost() for name in SITUATIONS}
    async with Tab(few.url, "jobs") as reference, AsyncExitStack() as opened:
        # A tab for each situation: a tab that is asked again keeps what its widgets said first.
        tabs = {name: await opened.enter_async_context(Tab(many.url, "jobs")) for name in SITUATIONS}
        for _ in range(3):  # the first runs of a server import and compile
            await reference.run()
            for name, tab in tabs.items():
                await tab.run(SITUATIONS[name])
        for _ in range(RERUNS):
            for name, tab in tabs.items():
                await once(reference, few, "", small)
                await once(tab, many, SITUATIONS[name], big[name])
    return small, big


def first(folder: Path) -> None:
    """Print the table of first visits to a cold server."""
    servers = {
        "bare page": bare(folder / "bare", ONE_BUTTON),
        "studio": studio(folder / "studio", ended=0, pending=0),
    }
    starts: dict[str, list[float]] = {name: [] for name in servers}
    visits: dict[str, list[float]] = {name: [] for name in servers}
    wholes: list[float] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for number in range(VISITS + 1):
            for name, server in servers.items():
                begun = time.perf_counter()
                with running(server):
                    start_s = time.perf_counter() - begun
                    seen_s, whole_s = _visit(browser, server, last="wholeAt" if name == "studio" else "seenAt")
                if number:  # the first round also reads files that no later one has to
                    starts[name].append(start_s)
                    visits[name].append(seen_s)
                    if name == "studio":
                        wholes.append(whole_s)
        browser.close()
    print(f"\nfirst: the first visitor of a server just started, {VISITS} starts each, medians")
    print(f"{'':12}{'start s':>10}{'request to button s':>22}{'fastest':>9}{'slowest':>9}{'ratio':>8}")
    reference = median(visits["bare page"])
    for name, seen in visits.items():
        typical = median(seen)
        print(
            f"{name:12}{median(starts[name]):10.2f}{typical:22.2f}{min(seen):9.2f}{max(seen):9.2f}"
            f"{typical / reference:8.2f}"
        )
    print(f"whole page of the studio: {median(wholes):.2f} s")


def _visit(browser: Browser, server: Server, *, last: str) -> tuple[float, float]:
    """Seconds until the button was there, and until what is noted as ``last``."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.add_init_script(SEEN)
    page.goto(server.url, wait_until="commit")
    last_ms = page.wait_for_function(f"() => window.{last}", timeout=60_000).json_value()
    seen_ms = page.evaluate("() => window.seenAt")
    context.close()
    return seen_ms / 1000, last_ms / 1000


def ticks(folder: Path) -> None:
    """Print the table of many tabs that refresh."""
    servers = {
        "bare page": (bare(folder / "bare", ONLY_TIME), ""),
        "studio, 2 running": (studio(folder / "two", ended=200, pending=2), "jobs"),
        "studio, 12 running": (studio(folder / "twelve", ended=200, pending=12), "jobs"),
    }
    print(f"\nticks: {TABS} tabs, a tick every {TICK_S:g} s, {ROUNDS} × {WATCH_S:g} s each")
    print(
        f"{'':20}{'asked':>8}{'delivered':>11}{'lost':>6}{'kB/tick':>9}{'p50 ms':>8}{'p95 ms':>8}"
        f"{'CPU %':>8}{'CPU ms/tick':>13}{'ratio':>8}"
    )
    results: dict[str, list[Watched]] = {name: [] for name in servers}
    with running(*(server for server, _page in servers.values())):
        for _ in range(ROUNDS):
            for name, (server, page) in servers.items():
                results[name].append(asyncio.run(_watched(server, page)))
    rows = {name: Watched.together(rounds) for name, rounds in results.items()}
    for name, row in rows.items():
        waits = quantiles((wait * 1000 for wait in row.waits_s), n=20)
        print(
            f"{name:20}{row.asked:8}{row.delivered:11}{row.asked - row.delivered:6}"
            f"{row.bytes_in / row.delivered / 1000:9.1f}{waits[9]:8.0f}{waits[18]:8.0f}"
            f"{row.cpu_s / row.seconds:8.0%}{row.cpu_s / row.delivered * 1000:13.1f}"
            f"{row.cpu_s / rows['bare page'].cpu_s:8.2f}"
        )


@dataclass(slots=True)
class Watched:
    """What all tabs saw of one server while they watched it, and what it spent."""

    asked: int
    delivered: int
    bytes_in: int
    waits_s: list[float]
    cpu_s: float
    seconds: float

    @classmethod
    def together(cls, rounds: list[Watched]) -> Watched:
        """Several rounds as one."""
        return cls(
            sum(one.asked for one in rounds),
            sum(one.delivered for one in rounds),
            sum(one.bytes_in for one in rounds),
            [wait for one in rounds for wait in one.waits_s],
            sum(one.cpu_s for one in rounds),
            sum(one.seconds for one in rounds),
        )


async def _watched(server: Server, page: str) -> Watched:
    async def later(tab: Tab, wait_s: float) -> Ticks:
        await asyncio.sleep(wait_s)
        return await tab.watch(WATCH_S)

    async with AsyncExitStack() as opened:
        tabs = [await opened.enter_async_context(Tab(server.url, page)) for _ in range(TABS)]
        for tab in tabs:
            await tab.run()
        spent, begun = cpu_s(server), time.perf_counter()
        waits = staggered(TABS, TICK_S)
        seen = await asyncio.gather(*(later(tab, wait_s) for tab, wait_s in zip(tabs, waits, strict=True)))
        return Watched(
            asked=sum(one.asked for one in seen),
            delivered=sum(one.delivered for one in seen),
            bytes_in=sum(one.bytes_in for one in seen),
            waits_s=[wait for one in seen for wait in one.waits_s],
            cpu_s=cpu_s(server) - spent,
            seconds=time.perf_counter() - begun,
        )


if __name__ == "__main__":
    main()
