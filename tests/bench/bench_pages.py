"""How fast the Jobs page is with a large ledger, compared with a small one: ``python tests/bench/bench_pages.py``.

Both sides are measured alternately in one run; seconds depend on the machine, ratios hardly do.

One full run of the page, from request to last message, with 10,000 jobs in the ledger and with 60. Both draw a table of
fifty rows, six of which run. CPU is the server process's time for one run.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # so that the script also runs by its path

from tests.bench.servers import cpu_s, running, studio  # noqa: E402 - needs the line above
from tests.bench.tabs import Tab  # noqa: E402
from tests.server import Server  # noqa: E402

FEW, MANY, PENDING = 60, 10_000, 6
RERUNS = 30
SITUATIONS = {
    "first page": "",
    "deep page": "page=190",
    "one person": "person=Ana",
    "search, all fit": "text=update",
    "search, few fit": "text=update+77",
    "one state": "state=Done",
    "one project": "project=Weekly+update",
    "by price": "order=Highest+price+first",
    "cards": "view=cards",
}
"""The queries for the large ledger; the small one always shows its first page, which draws as much."""


def main() -> None:
    """Print the table of full runs."""
    with tempfile.TemporaryDirectory(prefix="bench-pages-") as folder:
        rerun(Path(folder))


@dataclass(slots=True)
class Cost:
    """The cost of several full runs."""

    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)


def rerun(folder: Path) -> None:
    """Print the table of full runs on a large ledger and on a small one."""
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
        # One tab per situation, because a tab keeps the first values of its widgets.
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


if __name__ == "__main__":
    main()
