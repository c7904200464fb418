"""The facade without a server: quote, submit, wait, list; and that a refused brief leaves nothing behind."""

import asyncio
import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import av
import pytest

from lipsync_core import (
    ROOT,
    Brief,
    BriefError,
    Filter,
    Job,
    JobState,
    KeptMedium,
    MediaError,
    Qualifier,
    Settings,
    Studio,
)
from lipsync_core.samples import PORTRAITS
from tests import corpus

STOCKED = pytest.mark.usefixtures("stocked")

PORTRAIT = PORTRAITS[0].path


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    path = tmp_path / "voice.wav"
    path.write_bytes(corpus.wav(seconds=0.6))
    return path


def brief(voice: Path, **changes: object) -> Brief:
    whole = Brief(scene="portrait", engine="draft/portrait", image=PORTRAIT, audio=voice, name="Weekly update", seed=3)
    return replace(whole, **changes)  # type: ignore[arg-type]  # any field


def files(tmp_path: Path) -> list[Path]:
    return sorted(path for path in (tmp_path / "data" / "media").rglob("*") if path.is_file())


def test_a_plain_script_renders_a_video_with_no_server(studio: Studio, voice: Path) -> None:
    job = studio.submit(brief(voice), by="ana")
    assert job.state is JobState.QUEUED
    done = studio.wait(job.id, timeout_s=600)
    assert (done.state, done.error, done.by) == (JobState.DONE, None, "ana")
    assert (done.quote.usd_micros, done.quote.qualifier) == (0, Qualifier.EXACT)
    assert done.output is not None
    with av.open(str(done.output)) as container:
        assert container.duration is not None
        assert container.duration / 1e6 == pytest.approx(0.6, abs=0.041)
    assert [event.state for event in studio.history(job.id)] == ["queued", "rendering", "archiving", "done"]
    assert [job.id for job in studio.jobs()] == [done.id]


@STOCKED
def test_wait_works_inside_a_running_event_loop_as_in_a_notebook(studio: Studio, voice: Path) -> None:
    async def cell() -> Job:
        return studio.wait(studio.submit(brief(voice), by="ana").id, timeout_s=600)  # a notebook's cell blocks too

    assert asyncio.run(cell()).state is JobState.DONE


@STOCKED
def test_the_same_seed_renders_the_same_video_and_a_random_one_is_recorded(studio: Studio, voice: Path) -> None:
    one, two = (studio.submit(brief(voice, seed=11), by="ana") for _ in range(2))
    assert one.id != two.id
    outputs = [studio.wait(job.id, timeout_s=600).output_sha256 for job in (one, two)]
    assert outputs[0] == outputs[1]
    seeds = {studio.submit(brief(voice, seed=-1), by="ana").brief.seed for _ in range(3)}
    assert min(seeds) >= 0
    assert len(seeds) == 3


