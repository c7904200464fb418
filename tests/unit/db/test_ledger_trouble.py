"""A ledger that cannot be used as it is: one sentence each, and nothing in it is changed."""

from __future__ import annotations

import logging
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from lipsync_core import ROOT, LedgerError, Settings, SettingsError, Studio
from lipsync_core.db.database import Database
from lipsync_core.db.ledger_file import bring_up_to_date, is_newest, look_at_log, prepare
from lipsync_core.server.refusal import check_folders
from tests.unit.tracker.test_disk_full import said_on_a_small_disk


def of_schema(file: Path, version: str) -> None:
    """A ledger that says it has this schema."""
    assert is_newest(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def of_another_program(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, title TEXT)")


def damaged(file: Path) -> None:
    assert is_newest(file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))


STATES: dict[str, tuple[Callable[[Path], object], str]] = {
    "newer": (lambda file: of_schema(file, "9999"), r"is newer than this version of the studio: its schema is 9999"),
    "unknown": (lambda file: of_schema(file, "3f2a"), r"has a schema that the studio does not know \(3f2a\)"),
    "another program's": (of_another_program, r"is a database of another program"),
    "a text": (lambda file: file.write_text("Dear diary\n" * 500), r"is not an SQLite database"),
    "damaged": (damaged, r"is damaged"),
}


@pytest.mark.parametrize("state", STATES)
def test_a_ledger_that_cannot_be_used_is_told_in_a_sentence_and_left_as_it_is(
    state: str, environment: dict[str, str], tmp_path: Path
) -> None:
    make, says = STATES[state]
    file = tmp_path / "ledger.db"
    make(file)
    before = file.read_bytes()
    with pytest.raises(LedgerError, match=f"{file.name} {says}.*Nothing in it was changed"):
        bring_up_to_date(f"sqlite:///{file}")
    settings = Settings.from_env(environment, dotenv=tmp_path / "no.env")
    with pytest.raises(LedgerError, match=says):
        Studio(replace(settings, database_url=f"sqlite:///{file}"))
    assert file.read_bytes() == before


def test_a_folder_in_the_place_of_the_ledger_or_a_file_in_that_of_its_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "studio.db").mkdir()
    with pytest.raises(LedgerError, match=r"studio\.db is a folder"):
        bring_up_to_date(f"sqlite:///{tmp_path / 'studio.db'}")
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match=r"folder .*file cannot be made: "):
        bring_up_to_date(f"sqlite:///{tmp_path / 'file' / 'studio.db'}")
    with pytest.raises(LedgerError, match=r"folder .*file cannot be made: "):
        Database(f"sqlite:///{tmp_path / 'file' / 'studio.db'}")


ON_A_DISK = """
import subprocess, sys
from pathlib import Path
from lipsync_core import LedgerError
from lipsync_core.db.ledger_file import bring_up_to_date

disk = Path(sys.argv[1]) / "disk"

def told(name):
    try:
        bring_up_to_date(f"sqlite:///{disk / name}")
    except LedgerError as error:
        print(error)
    else:
        print("as it should be")

told("studio.db")
with (disk / "junk").open("wb", buffering=0) as junk:
    try:
        while True:
            junk.write(bytes(4096))
    except OSError:
        pass
told("studio.db")
told("new.db")
(disk / "junk").unlink()
told("studio.db")
subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
told("studio.db")
told("another.db")
"""


def test_a_full_or_read_only_disk_is_told_before_anything_is_paid_for(tmp_path: Path) -> None:
    good, full, full_new, again, read_only, read_only_new = said_on_a_small_disk(tmp_path, ON_A_DISK, lines=6)
    assert good == again == "as it should be"
    assert "has no room: its disk is full" in full
    assert "has no room: its disk is full" in full_new
    assert "studio.db cannot be written to" in read_only
    assert "another.db cannot be written to" in read_only_new


WHILE_IT_RUNS = """
import sys, threading, time
from pathlib import Path
from lipsync_core import Brief, JobState, Settings, Studio, StudioError
from tests.small_disk import empty, fill

disk = Path(sys.argv[1]) / "disk"
ledger = disk / "studio.db"
settings = Settings.from_env(
    {"STUDIO_DATABASE_URL": f"sqlite:///{ledger}", "STUDIO_MEDIA_URL": str(disk / "media"), "STUDIO_SANDBOX": "1",
     "STUDIO_POLL_INTERVAL_S": "0.1"},
    dotenv=disk / "no.env",
)
studio = Studio(settings)
portrait, voice = Path("lipsync_core/samples/grace_hopper.jpg"), Path("lipsync_core/samples/voice_en_clear.flac")
brief = Brief(engine="joypix/motion-2", image=portrait, audio=voice)

def told(do):
    try:
        do()
    except StudioError as error:
        print(error)
    else:
        print("done")

first = studio.submit(brief, by="ana")
ends = []
waiting = threading.Thread(target=lambda: ends.append(studio.wait(first.id, timeout_s=600)))
waiting.start()
while studio.job(first.id).state is not JobState.RENDERING:
    assert waiting.is_alive()
    time.sleep(0.05)
fill(disk, ledger)
told(lambda: studio.submit(brief, by="ana"))
told(lambda: studio.desk("ana").media.keep(b"RIFF" + bytes(100_000), "audio", "voice.wav"))
told(lambda: studio.desk("ana").briefs.change("abcdefgh", name="A"))
print(studio.unwritable())
print(len(list(studio.jobs())), studio.job(first.id).state in (JobState.DONE, JobState.FAILED))
empty(disk)
waiting.join()
print(ends[0].state, studio.unwritable())
told(lambda: studio.submit(brief, by="ana"))
"""


