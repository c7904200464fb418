"""How fast prices are computed and displayed: ``python tests/bench/bench_estimate.py``.

Name one or more of ``quotes``, ``table`` and ``slider`` to run only these. Both sides of a comparison are measured
alternately in one run; seconds depend on the machine, ratios hardly do.

- quotes: `Studio.quotes` for one brief with stored media, which gives one quote for every engine of its scene.
- table: from the bytes of a CSV with 100,000 rows to every row's price with every engine and a plan with its total,
  compared with bare ``pandas.read_csv(dtype=str)`` of the same bytes. *lengths* are written as seconds; *mixed* also
  has lengths such as 1:23.5, texts to be spoken, semicolons, decimal commas and faulty rows. Target: at most 4 times.
- slider: from a key that moves the Estimate page's slider to the new table on screen, compared with a page that has
  one slider and an equally large table without any computation. Target: at most 1.3 times.
"""

from __future__ import annotations

import io
import random
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from shutil import copytree
from statistics import median

import pandas as pd
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # so that the script also runs by its path

from lipsync_core import Brief, KeptMedium, Override, Rates, Settings, Studio  # noqa: E402 - needs the line above
from lipsync_core.estimates import Wish, choose, quote_rows, read_sheet  # noqa: E402
from lipsync_core.samples import PORTRAITS, VOICES  # noqa: E402
from tests.conftest import CHROMIUM  # noqa: E402
from tests.server import FLAGS, Server  # noqa: E402

ROWS = 100_000
TURNS = 7
QUOTES_S = 5.0
MOVES = 30
RATES = Rates({"lipsync-studio": Override(usd_per_credit=Decimal("0.0833")), "creatify": Override(plan="pro")})
PLACES = {"joypix": 4, "lipsync-studio": 4, "aimlapi": 4, "creatify": 4, "draft": 1}
SENTENCE = "Good morning and welcome to our weekly update. "

BARE_APP = """from pathlib import Path
import streamlit as st
app = st.App(Path(__file__).resolve().parent / "page.py")
"""
ONE_SLIDER = """import streamlit as st
st.title("Bare")
seconds = st.slider("Length in seconds", 0.1, 600.0, 12.4, 0.1, format="%.1f s")
st.table(
    [{"Engine": f"Engine {n}", "Price": f"{seconds * n:.1f}", "Wait": f"{seconds + n:.1f}", "Buys": f"{n}"}
     for n in range(1, 9)],
    border="horizontal", hide_index=True,
)
"""
WATCH = """
window.addEventListener("keydown", () => {
  const table = () => document.querySelector("[data-testid=stTable]").innerText;
  const before = table(), begun = performance.now();
  window.tookMs = null;
  const look = () => {
    if (table() !== before) { window.tookMs = performance.now() - begun } else { requestAnimationFrame(look) }
  };
  requestAnimationFrame(look);
}, true);
"""
"""Records how long after a key press the table changes, checked at every frame."""


def main() -> None:
    """Run the sections that were named, or all."""
    sections: dict[str, Callable[[Path], None]] = {"quotes": quotes, "table": table, "slider": slider}
    for name in sys.argv[1:] or sections:
        with tempfile.TemporaryDirectory(prefix="bench-estimate-") as folder:
            sections[name](Path(folder))


def quotes(folder: Path) -> None:
    """Print how many quotes per second are made for one brief."""
    studio = Studio(Settings.from_env(_variables(folder), dotenv=folder / "no.env"))
    image = studio.desk().media.keep(PORTRAITS[0].path, "image", "face.jpg")
    audio = studio.desk().media.keep(VOICES[0].path, "audio", "voice.flac")
    brief = Brief(image=KeptMedium(image.sha256, image.name), audio=KeptMedium(audio.sha256, audio.name))
    engines = len(studio.quotes(brief))
    count, begun = 0, time.perf_counter()
    while (spent := time.perf_counter() - begun) < QUOTES_S:
        count += len(studio.quotes(brief))
    print(
        f"\nquotes: {count / spent:,.0f} a second, {engines} for each brief ({spent / count * engines * 1000:.2f} ms)"
    )


def table(_folder: Path) -> None:
    """Print how long a large table takes, compared with only reading it."""
    print(f"\ntable: {ROWS:,} rows from bytes to totals, {TURNS} turns each, medians")
    print(f"{'':10}{'MB':>6}{'read_csv s':>12}{'totals s':>10}{'rows/s':>11}{'ratio':>8}")
    for name, data, separator in (("lengths", _lengths(), ","), ("mixed", _mixed(), ";")):
        bare: list[float] = []
        whole: list[float] = []
        for turn in range(TURNS + 1):
            begun = time.perf_counter()
            pd.read_csv(io.BytesIO(data), dtype=str, sep=separator)
            between = time.perf_counter()
            _totals(data)
            ended = time.perf_counter()
            if turn:  # the first one also imports
                bare.append(between - begun)
                whole.append(ended - between)
        read, took = median(bare), median(whole)
        print(f"{name:10}{len(data) / 1e6:6.1f}{read:12.3f}{took:10.3f}{ROWS / took:11,.0f}{took / read:8.2f}")


