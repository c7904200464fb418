"""Many clips: the words where money is at stake, through Streamlit's own test harness: real vendors, and no tracker."""

from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lipsync_core import ROOT, Filter, JobState, KeptMedium, OpenBatch, Override, Settings, Studio
from lipsync_core.db.database import Database
from lipsync_core.ledger.jobs import Ledger
from lipsync_core.samples import PORTRAITS, VOICES
from pages.ui import frame

pytestmark = pytest.mark.usefixtures("stocked", "own_studio")

SCRIPT = str(ROOT / "pages" / "navigation.py")
LIVE = {"JOYPIX_API_KEY": "jp-key-1", "STUDIO_PUBLIC_URL": "https://studio.example.org"}


def visit(**query: str) -> AppTest:
    app = AppTest.from_file(SCRIPT, default_timeout=300)
    app.session_state.visitor = app.session_state.remembered = "Ana"  # the harness has no cookies to read it from
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
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
    return visit(make="many", files="batch-0001", maker="JoyPix Motion-2")


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
    assert "Row 4 is left out: voice&#95;de&#46;wav is missing" in said(app)
    spend.click().run()
    jobs = list(studio.jobs())
    assert [(job.engine, job.by, job.sandbox) for job in jobs] == [("joypix/motion-2", "Ana", False)] * 2
    assert sum(job.quote.usd_micros or 0 for job in jobs) == 450_000
    assert "2 jobs go in" in said(app)
    assert [button.label for button in app.button if button.key == "batch.undo"] == ["Undo all"]
    assert not [button for button in app.button if button.key == "batch.send"]


