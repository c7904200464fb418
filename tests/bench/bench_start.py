"""How long the first visitor of a freshly started server waits: ``python tests/bench/bench_start.py``.

Compares the studio with a page of one title and one button, started alternately in one run: seconds depend on the
machine, ratios hardly do. A browser that is already open sends its request as soon as the server answers.

- answers: from the command until the server answers.
- drawn: from the browser's request until the button is on screen ("Render the sample" on the studio's Create page).
- both: the sum, which is what a person waits for. CPU is the server process's time until then.
- whole: from the request until the slots for a portrait and a voice are on screen, too.

``--loops 2`` runs two endless loops beside it, each in its own session, because Linux shares processors by session.
``--starts 5`` sets how often each server is started.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # so that the script also runs by its path

from tests.bench.servers import bare, cpu_s, loops, running, studio  # noqa: E402 - needs the line above
from tests.conftest import CHROMIUM  # noqa: E402
from tests.server import FLAGS, Server  # noqa: E402

STARTS = 7
ONE_BUTTON = """import streamlit as st
st.title("Bare")
st.button("Render the sample", type="primary")
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
"""Records when the button and the rest are on screen, in the page's own clock, which starts with its request."""


@dataclass(frozen=True, slots=True)
class Visit:
    """The times of one start and its first visitor, in seconds."""

    answers: float
    answers_cpu: float
    drawn: float
    both_cpu: float
    whole: float

    @property
    def both(self) -> float:
        """From the command to the button."""
        return self.answers + self.drawn


def main() -> None:
    """Print the table."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--loops", type=int, default=0)
    asked.add_argument("--starts", type=int, default=STARTS)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-start-") as folder, loops(given.loops):
        visits = first(Path(folder), given.starts)
    print(f"\nfirst visitor: {given.starts} starts each, {given.loops} endless loops beside them, medians in seconds")
    print(f"{'':12}{'answers':>9}{'CPU':>7}{'drawn':>9}{'both':>9}{'fastest':>9}{'slowest':>9}{'CPU':>7}{'whole':>9}")
    for name, seen in visits.items():
        both = [visit.both for visit in seen]
        print(
            f"{name:12}{middle(seen, 'answers'):9.2f}{middle(seen, 'answers_cpu'):7.2f}{middle(seen, 'drawn'):9.2f}"
            f"{median(both):9.2f}{min(both):9.2f}{max(both):9.2f}{middle(seen, 'both_cpu'):7.2f}"
            f"{middle(seen, 'whole'):9.2f}"
        )
    reference, ours = visits.values()
    names = ("answers", "answers_cpu", "drawn", "both", "both_cpu")
    ratios = {name: middle(ours, name) / middle(reference, name) for name in names}
    print(
        f"{'ratio':12}{ratios['answers']:9.2f}{ratios['answers_cpu']:7.2f}{ratios['drawn']:9.2f}{ratios['both']:9.2f}"
        f"{'':18}{ratios['both_cpu']:7.2f}"
    )


def middle(visits: list[Visit], name: str) -> float:
    """Return the median of one figure."""
    return float(median(getattr(visit, name) for visit in visits))


def first(folder: Path, starts: int) -> dict[str, list[Visit]]:
    """Start both servers alternately, and return the times of each start."""
    servers = {
        "bare page": bare(folder / "bare", ONE_BUTTON),
        "studio": studio(folder / "studio", ended=0, pending=0),
    }
    visits: dict[str, list[Visit]] = {name: [] for name in servers}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for number in range(starts + 1):
            for name, server in servers.items():
                visit = _visit(browser, server, last="wholeAt" if name == "studio" else "seenAt")
                if number:  # the first round also reads files from disk that are cached afterwards
                    visits[name].append(visit)
        browser.close()
    return visits


def _visit(browser: Browser, server: Server, *, last: str) -> Visit:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.add_init_script(SEEN)
    begun = time.perf_counter()
    with running(server):
        answers, answers_cpu = time.perf_counter() - begun, cpu_s(server)
        page.goto(server.url, wait_until="commit")
        seen_ms = page.wait_for_function("() => window.seenAt", timeout=120_000).json_value()
        both_cpu = cpu_s(server)
        last_ms = page.wait_for_function(f"() => window.{last}", timeout=120_000).json_value()
        context.close()
    return Visit(answers, answers_cpu, seen_ms / 1000, both_cpu, last_ms / 1000)


if __name__ == "__main__":
    main()