@STOCKED
def test_a_known_nonce_returns_its_job(studio: Studio, voice: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        jobs = list(threads.map(lambda _: studio.submit(brief(voice), by="ana", nonce="press-1"), range(4)))
    assert len({job.id for job in jobs}) == 1


@STOCKED
def test_wait_says_that_it_gave_up_waiting_and_not_the_job(studio: Studio, voice: Path) -> None:
    job = studio.submit(brief(voice), by="ana")
    with pytest.raises(TimeoutError, match="It was not stopped"):
        studio.wait(job.id, timeout_s=0)
    assert studio.job(job.id).pending


@STOCKED
def test_a_quote_is_free_exact_and_says_how_long(studio: Studio, voice: Path) -> None:
    quote, *paid = studio.quotes(brief(voice, engine=None))
    assert [other.engine for other in paid] == ["joypix/motion-2", "lipsync-studio/lipsync-image"]
    assert (quote.engine, quote.usd_micros, quote.problems) == ("draft/portrait", 0, ())
    assert quote.expected_s is not None
    assert quote.p90_s is not None
    assert 0 < quote.expected_s < quote.p90_s


def test_quoting_keeps_nothing(studio: Studio, voice: Path, tmp_path: Path) -> None:
    studio.quotes(brief(voice))
    assert files(tmp_path) == []


@STOCKED
def test_an_impossible_option_is_a_problem_in_the_quote_and_refused_by_submit(studio: Studio, voice: Path) -> None:
    wrong = brief(voice, resolution="4k")
    assert studio.quotes(wrong)[0].problems
    with pytest.raises(BriefError) as refused:
        studio.submit(wrong, by="ana")
    assert set(refused.value.fields) == {"resolution"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"engine": "nobody/nothing"}, "engine"),
        ({"engine": None}, "engine"),
        ({"scene": "dialog"}, "scene"),
        ({"image": None}, "image"),
        ({"audio": None}, "audio"),
        ({"seed": -2}, "seed"),
        ({"seed": 2**31}, "seed"),
        ({"name": "n" * 121}, "name"),
        ({"mouth_box": (0.0, 0.0, 9999.0, 10.0)}, "mouth_box"),
        ({"mouth_box": (float("nan"), 0.0, 20.0, 10.0)}, "mouth_box"),
        ({"left_mouth_box": (0.0, 0.0, 9999.0, 10.0)}, "left_mouth_box"),
        ({"right_mouth_box": (0.0, 0.0, 20.0)}, "right_mouth_box"),
        ({"image": Path("/nowhere/face.png")}, "image"),
        ({"image": "http://127.0.0.1:9/face.png"}, "image"),
        ({"image": io.BytesIO(corpus.png())}, "image"),
        ({"image": corpus.svg()}, "image"),
        ({"audio": corpus.png()}, "audio"),
        ({"image": corpus.png()}, "mouth_box"),  # no face in it, and nobody placed the mouth
    ],
)
@STOCKED
def test_a_brief_that_cannot_be_rendered_is_refused_by_field(
    studio: Studio, voice: Path, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(BriefError) as refused:
        studio.submit(brief(voice, **changes), by="ana")
    assert set(refused.value.fields) == {field}
    assert studio.count(Filter()) == 0


BAD_PICTURES = {
    "empty": b"",
    "text": corpus.text(),
    "page": corpus.html(),
    "random bytes": corpus.noise(),
    "cut off": corpus.truncated(corpus.png()),
    "bomb": corpus.bomb(),
    "one pixel": corpus.png(width=1, height=1),
    "a voice": corpus.wav(),
}
BAD_VOICES = {
    "empty": b"",
    "text": corpus.text(),
    "page": corpus.html(),
    "random bytes": corpus.noise(),
    "a picture": corpus.png(),
    "no samples": corpus.wav(seconds=0.0),
    "cut off": corpus.truncated(corpus.mp3(seconds=3.0)),
    "silent film": corpus.video(with_sound=False),
    "too long": corpus.wav(seconds=601, rate=8_000, bits=8),
}


@pytest.mark.parametrize(
    ("kind", "name", "data"),
    [("image", name, data) for name, data in BAD_PICTURES.items()]
    + [("audio", name, data) for name, data in BAD_VOICES.items()],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_file_is_refused_in_words_and_leaves_nothing(
    studio: Studio, tmp_path: Path, kind: str, name: str, data: bytes
) -> None:
    with pytest.raises(MediaError) as refused:
        studio.desk().media.keep(data, "image" if kind == "image" else "audio", f"{name}.bin")
    assert len(refused.value.advice) > 20
    assert files(tmp_path) == []
    assert not list((tmp_path / "data" / "media" / ".scratch").iterdir())


def test_the_same_file_is_stored_once_under_its_latest_name(studio: Studio, tmp_path: Path) -> None:
    data = corpus.wav()
    studio.desk().media.keep(data, "audio", "one.wav")
    kept = studio.desk().media.keep(data, "audio", "two.wav")
    assert kept.name == "two.wav"
    assert [facts.name for facts in studio.desk().media.recent("audio")] == ["two.wav"]
    assert len(files(tmp_path)) == 1


@STOCKED
def test_a_draft_is_withdrawn_while_it_waits_and_never_rendered(studio: Studio, voice: Path) -> None:
    job = studio.submit(brief(voice), by="ana")
    assert studio.desk("ben").jobs.withdraw(job.id)
    assert not studio.desk("ana").jobs.withdraw(job.id)
    assert studio.wait(job.id).state is JobState.WITHDRAWN


@STOCKED
def test_an_open_brief_remembers_each_field_and_makes_one_job_while_it_is_pending(studio: Studio, voice: Path) -> None:
    image = studio.desk().media.keep(PORTRAIT, "image", "face.jpg")
    audio = studio.desk().media.keep(voice, "audio", "voice.wav")
    studio.desk("ana").briefs.change("b1", image=image)
    studio.desk("ben").briefs.change("b1", audio=audio)
    studio.desk("ana").briefs.change("b1", name="Weekly")
    first = studio.desk("ana").render("b1", engine="draft/portrait", after=None)
    assert studio.desk("ana").render("b1", engine="draft/portrait", after=None).id == first.id
    studio.desk("ana").briefs.change("b1", name="Weekly 2")
    second = studio.desk("ana").render("b1", engine="draft/portrait", after=first.id)
    assert second.id != first.id
    open_brief = studio.desk().briefs.open("b1")
    assert open_brief is not None
    assert (open_brief.by, open_brief.job_id, open_brief.brief.name) == ("ana", second.id, "Weekly 2")


@STOCKED
def test_using_a_job_again_starts_a_new_brief_with_its_media_and_options(studio: Studio, voice: Path) -> None:
    job = studio.submit(brief(voice, project="Updates"), by="ana")
    again = studio.desk().briefs.open(studio.desk("ben").briefs.use_again(job.id))
    assert again is not None
    assert (again.brief, again.by, again.job_id) == (job.brief, "ben", None)


@STOCKED
def test_the_next_clip_may_keep_only_some_fields_of_a_job(studio: Studio, voice: Path) -> None:
    job = studio.submit(brief(voice, project="Updates"), by="ana")
    again = studio.desk().briefs.open(studio.desk("ben").briefs.use_again(job.id, keeping=("image", "project")))
    assert again is not None
    assert again.brief == Brief(image=job.brief.image, project="Updates")


@STOCKED
def test_what_was_begun_and_never_rendered_is_found_again_by_whoever_began_it(studio: Studio, voice: Path) -> None:
    image = studio.desk().media.keep(PORTRAIT, "image", "face.jpg")
    audio = studio.desk().media.keep(voice, "audio", "monday.wav")
    desk = studio.desk("ana")
    for brief_id, content in (("b1", {"image": image}), ("b2", {"text": "Hello"}), ("b3", {"audio": audio})):
        desk.briefs.change(brief_id, **content)
    desk.briefs.change("b4", name="Only a name")
    studio.desk("ben").briefs.change("b5", image=image)
    desk.briefs.change("b6", image=image, audio=audio)
    desk.render("b6", engine="draft/portrait", after=None)
    found = desk.briefs.unfinished(limit=5)
    assert {one.id for one in found} == {"b1", "b2", "b3"}
    assert [one.changed_at for one in found] == sorted((one.changed_at for one in found), reverse=True)
    assert {one.brief.title for one in found} == {"", "Hello", "monday"}
    assert len(desk.briefs.unfinished(limit=2)) == 2


@STOCKED
def test_a_clip_without_a_name_is_called_and_found_by_its_voices_file(studio: Studio, voice: Path) -> None:
    audio = studio.desk().media.keep(voice, "audio", "Week 47, Monday.wav")
    made = studio.submit(replace(brief(voice), audio=KeptMedium(audio.sha256, audio.name), name=""), by="ana")
    assert made.title == "Week 47, Monday"
    assert [job.id for job in studio.page(Filter(text="week 47"), limit=5)] == [made.id]
    named = studio.submit(brief(voice, name="Intro"), by="ana")
    assert named.title == "Intro"


@STOCKED
def test_two_hundred_submissions_wait_in_line(studio: Studio, voice: Path) -> None:
    image = studio.desk().media.keep(PORTRAIT, "image", "face.jpg")
    audio = studio.desk().media.keep(voice, "audio", "voice.wav")
    for number in range(200):
        studio.desk("ana").briefs.change(f"b{number}", image=image, audio=audio, seed=number)
    with ThreadPoolExecutor(16) as threads:
        jobs = list(
            threads.map(lambda n: studio.desk("ana").render(f"b{n}", engine="draft/portrait", after=None), range(200))
        )
    assert len({job.id for job in jobs}) == 200
    assert studio.count(Filter(states=[JobState.QUEUED])) == 200
    first = studio.wait(min(job.id for job in jobs), timeout_s=600)
    assert first.state is JobState.DONE


@STOCKED
def test_a_job_whose_media_vanished_fails_and_says_so(studio: Studio, voice: Path, tmp_path: Path) -> None:
    job = studio.submit(brief(voice), by="ana")
    for path in files(tmp_path):
        if path.suffix == ".jpg":
            path.unlink()
    failed = studio.wait(job.id, timeout_s=600)
    assert failed.state is JobState.FAILED
    assert failed.error


def test_importing_the_core_pulls_in_no_page_and_no_decoder() -> None:
    code = "import sys, lipsync_core; from lipsync_core import Studio; print([m for m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for module in ("streamlit", "cv2", "av", "PIL", "pandas", "lipsync_core.worker.tasks"):
        assert f"'{module}'" not in loaded


@STOCKED
def test_two_studios_share_a_ledger_and_render_each_job_once(
    environment: dict[str, str], tmp_path: Path, voice: Path
) -> None:
    studios = [Studio(Settings.from_env(environment, dotenv=tmp_path / "no.env")) for _ in range(2)]
    jobs = [studios[0].submit(brief(voice, seed=n), by="ana") for n in range(4)]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda studio: studio.wait(jobs[-1].id, timeout_s=600), studios))
    for job in jobs:
        started = [event for event in studios[0].history(job.id) if event.state == "rendering"]
        assert len(started) <= 1 or not studios[0].job(job.id).pending
        assert studios[1].wait(job.id, timeout_s=600).state is JobState.DONE
