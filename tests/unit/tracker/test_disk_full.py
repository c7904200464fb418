"""A disk that fills up while a draft renders: that job fails with this reason, and the studio goes on."""

import subprocess
import sys
from pathlib import Path

import pytest

from lipsync_core import ROOT
from tests import corpus
from tests.conftest import COMPLETE
from tests.small_disk import UNSHARE, on_a_small_disk

SCRIPT = """
import sys
from pathlib import Path
from lipsync_core import Brief, Settings, Studio

work = Path(sys.argv[1])
disk = work / "disk"
settings = Settings.from_env(
    {"STUDIO_DATABASE_URL": f"sqlite:///{work / 'studio.db'}", "STUDIO_MEDIA_URL": str(disk)}, dotenv=work / "no.env"
)
studio = Studio(settings)
brief = Brief(
    engine="draft/portrait",
    image=Path("lipsync_core/samples/grace_hopper.jpg"),
    audio=work / "voice.wav",
    resolution="720p",
)
first = studio.submit(brief, by="ana")
junk = disk / "junk"
with junk.open("wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(4096))
    except OSError:
        pass
job = studio.wait(first.id, timeout_s=600)
print(job.state, "|", job.error)
print("left:", sorted(path.name for path in (disk / ".scratch").iterdir()))
junk.unlink()
print(studio.wait(studio.submit(brief, by="ana").id, timeout_s=600).state)
"""


def said_on_a_small_disk(work: Path, script: str, *, lines: int, mb: int = 8) -> list[str]:
    """The lines that ``script`` prints, in a mount namespace where ``work/disk`` is a disk of ``mb`` megabytes.

    Where no such disk can be made, the test is left out, unless all must run.
    """
    if UNSHARE is None and not COMPLETE:
        pytest.skip("a small disk can only be made on Linux")
    (work / "disk").mkdir()
    (work / "script.py").write_text(script)
    done = subprocess.run(
        [*on_a_small_disk(work / "disk", mb), sys.executable, str(work / "script.py"), str(work)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    if "Traceback" not in done.stderr and "mount" in done.stderr and not COMPLETE:
        pytest.skip("this machine lets nobody mount a small disk")
    assert done.stdout.count("\n") == lines, done.stderr + done.stdout
    return done.stdout.splitlines()


def test_a_full_disk_fails_the_job_with_that_reason_and_the_studio_goes_on(tmp_path: Path) -> None:
    (tmp_path / "voice.wav").write_bytes(corpus.wav(seconds=2.0))
    failed, left, again = said_on_a_small_disk(tmp_path, SCRIPT, lines=3)
    assert failed.startswith("failed | ")
    assert "disk is full" in failed
    assert left == "left: []"
    assert again == "done"
