"""What a newcomer's browser fetches, and how long they wait: ``python tests/bench/bench_first_load.py``.

Chromium with an empty cache, at 1.6 Mbit/s and 150 ms unless ``--mbit`` and ``--ms`` say otherwise, opens the studio's
Create page and a page of one title and one button that Streamlit serves by itself.

- seen: from the request until anything is on screen.
- usable: until the button is ("Render the sample" on Create).
- bytes and requests: with their headers, until nothing more is fetched; sockets are not counted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # so that the script also runs by its path

from tests.bench.servers import bare, running, studio  # noqa: E402 - needs the line above
from tests.conftest import CHROMIUM  # noqa: E402
from tests.server import FLAGS  # noqa: E402

ONE_BUTTON = """import streamlit as st
st.title("Bare")
st.button("Render the sample", type="primary")
"""
LOOKS = """
const look = () => [...document.querySelectorAll("button")]
  .some(button => button.innerText.includes("Render the sample") && button.getBoundingClientRect().height)
  ? window.usableAt = performance.now() : requestAnimationFrame(look);
requestAnimationFrame(look);
"""
SEEN = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


@dataclass(frozen=True, slots=True)
class Visit:
    """One first visit: seconds, bytes and requests."""

    seen: float
    usable: float
    weight: int
    requests: int


def visit(browser: Browser, url: str, *, mbit: float, ms: float) -> Visit:
    """Visit a page as a newcomer does."""
    context = browser.new_context()
    context.add_init_script(LOOKS)
    page = context.new_page()
    wire, sizes = context.new_cdp_session(page), list[int]()
    wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    wire.send("Network.enable")
    speed = mbit * 1e6 / 8
    conditions = {"offline": False, "latency": ms, "downloadThroughput": speed, "uploadThroughput": speed}
    wire.send("Network.emulateNetworkConditions", conditions)
    page.goto(url, wait_until="commit")
    page.wait_for_function("() => window.usableAt", timeout=120_000)
    page.wait_for_load_state("networkidle", timeout=120_000)
    found = Visit(page.evaluate(SEEN) / 1000, page.evaluate("usableAt") / 1000, sum(sizes), len(sizes))
    context.close()
    return found


def main() -> None:
    """Print a line for each of the two pages: the medians."""
    asks = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asks.add_argument("--mbit", type=float, default=1.6)
    asks.add_argument("--ms", type=float, default=150)
    asks.add_argument("--visits", type=int, default=3)
    given = asks.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        servers = {"studio": studio(Path(folder, "studio"), ended=0), "bare": bare(Path(folder, "bare"), ONE_BUTTON)}
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        print(f"{'':8}{'seen':>8}{'usable':>9}{'bytes':>13}{'requests':>10}")
        with running(*servers.values()):
            for name, server in servers.items():
                visits = [visit(browser, server.url, mbit=given.mbit, ms=given.ms) for _ in range(given.visits)]
                seen, usable = (
                    median(times) for times in zip(*((one.seen, one.usable) for one in visits), strict=True)
                )
                weight = f"{max(one.weight for one in visits):,}"
                print(f"{name:8}{seen:7.1f}s{usable:8.1f}s{weight:>13}{max(one.requests for one in visits):10}")
        browser.close()


if __name__ == "__main__":
    main()