def test_a_disk_that_fills_up_while_a_job_is_under_way_is_told_and_the_job_goes_on_once_there_is_room(
    tmp_path: Path,
) -> None:
    press, file, change, now, jobs, ended, again = said_on_a_small_disk(tmp_path, WHILE_IT_RUNS, lines=7, mb=16)
    assert press == f"image: {file}; audio: {file}"
    assert change.startswith(
        "The disk of the studio’s ledger is full, so this was not done: nothing was saved, sent or"
    )
    assert file.startswith("The studio’s disk is full, or may not be written to. Nothing was kept")
    assert now.startswith("The disk of the studio’s ledger is full. Jobs wait until there is space")
    assert (jobs, ended, again) == ("1 False", "done None", "done")


BECOMES_READ_ONLY = """
import subprocess, sys
from pathlib import Path
from lipsync_core import Settings, Studio, StudioError

disk = Path(sys.argv[1]) / "disk"
settings = Settings.from_env(
    {"STUDIO_DATABASE_URL": f"sqlite:///{disk / 'studio.db'}", "STUDIO_MEDIA_URL": str(disk / "media")},
    dotenv=disk / "no.env",
)
studio = Studio(settings)
desk = studio.desk("ana")
studio.close()
subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
for do in (
    lambda: desk.media.keep(b"RIFF" + bytes(100_000), "audio", "voice.wav"),
    lambda: desk.briefs.change("abcdefgh", name="A"),
):
    try:
        do()
    except StudioError as error:
        print(error)
print(studio.unwritable())
"""


def test_a_ledger_that_becomes_read_only_while_the_studio_runs_is_told(tmp_path: Path) -> None:
    file, change, now = said_on_a_small_disk(tmp_path, BECOMES_READ_ONLY, lines=3)
    assert file.startswith("The studio’s disk is full, or may not be written to. Nothing was kept")
    assert change.startswith("The studio’s ledger cannot be written to, so this was not done: nothing was saved, sent")
    assert now.startswith("The studio’s ledger cannot be written to. Jobs wait")


PAGES_OF_A_READ_ONLY_LEDGER = """
import os, subprocess, sys
from html import unescape
from pathlib import Path
from lipsync_core import Filter

disk = Path(sys.argv[1]) / "disk"
os.environ |= {"STUDIO_DATABASE_URL": f"sqlite:///{disk / 'studio.db'}", "STUDIO_MEDIA_URL": str(disk / "media")}
from streamlit.testing.v1 import AppTest
from pages.ui import frame

def shown():
    print(" | ".join(f"{one.proto.title}: {unescape(one.value)}" for one in app.error), *app.exception, sep="")

def press():
    next(button for button in app.button if button.label == "Render the sample").click().run()
    shown()

app = AppTest.from_file(str(Path("pages/navigation.py").resolve()), default_timeout=300)
app.session_state.visitor = app.session_state.remembered = "Ana"  # the harness has no cookies to read it from
app.run()
shown()
logs = {path: path.read_bytes() for path in disk.glob("studio.db-*")}
frame.studio().close()  # a disk on which files are open for writing does not become read-only
for path, content in logs.items():
    path.write_bytes(content)  # as they lie there while a server runs
subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
app.run()
shown()
press()
app.switch_page("jobs.py").run()
shown()
print(*(title.value for title in app.title))
frame.studio().close()
subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
app.switch_page("create.py").run()
press()
print(frame.studio().count(Filter()))
"""


def test_pages_of_a_ledger_that_becomes_read_only_say_so_at_every_look_and_press_and_work_again_after_it(
    tmp_path: Path,
) -> None:
    before, look, press, jobs, title, again, count = said_on_a_small_disk(
        tmp_path, PAGES_OF_A_READ_ONLY_LEDGER, lines=7, mb=24
    )
    cannot = "Nothing can be saved at the moment: The studio’s ledger cannot be written to. Jobs wait"
    assert before == ""
    assert look.startswith(cannot)
    assert "Not started: The studio’s disk is full, or may not be written to. Nothing was kept, and nothing" in press
    assert cannot in jobs
    assert (title, again, count) == ("Jobs", "", "1")


def test_a_disk_that_cannot_keep_the_log_is_noticed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """SQLite's own driver for drives without shared memory is given the file."""
    file = tmp_path / "ledger.db"
    with closing(sqlite3.connect(f"file:{file}?vfs=unix-dotfile", uri=True)) as connection:
        look_at_log(file, prepare(connection))
    assert "cannot keep SQLite's write-ahead log (its journal is “delete”)" in caplog.text
    caplog.clear()
    assert is_newest(tmp_path / "usual.db")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_media_that_cannot_be_kept_are_told(environment: dict[str, str], tmp_path: Path) -> None:
    settings = Settings.from_env(environment, dotenv=tmp_path / "no.env")
    check_folders(settings)
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"Media cannot be kept in .*file/media: Not a directory\."):
        check_folders(replace(settings, media_dir=tmp_path / "file" / "media"))


WITHOUT_A_FOLDER = """
from lipsync_core import Settings, SettingsError
from lipsync_core.server.refusal import check_folders

try:
    check_folders(Settings.from_env({}))
except SettingsError as error:
    print(error)
"""


def test_without_a_folder_for_temporary_files_it_says_so() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_A_FOLDER],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),  # no file can have a byte
    )
    assert done.stdout.startswith("No folder for temporary files can be written to. Set TMPDIR "), done.stderr
