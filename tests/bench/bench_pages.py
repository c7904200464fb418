"""How fast the pages are, each time beside something to compare with: ``python tests/bench/bench_pages.py``.

Name ``rerun`` or ``ticks`` to run only that. Both sides of a comparison are measured in turn, in one run; seconds
depend on the machine, ratios hardly do.

- rerun: one full run of the Jobs page, from request to last message, with 10,000 jobs in the ledger beside 20. Both
  draw six running jobs and twelve rows of history. CPU is what the server's process spends on one run.
- ticks: fifty tabs on the Jobs page while jobs are pending, each refreshing at the page's own interval, beside fifty
  tabs of a page whose fragment only writes the time as often. CPU is the server's, in per cent of one core.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # so that the script also runs by its path

from pages.cards import TICK_S  # noqa: E402 - needs the line above
from tests.bench.servers import bare, cpu_s, running, studio  # noqa: E402
from tests.bench.tabs import Tab, Ticks, staggered  # noqa: E402
from tests.server import Server  # noqa: E402

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
TABS = 50
ROUNDS = 2
WATCH_S = 15.0

ONLY_TIME = f"""import time
import streamlit as st
st.title("Bare")

@st.fragment(run_every={TICK_S})
def now():
    st.text(time.strftime("%H:%M:%S"))

now()
"""


def main() -> None:
    """Run the sections that were named, or all."""
    sections: dict[str, Callable[[Path], None]] = {"rerun": rerun, "ticks": ticks}
    for name in sys.argv[1:] or sections:
        with tempfile.TemporaryDirectory(prefix="bench-pages-") as folder:
            sections[name](Path(folder))


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
