"""Estimate's words where money is at stake, through Streamlit's own test harness: real vendors, and no tracker."""

from decimal import Decimal
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lipsync_core import ROOT, Filter, JobState, KeptMedium, OpenBatch, Override, Settings, Studio
from lipsync_core.samples import PORTRAITS, VOICES
from pages.ui import frame

pytestmark = pytest.mark.usefixtures("stocked")

SCRIPT = str(ROOT / "pages" / "navigation.py")
LIVE = {"JOYPIX_API_KEY": "jp-key-1", "STUDIO_PUBLIC_URL": "https://studio.example.org"}


@pytest.fixture(autouse=True)
def own_studio(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the pages at the test's own folder."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    frame.studio.clear()


def visit(**query: str) -> AppTest:
    app = AppTest.from_file(SCRIPT, default_timeout=300)
    app.session_state.visitor = app.session_state.remembered = "Ana"  # the harness has no cookies to read it from
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    app.switch_page("estimate.py").run()
    assert not app.exception
    return app


def keep(studio: Studio) -> None:
    """Two voices, a picture and a table that names a third voice."""
    files = {
        ("audio", voice.path.name): studio.desk().media.keep(voice.path, "audio", voice.path.name)
        for voice in VOICES[:2]
    }
    kept: dict[tuple[str, str], KeptMedium | str] = {
        key: KeptMedium(facts.sha256, facts.name) for key, facts in files.items()
    }
    face = studio.desk().media.keep(PORTRAITS[0].path, "image", "face.jpg")
    kept["image", "face.jpg"] = KeptMedium(face.sha256, face.name)
    rows = "".join(f"{name}\n" for _kind, name in files) + "voice_de.wav\n"
    studio.desk("ana").briefs.keep_batch("batch-0001", OpenBatch(kept, f"audio\n{rows}".encode(), "weekly.csv"))


def batch() -> AppTest:
    return visit(about="Batch", files="batch-0001", maker="JoyPix Motion-2")


def send(app: AppTest) -> str:
    """Press the button under the rows; returns what stands on it."""
    button = app.button(key="batch.send")
    button.click().run()
    assert not app.exception
    return str(button.label)


def said(app: AppTest) -> str:
    return " ".join(str(one.value) for one in (*app.markdown, *app.error, *app.success))


def test_without_a_key_the_batch_is_priced_and_cannot_be_sent(studio: Studio) -> None:
    keep(studio)
    app = batch()
    assert any("2 of 3 rows ready" in markdown.value for markdown in app.markdown)
    assert app.button(key="batch.send").disabled
    assert any("No JoyPix key" in error.value for error in app.error)


def test_the_question_names_the_sum_and_who_stays_out_and_spends_once(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(studio)
    for name, value in LIVE.items():
        monkeypatch.setenv(name, value)
    app = batch()
    assert send(app) == r"Render all 2 for about \$0.45…"
    spend = app.button(key="batch.spend")
    assert spend.label == r"Spend about \$0.45"
    assert "Row 4 is left out: voice&#95;de&#46;wav was not dropped" in said(app)
    spend.click().run()
    jobs = list(studio.jobs())
    assert [(job.engine, job.by, job.sandbox) for job in jobs] == [("joypix/motion-2", "Ana", False)] * 2
    assert sum(job.quote.usd_micros or 0 for job in jobs) == 450_000
    assert "2 jobs go in" in said(app)
    assert [button.label for button in app.button if button.key == "batch.undo"] == ["Undo all"]
    assert not [button for button in app.button if button.key == "batch.send"]


def test_a_price_that_rose_meanwhile_sends_nothing(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(studio)
    for name, value in LIVE.items():
        monkeypatch.setenv(name, value)
    app = batch()
    send(app)
    studio.desk("mia").rates.set("joypix", Override(usd_per_credit=Decimal("0.02")))
    app.button(key="batch.spend").click().run()
    assert studio.count(Filter(hidden=True)) == 0
    assert "Nothing was sent" in said(app)
    assert send(app) == r"Render all 2 for about \$0.90…"


def test_an_unknown_price_is_asked_about_in_credits(
    environment: dict[str, str], studio: Studio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keep(studio)
    for name, value in (LIVE | {"LIPSYNC_STUDIO_API_KEY": "sk_abcd_1234"}).items():
        monkeypatch.setenv(name, value)
    app = visit(about="Batch", files="batch-0001", maker="lipsync.studio image")
    assert send(app) == "Render all 2 for 22 credits, price unknown…"
    assert "We can’t say" in said(app)
    app.button(key="batch.back").click().run()
    assert Studio(Settings.from_env(environment, dotenv=tmp_path / "no.env")).count(Filter(hidden=True)) == 0


def test_under_a_cap_each_clip_of_unknown_price_reserves(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(studio)
    studio.budgets.set_cap("team", 9_000_000, "mia")
    for name, value in (LIVE | {"LIPSYNC_STUDIO_API_KEY": "sk_abcd_1234"}).items():
        monkeypatch.setenv(name, value)
    app = visit(about="Batch", files="batch-0001", maker="lipsync.studio image")
    send(app)
    app.button(key="batch.spend").click().run()
    assert studio.count(Filter(hidden=True)) == 0
    assert "Together these clips" in " ".join(error.value for error in app.error)
    send(app)
    app.number_input(key="batch.ceiling").set_value(4.0).run()
    app.button(key="batch.spend").click().run()
    assert [job.ceiling_usd_micros for job in studio.jobs()] == [4_000_000, 4_000_000]


def test_an_unknown_batch_and_a_made_up_one_start_empty() -> None:
    for files in ("batch-0009", "../../etc/passwd", "<script>"):
        app = visit(about="Batch", files=files)
        assert any("Drop a picture and voices" in caption.value for caption in app.caption)


SETTINGS = {
    "batch.picture": ("selectbox", "No picture", "The picture changed."),
    "size": ("radio", "720p", "The size changed."),
    "maker": ("selectbox", "draft/portrait", "The engine changed."),
    "under": ("number_input", 1, "The budget changed."),
}
"""What decides about a batch's rows: its kind of widget, what is chosen, and what the page says of it."""


def of_two(studio: Studio, monkeypatch: pytest.MonkeyPatch, setting: str) -> AppTest:
    """A batch of two ready rows before its question, with everything that can be set."""
    keep(studio)
    for name, value in LIVE.items():
        monkeypatch.setenv(name, value)
    frame.studio.clear()
    maker = "Best under a budget" if setting == "under" else "JoyPix Motion-2"
    return visit(about="Batch", files="batch-0001", maker=maker)


@pytest.mark.parametrize("setting", list(SETTINGS))
def test_a_setting_that_comes_with_the_press_counts_and_nothing_is_sent(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    app = of_two(studio, monkeypatch, setting)
    kind, value, told = SETTINGS[setting]
    send(app)
    getattr(app, kind)(key=setting).set_value(value)
    app.button(key="batch.spend").click().run()
    assert not app.exception
    assert list(studio.jobs()) == []
    assert told.rstrip(".") in said(app)


@pytest.mark.parametrize("setting", list(SETTINGS))
def test_a_setting_that_comes_right_after_the_press_stops_it_and_the_old_can_still_be_sent(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    app = of_two(studio, monkeypatch, setting)
    kind, value, told = SETTINGS[setting]
    send(app)
    app.button(key="batch.spend").click().run()
    before = list(studio.jobs())
    getattr(app, kind)(key=setting).set_value(value).run()
    assert not app.exception
    assert [studio.job(job.id).state for job in before] == [JobState.WITHDRAWN] * 2
    assert f"{told} That happened right after you pressed" in said(app)
    if setting == "size":
        assert any({r"about \$0.45", r"about \$0.90"} <= set(table.value.to_numpy().ravel()) for table in app.table)
    app.button(key="batch.old").click().run()
    again = list(studio.jobs())[:2]
    assert [job.brief for job in again] == [job.brief for job in before]
    assert [job.state for job in again] == [JobState.QUEUED] * 2


def test_a_table_that_was_cleared_right_after_the_press_stops_it_too(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = of_two(studio, monkeypatch, "size")
    send(app)
    app.button(key="batch.spend").click().run()
    next(button for button in app.button if button.label == "Clear all").click().run()
    assert [job.state for job in studio.jobs()] == [JobState.WITHDRAWN] * 2
    assert "The table or its files changed. That happened right after you pressed" in said(app)
    app.button(key="batch.neither").click().run()
    assert len(list(studio.jobs())) == 2