def test_what_failed_of_it_is_sent_again_on_the_page_itself(
    studio: Studio, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(studio)
    monkeypatch.setenv("STUDIO_SANDBOX", "1")
    app = batch()
    send(app)
    app.button(key="batch.spend").click().run()
    done, failed = studio.jobs()
    rows = Ledger(Database(environment["STUDIO_DATABASE_URL"]))
    for state in (JobState.SUBMITTING, JobState.RENDERING, JobState.ARCHIVING, JobState.DONE):
        assert rows.move(done.id, studio.job(done.id).state, state)
    assert rows.move(failed.id, JobState.QUEUED, JobState.SUBMITTING)
    app.run()
    assert not [button for button in app.button if button.key == "batch.again"]  # not while some are on their way
    assert rows.move(failed.id, JobState.SUBMITTING, JobState.REJECTED)
    app.run()
    app.button(key="batch.again").click().run()
    assert app.button(key="bulk-yes").label == r"Render 1 video: \$0.00 in the sandbox"
    app.button(key="bulk-yes").click().run()
    assert not app.exception
    assert studio.count(Filter(hidden=True)) == 3
    assert [button.label for button in app.button if button.key == "batch.undo"] == ["Undo"]
    (again,) = (job for job in studio.jobs() if job.state is JobState.QUEUED)
    assert again.title == failed.title
    assert rows.move(again.id, JobState.QUEUED, JobState.SUBMITTING)
    app.run()
    assert app.button(key="batch.send").label == "Render again…"  # the whole table was sent before


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
    app = visit(make="many", files="batch-0001", maker="lipsync.studio image")
    assert send(app) == "Render all 2 for 22 credits, price not set…"
    assert "We can’t say" in said(app)
    app.button(key="batch.back").click().run()
    assert Studio(Settings.from_env(environment, dotenv=tmp_path / "no.env")).count(Filter(hidden=True)) == 0


def test_under_a_cap_each_clip_of_unknown_price_reserves(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(studio)
    studio.budgets.set_cap("team", 9_000_000, "mia")
    for name, value in (LIVE | {"LIPSYNC_STUDIO_API_KEY": "sk_abcd_1234"}).items():
        monkeypatch.setenv(name, value)
    app = visit(make="many", files="batch-0001", maker="lipsync.studio image")
    send(app)
    app.button(key="batch.spend").click().run()
    assert studio.count(Filter(hidden=True)) == 0
    assert "Together these clips" in " ".join(error.value for error in app.error)
    send(app)
    app.text_input(key="batch.ceiling").set_value("1,500").run()
    app.button(key="batch.spend").click().run()
    assert list(studio.jobs()) == []
    assert "1&#44;500&#8221; " in " ".join(warning.value for warning in app.warning)
    app.text_input(key="batch.ceiling").set_value("4,00").run()
    app.button(key="batch.spend").click().run()
    assert [job.ceiling_usd_micros for job in studio.jobs()] == [4_000_000, 4_000_000]


def test_an_unknown_batch_and_a_made_up_one_start_empty() -> None:
    for files in ("batch-0009", "../../etc/passwd", "<script>"):
        app = visit(make="many", files=files)
        assert any("Every voice becomes a row" in caption.value for caption in app.caption)


SETTINGS = {
    "batch.picture": ("selectbox", "No picture", "The picture changed."),
    "size": ("radio", "720p", "The size changed."),
    "maker": ("selectbox", "draft/portrait", "The engine changed."),
    "under": ("text_input", "1", "The budget changed."),
}
"""What decides about a batch's rows: its kind of widget, what is chosen, and what the page says of it."""


def of_two(studio: Studio, monkeypatch: pytest.MonkeyPatch, setting: str) -> AppTest:
    """A batch of two ready rows before its question, with everything that can be set."""
    keep(studio)
    for name, value in LIVE.items():
        monkeypatch.setenv(name, value)
    frame.studio.clear()
    maker = "Best under a budget" if setting == "under" else "JoyPix Motion-2"
    return visit(make="many", files="batch-0001", maker=maker)


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


def change(app: AppTest, **cells: dict[int, str]) -> None:
    """Change cells of the table on screen, as the browser tells of them: by column and by position."""
    (table,) = app.data_editor
    edited: dict[int, dict[str, str]] = {}
    for column, rows in cells.items():
        for row, word in rows.items():
            edited.setdefault(row, {})[column] = word
    assert table.key
    app.session_state[table.key] = {"edited_rows": edited, "added_rows": [], "deleted_rows": []}


def rows(app: AppTest, column: str) -> list[object]:
    """What stands in a column of the table."""
    return list(app.data_editor[0].value[column])


def test_a_changed_cell_is_priced_at_once_and_found_again(studio: Studio) -> None:
    keep(studio)
    app = batch()
    assert rows(app, "price") == ["about $0.15", "about $0.30", ""]
    change(app, resolution={0: "720p"}, name={0: "Monday", 1: "Tuesday"})
    app.run()
    assert not app.exception
    assert rows(app, "price") == ["about $0.30", "about $0.30", ""]
    again = batch()
    assert rows(again, "name") == ["Monday", "Tuesday", ""]
    assert rows(again, "resolution") == ["720p", "480p", "480p"]
    assert rows(again, "price") == ["about $0.30", "about $0.30", ""]
    again.button(key="many.revert").click().run()
    assert rows(again, "name") == ["", "", ""]
    assert rows(again, "price") == ["about $0.15", "about $0.30", ""]


def test_a_rows_own_engine_is_kept_and_given_up_in_the_table(studio: Studio) -> None:
    keep(studio)
    app = batch()
    change(app, engine={0: "draft/portrait"})
    app.run()
    assert rows(app, "engine")[:2] == ["draft/portrait", "joypix/motion-2"]
    assert rows(app, "price")[:2] == ["free", "about $0.30"]
    app.selectbox(key="maker").set_value("lipsync-studio/lipsync-image").run()
    assert rows(app, "engine")[:2] == ["draft/portrait", "lipsync-studio/lipsync-image"]
    change(app, engine={0: "as all"})
    app.run()
    assert rows(app, "engine")[:2] == ["lipsync-studio/lipsync-image"] * 2


def test_a_missing_voice_is_replaced_by_one_that_is_there_and_a_length_may_have_a_comma(studio: Studio) -> None:
    keep(studio)
    app = batch()
    (problem,) = app.table[0].value.to_dict("records")
    assert (problem["Row"], unescape(problem["What to do"])) == ("4", "voice_de.wav is missing. Drop it here too.")
    change(app, audio={2: VOICES[0].path.name})
    app.run()
    assert rows(app, "price")[2] == "about $0.15"
    assert "3 of 3 rows ready" in said(app)
    change(app, audio={2: ""}, duration={2: "1:23,5"})
    app.run()
    assert rows(app, "length")[2] == "1 min 24 s"
    assert rows(app, "status")[2].tolist() == ["… Incomplete"]  # type: ignore[attr-defined]  # a list in a cell


def test_a_cell_that_comes_with_the_press_is_kept_and_priced_and_nothing_is_sent(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = of_two(studio, monkeypatch, "size")
    send(app)
    app.session_state["batch.hand"].asked_s -= 60  # it was read
    change(app, resolution={0: "720p"})
    app.button(key="batch.spend").click().run()
    assert not app.exception
    assert list(studio.jobs()) == []
    assert "The rows changed" in said(app)
    assert send(app) == r"Render all 2 for about \$0.60…"
    app.button(key="batch.spend").click().run()
    assert sum(job.quote.usd_micros or 0 for job in studio.jobs()) == 600_000


def test_a_cell_that_was_left_by_the_click_on_render_is_in_the_question(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The browser tells of the cell a moment after that click."""
    app = of_two(studio, monkeypatch, "size")
    send(app)
    assert app.button(key="batch.spend").label == r"Spend about \$0.45"
    change(app, resolution={0: "720p"})
    app.run()
    assert not app.exception
    assert [button.label for button in app.button if button.key == "batch.spend1"] == [r"Spend about \$0.60"]
    app.button(key="batch.spend1").click().run()  # sooner than the new sum can be read
    assert list(studio.jobs()) == []
    assert "check it and press again" in said(app)


def test_a_cell_that_comes_right_after_the_press_stops_it_and_the_old_can_still_be_sent(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = of_two(studio, monkeypatch, "size")
    send(app)
    app.button(key="batch.spend").click().run()
    before = list(studio.jobs())
    change(app, resolution={0: "720p"})
    app.run()
    assert [studio.job(job.id).state for job in before] == [JobState.WITHDRAWN] * 2
    assert "The rows changed. That happened right after you pressed" in said(app)
    app.button(key="batch.old").click().run()
    again = list(studio.jobs())[:2]
    assert [job.brief for job in again] == [job.brief for job in before]


def test_what_a_manipulated_browser_says_of_cells_changes_no_other_row(studio: Studio) -> None:
    keep(studio)
    app = batch()
    change(app, price={0: "$0"}, status={2: "✓ Ready"})
    app.run()
    assert not app.exception
    assert rows(app, "price") == ["about $0.15", "about $0.30", ""]
    assert rows(app, "name") == ["", "", ""]


def test_a_sample_batch_without_a_key_is_four_drafts_that_can_be_sent_at_once(studio: Studio) -> None:
    app = visit(make="many")
    next(button for button in app.button if button.label == "Try a sample batch").click().run()
    assert not app.exception
    assert app.selectbox(key="maker").value == "draft/portrait"
    assert sorted(str(name) for name in rows(app, "name")) == ["Deutsch", "English, clear", "English, deep", "Español"]
    assert "all with Draft engine" in said(app)
    assert send(app) == "Render all 4 as free drafts…"
    app.button(key="batch.spend").click().run()
    assert [job.engine for job in studio.jobs()] == ["draft/portrait"] * 4


def test_one_engine_is_proposed_for_all_rows_and_the_cheapest_for_each_is_a_choice_that_warns(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(studio)
    for name, value in (LIVE | {"LIPSYNC_STUDIO_API_KEY": "sk_abcd_1234"}).items():
        monkeypatch.setenv(name, value)
    app = visit(make="many", files="batch-0001")
    assert app.selectbox(key="maker").value == "joypix/motion-2"
    assert "all with JoyPix Motion-2" in said(app)
    assert not any("so may the look" in caption.value for caption in app.caption)
    app.selectbox(key="maker").set_value("Cheapest for each row").run()
    assert any("so may the look" in caption.value for caption in app.caption)
    change(app, engine={0: "lipsync-studio/lipsync-image"})
    app.run()
    assert "2 engines" in said(app)
    assert any("1 row keeps its own engine." in caption.value for caption in app.caption)
