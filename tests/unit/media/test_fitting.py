"""Media as engines take them: converted where a document says what is taken, once, told before, billed as sent."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.routing import Route

from lipsync_core import ENGINES, PROVIDERS, Brief, BriefError, JobState, MediumFacts, Settings, Studio
from lipsync_core.brief import KeptMedium
from lipsync_core.decode import check_video, image_facts, voice_facts
from lipsync_core.delivery.routes import medium_route
from lipsync_core.media.fit import change_for
from lipsync_core.media.store import MediaStore
from lipsync_core.medium import Kind
from tests import corpus, patient
from tests.behind import store_of
from tests.corpus import saved
from tests.filmed import FILMS, filmed
from tests.recorded import QUIET, TONE, tracks
from tests.sandbox import SandboxProcess, as_live, served

pytestmark = pytest.mark.usefixtures("stocked")

VOICE = MediumFacts("a" * 64, "audio", "voice.ogg", ".ogg", "audio/ogg", 100_000, duration_s=12.0)
PICTURE = MediumFacts("b" * 64, "image", "face.png", ".png", "image/png", 100_000, 800, 600)
VIDEO = MediumFacts("c" * 64, "video", "talk.mp4", ".mp4", "video/mp4", 9_000_000, 1280, 720, 20.0)


def words(engine: str, facts: MediumFacts) -> str | None:
    change = change_for(facts, ENGINES[engine].form)
    return None if change is None else f"{change.title}. {change.words}"


def test_what_is_changed_is_said_and_what_is_assumed_with_who_says_so() -> None:
    assert words("lipsync-studio/lipsync-video", VOICE) == ("Sent as WAV. lipsync.studio video names MP3 and WAV.")
    assert words("aimlapi/pixverse-lip-sync", replace(VIDEO, width=3840, height=2160)) == (
        "Sent as a smaller MP4. PixVerse lip-sync probably takes up to 1,920 pixels "
        "(PixVerse's own pages; AI/ML API states no limits)."
    )
    said = words("joypix/motion-2", replace(PICTURE, size=12_400_000))
    assert said is not None
    assert said.startswith("Sent as a smaller JPEG. JoyPix Motion-2 probably takes")


@pytest.mark.parametrize(
    ("engine", "facts"),
    [
        ("lipsync-studio/lipsync-video", replace(VOICE, extension=".mp3")),
        ("lipsync-studio/lipsync-video", replace(VOICE, extension=".wav", size=200_000_000)),  # no size is told
        ("lipsync-studio/lipsync-video", replace(VIDEO, extension=".mov")),
        ("lipsync-studio/lipsync-image", replace(PICTURE, extension=".tif")),  # nothing is told of its pictures
        ("joypix/motion-2", VOICE),  # nor of JoyPix's voices
        ("creatify/lipsync", VOICE),  # nor of anything at Creatify
        ("joypix/motion-2", PICTURE),
        ("aimlapi/pixverse-lip-sync", VIDEO),
        ("aimlapi/pixverse-lip-sync", replace(VOICE, duration_s=590.0)),  # too long as WAV as well: it has to be cut
    ],
)
def test_nothing_is_changed_where_it_is_fit_or_nobody_says_what_is(engine: str, facts: MediumFacts) -> None:
    assert words(engine, facts) is None


@pytest.mark.parametrize(
    ("engine", "facts", "said"),
    [
        (
            "creatify/lipsync",  # which says nothing of what it takes
            replace(VIDEO, unlike="has pixels that are not square"),
            "Sent as MP4. This video has pixels that are not square. It is sent as players show it.",
        ),
        (
            "joypix/motion-2",
            replace(VOICE, unlike="is not in the file’s first sound track"),
            "Sent as WAV. This voice is not in the file’s first sound track. It is sent as you hear it.",
        ),
        (
            "lipsync-studio/lipsync-video",
            replace(VOICE, unlike="is not in the file’s first sound track"),
            "Sent as WAV. lipsync.studio video names MP3 and WAV.",
        ),
    ],
)
def test_what_a_careless_program_would_misread_is_sent_as_it_is_seen_and_heard(
    engine: str, facts: MediumFacts, said: str
) -> None:
    assert words(engine, facts) == said


def test_no_engine_gets_a_squashed_face_or_a_mute_track(sandboxed: Studio, store: MediaStore) -> None:
    brief = Brief(
        scene="redub",
        engine="creatify/lipsync",
        video=kept(sandboxed, filmed(FILMS["HDV with wide pixels"]), "video", "tape.mkv"),
        audio=kept(sandboxed, tracks(QUIET, TONE), "audio", "screen.mkv"),
    )
    sandboxed.desk("ana").make_copies(brief, "creatify/lipsync")
    video = sandboxed.desk().media.facts(brief.video, "video")
    voice = sandboxed.desk().media.facts(brief.audio, "audio")
    assert video is not None
    assert voice is not None
    sent = store.get(dict(video.copies).popitem()[1], "video")
    assert sent is not None
    assert (sent.extension, sent.width, sent.height, sent.unlike) == (".mp4", 212, 120, "")
    heard = store.get(dict(voice.copies).popitem()[1], "audio")
    assert heard is not None
    assert (heard.extension, heard.unheard, heard.unlike) == (".wav", "", "")
    assert not sandboxed.desk().needs_copies(replace(brief, engine="draft/portrait"), "draft/portrait")


def test_what_engines_take_is_never_told_without_a_source() -> None:
    for provider in PROVIDERS.values():
        for form in provider.forms:
            for files in form.files.values():
                assert files.source
                assert all(one.startswith(".") for one in files.formats)


def kept(studio: Studio, data: bytes, kind: Kind, name: str) -> KeptMedium:
    return KeptMedium(studio.desk().media.keep(data, kind, name).sha256, name)


@pytest.fixture
def store(environment: dict[str, str]) -> MediaStore:
    """The media store of the studio."""
    return store_of(environment)


def redub(studio: Studio, engine: str) -> Brief:
    return Brief(
        scene="redub",
        engine=engine,
        video=kept(studio, corpus.video(2.0, format="webm"), "video", "talk.webm"),
        audio=kept(studio, corpus.ogg(1.2), "audio", "voice.ogg"),
    )


def test_a_copy_is_made_once_kept_unlisted_and_known_by_what_it_is_made_of(
    sandboxed: Studio, store: MediaStore
) -> None:
    brief = redub(sandboxed, "lipsync-studio/lipsync-video")
    before = sandboxed.quotes(brief)[0]
    concerns = dict(before.concerns)
    assert "Sent as MP4. " in concerns["video"]
    assert "Sent as WAV. " in concerns["audio"]
    assert not before.problems
    assert sandboxed.desk().needs_copies(brief, "lipsync-studio/lipsync-video")
    sandboxed.desk("ana").make_copies(brief, "lipsync-studio/lipsync-video")
    assert not sandboxed.desk().needs_copies(brief, "lipsync-studio/lipsync-video")
    assert {facts.name for facts in sandboxed.desk().media.recent("audio")} == {"voice.ogg"}
    whole = sandboxed.desk().media.facts(brief.audio, "audio")
    assert whole is not None
    ((_which, sha256),) = whole.copies
    copy = store.get(sha256, "audio")
    assert copy is not None
    assert (copy.name, copy.extension, copy.made_of) == ("voice.wav", ".wav", whole.sha256)
    assert copy.duration_s == pytest.approx(whole.duration_s, abs=1e-3)
    made_at = store.path(copy).stat().st_mtime_ns
    sandboxed.desk("ana").make_copies(brief, "lipsync-studio/lipsync-video")
    assert store.path(copy).stat().st_mtime_ns == made_at


def test_the_vendor_gets_the_copy_bills_its_length_and_the_job_keeps_what_was_brought(
    environment: dict[str, str], tmp_path: Path
) -> None:
    opened: list[Studio] = []
    files = Starlette(
        routes=[Route("/app/static/media/{token}/{name}", medium_route(lambda token: opened[0].linked_file(token)))]
    )
    with (
        served(files) as public,
        SandboxProcess(tmp_path / "vendors", "--instant", "--canned", "--allow", urlsplit(public).netloc) as vendors,
    ):
        variables = environment | as_live(vendors.base) | {"STUDIO_PUBLIC_URL": public}
        studio = Studio(Settings.from_env(variables, dotenv=tmp_path / "no.env"))
        opened.append(studio)
        brief = redub(studio, "lipsync-studio/lipsync-video")
        job = studio.wait(studio.submit(brief, by="ana").id, timeout_s=600)
        assert (job.state, job.error) == (JobState.DONE, None)
        assert (job.brief.audio, job.brief.video) == (brief.audio, brief.video)  # to be used again as they were
        (line,) = vendors.bill()
        form = line["asked"]["formState"]
        for name in ("audio", "video"):
            (tmp_path / name).write_bytes(patient.get(form[name]).content)
    assert voice_facts(tmp_path / "audio").mime == "audio/wav"
    assert check_video(tmp_path / "video").extension == ".mp4"
    assert job.quote.credits == Decimal(str(line["credits"]))


def test_a_link_goes_as_it_is_where_no_copy_could_be_hosted(environment: dict[str, str], tmp_path: Path) -> None:
    variables = environment | as_live("http://127.0.0.1:9")
    studio = Studio(Settings.from_env(variables, dotenv=tmp_path / "no.env"))
    brief = redub(studio, "lipsync-studio/lipsync-video")
    linked = replace(
        brief,
        **{name: replace(getattr(brief, name), url=f"https://files.example/{name}") for name in ("audio", "video")},
    )
    assert not studio.desk().needs_copies(linked, "lipsync-studio/lipsync-video")
    assert studio.quotes(linked)[0].problems == ()


def test_a_large_picture_comes_down_to_the_limit_upright(sandboxed: Studio, store: MediaStore) -> None:
    noisy = saved(Image.effect_noise((2600, 2000), 90).convert("RGB"), "TIFF")
    assert len(noisy) > 10_000_000
    brief = Brief(
        engine="joypix/motion-2",
        image=kept(sandboxed, noisy, "image", "scan.tif"),
        audio=kept(sandboxed, corpus.wav(seconds=1.0), "audio", "voice.wav"),
    )
    sandboxed.desk("ana").make_copies(brief, "joypix/motion-2")
    whole = sandboxed.desk().media.facts(brief.image, "image")
    assert whole is not None
    copy = store.get(dict(whole.copies).popitem()[1], "image")
    assert copy is not None
    assert copy.size <= 10_000_000
    facts = image_facts(store.path(copy))
    assert facts.format == "JPEG"
    assert facts.width / facts.height == pytest.approx(1.3, abs=0.01)


def test_a_wide_video_comes_down_to_the_side_that_is_taken(sandboxed: Studio, store: MediaStore) -> None:
    brief = Brief(
        scene="redub",
        engine="aimlapi/pixverse-lip-sync",
        video=kept(sandboxed, corpus.video(0.4, width=2048, height=1024), "video", "wide.mp4"),
        audio=kept(sandboxed, corpus.wav(seconds=0.4), "audio", "voice.wav"),
    )
    sandboxed.desk("ana").make_copies(brief, "aimlapi/pixverse-lip-sync")
    whole = sandboxed.desk().media.facts(brief.video, "video")
    assert whole is not None
    copy = store.get(dict(whole.copies).popitem()[1], "video")
    assert copy is not None
    assert (copy.width, copy.height) == (1920, 960)
    assert copy.duration_s == pytest.approx(whole.duration_s, abs=0.01)


def test_a_copy_that_cannot_be_made_stops_the_submit_in_words(sandboxed: Studio, store: MediaStore) -> None:
    brief = redub(sandboxed, "lipsync-studio/lipsync-video")
    whole = sandboxed.desk().media.facts(brief.audio, "audio")
    assert whole is not None
    path = store.path(whole)
    path.write_bytes(path.read_bytes()[:200])  # the disk has spoilt it
    with pytest.raises(BriefError, match=r"voice\.ogg") as refused:
        sandboxed.submit(brief, by="ana")
    assert set(refused.value.fields) == {"audio"}
    assert list(sandboxed.jobs()) == []
