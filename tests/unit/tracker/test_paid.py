"""A paid job's whole life in the sandbox, from a plain script without a server: sent once, watched, kept."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import pytest

from lipsync_core import ROOT, Brief, BriefError, Job, JobState, Studio
from lipsync_core.samples import PORTRAITS
from tests import corpus, patient
from tests.behind import sandbox_of

pytestmark = pytest.mark.usefixtures("stocked")


@pytest.fixture
def media(tmp_path: Path) -> dict[str, Path]:
    """A picture, two voices and a video."""
    files = {"voice": corpus.wav(seconds=1.2), "other": corpus.wav(seconds=0.8), "video": corpus.video(1.0)}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    return {name: tmp_path / name for name in files} | {"picture": PORTRAITS[0].path}


def briefs(media: dict[str, Path]) -> dict[str, Brief]:
    portrait = Brief(scene="portrait", image=media["picture"], audio=media["voice"])
    dialog = Brief(
        scene="dialog",
        image=media["picture"],
        left_audio=media["voice"],
        right_audio=media["other"],
        order="left_right",
    )
    redub = Brief(scene="redub", video=media["video"], audio=media["voice"])
    presenter = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
    return {
        "joypix/motion-2": portrait,
        "joypix/motion-2-dialog": dialog,
        "lipsync-studio/lipsync-image": portrait,
        "lipsync-studio/lipsync-image-multi": dialog,
        "lipsync-studio/lipsync-video": redub,
        "aimlapi/pixverse-lip-sync": Brief(scene="redub", video=media["video"], text="Hello there.", speaker="Ava"),
        "creatify/lipsync": Brief(scene="presenter", creator=presenter, text="Hello there.", aspect_ratio="9:16"),
    }


ENGINES = tuple(briefs(dict.fromkeys(("voice", "other", "video", "picture"), Path())))


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_renders_in_the_sandbox_from_local_files(
    sandboxed: Studio, media: dict[str, Path], engine: str, environment: dict[str, str]
) -> None:
    job = sandboxed.submit(replace(briefs(media)[engine], engine=engine), by="ana")
    done: Job = sandboxed.wait(job.id, timeout_s=600)
    assert (done.state, done.error, done.sandbox) == (JobState.DONE, None, True)
    assert done.output is not None
    with av.open(str(done.output)) as container:
        assert container.streams.video
    assert [event.state for event in sandboxed.history(job.id)] == [
        "queued",
        "submitting",
        "rendering",
        "archiving",
        "done",
    ]
    bill = patient.get(f"{sandbox_of(sandboxed, environment)}/sandbox/bill").json()
    assert len(bill["lines"]) == 1


def test_without_a_key_nothing_is_queued_and_the_variable_is_named(studio: Studio, media: dict[str, Path]) -> None:
    with pytest.raises(BriefError) as caught:
        studio.submit(Brief(engine="joypix/motion-2", image=media["picture"], audio=media["voice"]), by="ana")
    assert "JOYPIX_API_KEY" in caught.value.fields["engine"]
    assert list(studio.jobs()) == []


def test_a_sandbox_that_moved_to_another_port_still_delivers(
    sandboxed: Studio, media: dict[str, Path], environment: dict[str, str], tmp_path: Path
) -> None:
    job = sandboxed.submit(replace(briefs(media)["joypix/motion-2"], engine="joypix/motion-2"), by="ana")
    code = (
        "import sys; from lipsync_core import Studio; s = Studio.from_env();"
        f"print(s.wait({job.id}, timeout_s=600).state)"
    )
    # Another process serves the same sandbox on a port of its own; the job was made by this one.
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | environment | {"STUDIO_SANDBOX_SPEED": "500"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "done", done.stderr
    assert sandboxed.job(job.id).sandbox
