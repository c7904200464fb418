"""The cost of a page that refreshes every second in fifty tabs: ``python tests/bench/bench_ticks.py [--loops 2]``.

Compares tabs on the Jobs page with as many tabs of a page whose only content is a fragment that draws a table of twelve
rows as often. Both use the studio's configuration and are measured alternately in one run. The table is an
``st.table``, the cheaper of Streamlit's two tables.

- 12 running: renders without news from the vendor, as is usual; a bar moves by one percent every few seconds.
- 12 counting down: the most that can change, twelve texts every second.

A tick is *due* when a timer of a tab's page fires, and *delivered* when its run has ended; a tick that fires while
another one still waits is merged with it. CPU is the server's own, and ratios are of CPU per due tick. ``--loops``
starts this many endless loops, each in its own session: the kernel shares a processor among sessions first, so loops in
the server's session would take only from the server's share.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # so that the script also runs by its path

from pages.ui.job.card import TICK_S  # noqa: E402 - needs the line above
from tests.bench.servers import bare, cpu_s, loops, running, studio  # noqa: E402
from tests.bench.tabs import Tab, Ticks, staggered  # noqa: E402
from tests.server import Server  # noqa: E402

TABS = 50
ROUNDS = 2
WATCH_S = 15.0
JOBS = 12

TABLE = f"""import time
import streamlit as st
st.title("Bare")

@st.fragment(run_every={TICK_S})
def now():
    at = time.strftime("%H:%M:%S")
    st.table([{{"Job": number, "Name": f"Weekly update {{number}}", "Seen": at}} for number in range({JOBS})])

now()
"""
BARE = "bare table"


def main() -> None:
    """Print the table of many tabs that refresh."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--loops", type=int, default=0, help="endless loops beside it, each in a session of its own")
    parser.add_argument("--tabs", type=int, default=TABS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-ticks-") as name:
        folder = Path(name)
        servers = {
            BARE: (bare(folder / "bare", TABLE), ""),
            f"{JOBS} running": (studio(folder / "running", ended=200, running=JOBS), "jobs"),
            f"{JOBS} counting down": (studio(folder / "held", ended=200, pending=JOBS), "jobs"),
        }
        results: dict[str, list[Watched]] = {name: [] for name in servers}
        with running(*(server for server, _page in servers.values())):
            for _ in range(ROUNDS):
                for name, (server, page) in servers.items():
                    results[name].append(asyncio.run(_watched(server, page, asked.tabs, asked.loops)))
    print(
        f"\nticks: {asked.tabs} tabs, a tick every {TICK_S:g} s, {ROUNDS} × {WATCH_S:g} s each, "
        f"{asked.loops} endless loops beside it"
    )
    _print({name: Watched.together(rounds) for name, rounds in results.items()})


def _print(rows: dict[str, Watched]) -> None:
    print(
        f"{'':20}{'due':>7}{'delivered':>11}{'lost':>6}{'kB/tick':>9}{'messages':>10}{'p50 ms':>8}{'p95 ms':>8}"
        f"{'CPU %':>8}{'CPU ms/tick':>13}{'ratio':>8}"
    )
    for name, row in rows.items():
        waits = quantiles((wait * 1000 for wait in row.waits_s), n=20)
        print(
            f"{name:20}{row.due:7}{row.delivered:11}{row.due - row.delivered:6}"
            f"{row.bytes_in / row.delivered / 1000:9.1f}{row.messages / row.delivered:10.1f}"
            f"{waits[9]:8.0f}{waits[18]:8.0f}"
            f"{row.cpu_s / row.seconds:8.0%}{row.cpu_ms:13.1f}{row.cpu_ms / rows[BARE].cpu_ms:8.2f}"
        )


@dataclass(slots=True)
class Watched:
    """What all tabs observed of one server, and the CPU that it used."""

    due: int
    delivered: int
    messages: int
    bytes_in: int
    waits_s: list[float]
    cpu_s: float
    seconds: float

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds per due tick."""
        return self.cpu_s / self.delivered * 1000

    @classmethod
    def together(cls, rounds: list[Watched]) -> Watched:
        """Combine several rounds."""
        return cls(
            sum(one.due for one in rounds),
            sum(one.delivered for one in rounds),
            sum(one.messages for one in rounds),
            sum(one.bytes_in for one in rounds),
            [wait for one in rounds for wait in one.waits_s],
            sum(one.cpu_s for one in rounds),
            sum(one.seconds for one in rounds),
        )


async def _watched(server: Server, page: str, count: int, busy: int) -> Watched:
    async def later(tab: Tab, wait_s: float) -> Ticks:
        await asyncio.sleep(wait_s)
        return await tab.watch(WATCH_S)

    async with AsyncExitStack() as opened:
        tabs = [await opened.enter_async_context(Tab(server.url, page)) for _ in range(count)]
        for tab in tabs:
            await tab.run()
        opened.enter_context(loops(busy))
        spent, begun = cpu_s(server), time.perf_counter()
        waits = staggered(count, TICK_S)
        seen = await asyncio.gather(*(later(tab, wait_s) for tab, wait_s in zip(tabs, waits, strict=True)))
        return Watched(
            due=sum(one.asked for one in seen),
            delivered=sum(one.delivered for one in seen),
            messages=sum(one.messages for one in seen),
            bytes_in=sum(one.bytes_in for one in seen),
            waits_s=[wait for one in seen for wait in one.waits_s],
            cpu_s=cpu_s(server) - spent,
            seconds=time.perf_counter() - begun,
        )


if __name__ == "__main__":
    main()
