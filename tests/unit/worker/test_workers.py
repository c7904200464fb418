"""Worker processes: limited, keyless, and their end is never the server's."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest

from lipsync_core import ROOT
from lipsync_core.errors import MediaError, WorkerError
from lipsync_core.worker import process
from lipsync_core.worker.process import Limits, Withdrawn, run
from tests import corpus

ROOMY = Limits(memory_mb=2048, seconds=600)
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux confines a worker")


def look(path: Path, limits: Limits = ROOMY) -> dict[str, object]:
    return run("look_audio", {"path": str(path), "name": path.name}, limits)


def test_a_refusal_crosses_the_process_with_its_words(tmp_path: Path) -> None:
    path = tmp_path / "notes.wav"
    path.write_bytes(b"Dear diary, today was fine.\n" * 20)
    with pytest.raises(MediaError, match=r"notes\.wav"):
        look(path)


def test_a_voice_is_measured_in_another_process(tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    path.write_bytes(corpus.wav(seconds=1.25))
    assert look(path)["duration_s"] == pytest.approx(1.25)


def test_a_worker_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    fifo = tmp_path / "never.wav"
    os.mkfifo(fifo)
    with pytest.raises(WorkerError, match="longer than"):
        look(fifo, Limits(memory_mb=2048, seconds=1.5))


def test_a_worker_whose_result_is_no_longer_wanted_is_ended(tmp_path: Path) -> None:
    fifo = tmp_path / "never.wav"
    os.mkfifo(fifo)
    asked = threading.Event()

    def wanted() -> bool:
        asked.set()
        return False

    with pytest.raises(Withdrawn):
        run("look_audio", {"path": str(fifo), "name": "never.wav"}, ROOMY, wanted=wanted)
    assert asked.is_set()


def test_a_worker_whose_folder_was_taken_away_is_watched_all_the_same(tmp_path: Path) -> None:
    fifo, folder = tmp_path / "never.wav", tmp_path / "out"
    os.mkfifo(fifo)
    folder.mkdir()
    looks: list[list[Path]] = []

    def wanted() -> bool:
        looks.append(list(folder.glob(".worker-*")) if folder.exists() else [])
        shutil.rmtree(folder, ignore_errors=True)
        return len(looks) == 1

    gives_up = threading.Timer(300, fifo.write_bytes, [b""])  # whom nobody watches would read on for ever
    gives_up.daemon = True
    gives_up.start()
    with pytest.raises(Withdrawn):
        arguments = {"path": str(fifo), "name": "never.wav", "out": str(folder / "copy.wav")}
        run("look_audio", arguments, ROOMY, wanted=wanted)
    gives_up.cancel()
    assert [len(found) for found in looks] == [1, 0]


def test_a_worker_that_crashes_fails_alone() -> None:
    with pytest.raises(WorkerError, match="crashed"):
        run("no_such_task", {}, ROOMY)


def opened_in(site: Path, setting_up: str) -> str:
    """The error when a voice is opened by a server that finds its packages as ``setting_up`` leaves them."""
    code = f"""
import os, sys
from pathlib import Path
site = Path({str(site)!r})
{setting_up}
from lipsync_core.errors import StudioError
from lipsync_core.worker.process import Limits, run
try:
    print(run("look_audio", {{"path": {str(site / "voice.wav")!r}, "name": "voice.wav"}}, Limits(2048, 600)))
except StudioError as error:
    print(type(error).__name__, error)
"""
    (site / "voice.wav").write_bytes(corpus.wav(seconds=1.25))
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    return said.stdout


BROKEN = {
    "a package that is missing": ("(site / 'av.py').write_text('raise ModuleNotFoundError(name=\"av\")')", "“av”"),
    "a package of another system": (
        "(site / 'av.py').write_text('raise ImportError(\"libc.so.7: no such file\")')",
        "",
    ),
    "a package that ends the process": ("(site / 'av.py').write_text('import os; os.abort()')", "did not start"),
    "Python itself is gone": ("sys.executable = str(site / 'gone')", "could not be started: No such file"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_worker_that_cannot_start_is_the_installations_fault_and_not_the_files(what: str, tmp_path: Path) -> None:
    setting_up, words = BROKEN[what]
    said = opened_in(tmp_path, f"{setting_up}; sys.path.insert(0, str(site))")
    assert said.startswith("InstallationError The studio cannot open files"), said
    assert words in said
    assert "fault of the installation, not of the file" in said
    assert "voice.wav" not in said


def test_packages_that_only_the_servers_search_path_knows_reach_the_workers(tmp_path: Path) -> None:
    """As with ``pip install --target`` and PYTHONPATH, or with links to where the packages really are (Nix, uv)."""
    said = opened_in(
        tmp_path,
        """
import av, shutil
real = Path(av.__file__).parent
moved, linked = site / "store" / "av", site / "packages"
shutil.copytree(real, moved)
for libraries in real.parent.glob("av.libs"):
    shutil.copytree(libraries, moved.with_name("av.libs"))