def _totals(data: bytes) -> int:
    """Compute what a person sees of a table: the total with each engine, and the total of the plan."""
    batch = quote_rows(read_sheet(data), rates=RATES)
    plan = choose(batch, Wish(), PLACES)
    each = [batch.total(engine, offer.can_quote).usd_micros for engine, offer in batch.offers.items()]
    return plan.total(plan.quoted).usd_micros + sum(each)


def _lengths() -> bytes:
    at = random.Random(1)
    rows = (
        f"Weekly update {row},Weekly,{'joypix/motion-2' if row % 3 else ''},{'720p' if row % 4 == 0 else '480p'},"
        f"{at.uniform(2, 120):.1f}\n"
        for row in range(ROWS)
    )
    return ("name,project,engine,resolution,duration\n" + "".join(rows)).encode()


def _mixed() -> bytes:
    at = random.Random(2)

    def row(number: int) -> str:
        seconds, kind = at.uniform(2, 120), number % 10
        if kind < 5:
            return f"Clip {number};;480p;{seconds:.1f};;;".replace(".", ",")
        if kind < 7:
            return f"Clip {number};;720p;{int(seconds // 60)}:{seconds % 60 - 0.05:04.1f};;;"
        if kind == 7:
            return f"Clip {number};presenter;;;{SENTENCE * at.randrange(1, 5)}{number};one;9:16"
        if kind == 8:
            return f"Clip {number};dialog;480p;{seconds:.3f};;;"
        return f"Clip {number};;480p;{at.choice(['abc', '', '-3', '1e9', '00:01:23'])};;;"

    header = "name;scene;resolution;duration;text;creator;aspect_ratio\n"
    return (header + "".join(f"{row(number)}\n" for number in range(ROWS))).encode()


def slider(folder: Path) -> None:
    """Print how soon the table follows the slider."""
    servers = {"bare page": _bare(folder / "bare"), "Estimate": _studio(folder / "studio")}
    took: dict[str, list[float]] = {name: [] for name in servers}
    try:
        for server in servers.values():
            server.start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            pages = {
                "bare page": _open(browser.new_page(), servers["bare page"].url),
                "Estimate": _open(browser.new_page(), f"{servers['Estimate'].url}/estimate"),
            }
            for move in range(MOVES + 5):
                for name, page in pages.items():
                    seconds = _moved(page, "PageUp" if move % 2 == 0 else "PageDown")
                    if move >= 5:  # the first moves load the page's scripts
                        took[name].append(seconds)
            browser.close()
    finally:
        for server in servers.values():
            server.stop()
    reference = median(took["bare page"])
    print(f"\nslider: from the key to the new table, {MOVES} moves each, medians")
    print(f"{'':12}{'ms':>8}{'slowest':>9}{'ratio':>8}")
    for name, all_ms in took.items():
        print(f"{name:12}{median(all_ms):8.0f}{max(all_ms):9.0f}{median(all_ms) / reference:8.2f}")


def _open(page: Page, url: str) -> Page:
    page.add_init_script(WATCH)
    page.goto(url)
    page.get_by_test_id("stTable").wait_for()
    page.wait_for_timeout(2_000)
    return page


def _moved(page: Page, key: str) -> float:
    page.bring_to_front()
    page.get_by_role("slider").press(key)
    took = page.wait_for_function("() => window.tookMs", timeout=30_000).json_value()
    page.wait_for_timeout(500)  # what follows the table is drawn, too
    return float(took)


def _bare(folder: Path) -> Server:
    folder.mkdir(parents=True)
    copytree(ROOT / ".streamlit", folder / ".streamlit")
    (folder / "app.py").write_text(BARE_APP)
    (folder / "page.py").write_text(ONE_SLIDER)
    return Server({}, folder / "server.log", app=folder / "app.py")


def _studio(folder: Path) -> Server:
    folder.mkdir(parents=True)
    return Server(_variables(folder), folder / "server.log", command=True)


def _variables(folder: Path) -> dict[str, str]:
    return {
        "STUDIO_DATABASE_URL": f"sqlite:///{folder / 'studio.db'}",
        "STUDIO_MEDIA_URL": str(folder / "media"),
    }


if __name__ == "__main__":
    main()