linked.mkdir()
(linked / "av").symlink_to(moved)
del sys.modules["av"]
sys.path.insert(0, str(linked))
""",
    )
    assert "'duration_s': 1.25" in said, said


def test_files_are_opened_where_no_temporary_folder_can_be_written_to(tmp_path: Path) -> None:
    said = opened_in(tmp_path, "import tempfile; tempfile._candidate_tempdir_list = lambda: []")
    assert "'duration_s': 1.25" in said, said


LIES = {
    "an answer without end": "while True: write('x' * 1_000_000)",
    "what is no answer": "write('[1' + chr(10))",
    "another shape": "write('7' + chr(10))",
    "an answer within answers": "write('[' * 100_000 + chr(10))",
    "a refusal of another shape": """write('{"refused": {"title": []}}' + chr(10))""",
    "frames that are none": """write('{"frames": ["a", {}]}' + chr(10))""",
    "bytes that are no text": "os.write(ANSWERS, bytes(range(128, 256)) + b'\\n')",
}


@linux
@pytest.mark.parametrize("lie", LIES)
def test_whatever_a_worker_answers_the_server_is_not_harmed(lie: str, tmp_path: Path) -> None:
    """A hostile file may have taken a worker over, and speaks for it."""
    package = tmp_path / "lipsync_core"
    shutil.copytree(ROOT / "lipsync_core", package, ignore=shutil.ignore_patterns("__pycache__"))
    says = f"import os\nANSWERS = 1\ndef write(text): os.write(1, text.encode())\n{LIES[lie]}\n"
    (package / "worker" / "child.py").write_text(f"def main():\n{textwrap.indent(says, '    ')}", encoding="utf-8")
    code = """
import json, re
from lipsync_core.errors import WorkerError
from lipsync_core.worker.process import Limits, run
try:
    run("look_audio", {"path": "x", "name": "x"}, Limits(memory_mb=2048, seconds=600))
except WorkerError as error:
    print(json.dumps([str(error), int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])]))
"""
    said = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    why, kilobytes = json.loads(said.stdout)
    assert "gave an invalid answer" in why
    assert kilobytes < 300_000


def test_what_a_worker_complains_of_fills_neither_memory_nor_the_log(tmp_path: Path) -> None:
    complaints = tmp_path / "complaints"
    complaints.write_bytes(b"x" * 10_000 + b"\n2026-01-01 ERROR tracker: forged\n")
    with complaints.open("rb") as file:
        lines = process.end_of(file).splitlines()
    assert sum(map(len, lines)) < 2_100
    assert all(line.startswith("    ") for line in lines if line)


@pytest.fixture(scope="module")
def taken_over(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the program that holds secrets, with `tests.intruder` in place of the decoders."""
    root = tmp_path_factory.mktemp("program")
    shutil.copytree(ROOT / "lipsync_core", root / "lipsync_core", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tests" / "intruder.py", root / "lipsync_core" / "worker" / "tasks.py")
    for secret in (".env", ".streamlit/secrets.toml", "data/ledger.db"):
        (root / secret).parent.mkdir(exist_ok=True)
        (root / secret).write_text("JOYPIX_API_KEY=secret")
    (root / "medium.png").write_bytes(corpus.png(width=8, height=8))
    return root


def did(root: Path, task: str) -> dict[str, Any]:
    """What came of a task there."""
    done = subprocess.run(
        [sys.executable, "-m", "lipsync_core.worker.tasks", str(root), str(root / "medium.png"), task],
        cwd=root,
        env={**os.environ, "CREATIFY_API_KEY": "secret"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def intruder(taken_over: Path) -> dict[str, Any]:
    """What an intruder could do."""
    return did(taken_over, "look_image")


@linux
def test_a_worker_that_fills_the_disk_with_many_files_is_ended(taken_over: Path) -> None:
    assert "output exceeded 4096 MB" in did(taken_over, "fill_the_disk")["error"]


@linux
def test_a_worker_that_needs_too_much_memory_is_ended(taken_over: Path) -> None:
    assert "needed more than 2048 MB of memory" in did(taken_over, "fill_the_memory")["error"]


@linux
def test_an_intruder_in_a_worker_gets_at_nothing(intruder: dict[str, Any]) -> None:
    done = {name: became for name, became in intruder["bad"].items() if became.startswith("DONE")}
    assert done == {}
    assert len(intruder["bad"]) > 20


@linux
def test_what_a_decoder_needs_is_left_to_it(intruder: dict[str, Any]) -> None:
    assert all(became.startswith("DONE") for became in intruder["good"].values()), intruder["good"]


@linux
def test_a_worker_knows_no_key_and_lives_in_its_scratch_folder(intruder: dict[str, Any]) -> None:
    assert not any("KEY" in name or "SECRET" in name for name in intruder["variables"])
    home, working = intruder["home"]
    assert home == working
    assert not Path(home).exists()  # gone with the worker


def test_a_worker_has_a_session_and_a_group_of_its_own(intruder: dict[str, Any]) -> None:
    """Where the kernel shares the processor between sessions first, neither takes from the other's share."""
    assert intruder["group"] == intruder["worker"]
    assert intruder["session"] == intruder["worker"]


@linux
def test_the_servers_memory_is_its_own() -> None:
    code = (
        "from lipsync_core.worker.cage import hide_memory; hide_memory();"
        "import ctypes; print(ctypes.CDLL(None).prctl(3))"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "0"  # PR_GET_DUMPABLE
