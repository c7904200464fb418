"""Media in a bucket: a real S3 server takes them once, gives them back to a lost disk and to vendors by signed link."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from moto.server import ThreadedMotoServer
from mypy_boto3_s3 import S3Client
from starlette.requests import Request
from starlette.responses import Response

from lipsync_core import ROOT, Brief, Job, JobState, MediaError, MediumFacts, Settings, Studio
from lipsync_core.brief import KeptMedium
from lipsync_core.delivery.routes import medium_route
from lipsync_core.media.bucket import LONGEST_LINK_S
from lipsync_core.media.erase import Root
from lipsync_core.samples import PORTRAITS
from lipsync_core.tracker.failpoints import DURING_DOWNLOAD
from lipsync_core.tracker.pace import Pace
from tests import corpus, patient
from tests.behind import store_of
from tests.sandbox import SandboxProcess, as_live

KEYS = {"AWS_ACCESS_KEY_ID": "studio", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "eu-central-1"}


@pytest.fixture(scope="module")
def s3() -> Iterator[tuple[str, S3Client]]:
    """A running S3 server, and a way to look into it past the studio."""
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    base = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=base, aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-central-1"
    )
    client.create_bucket(Bucket="clips", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield base, client
    server.stop()


@pytest.fixture
def objects(s3: tuple[str, S3Client]) -> Iterator[S3Client]:
    """The bucket, empty."""
    _base, client = s3
    for entry in client.list_objects_v2(Bucket="clips").get("Contents", []):
        client.delete_object(Bucket="clips", Key=entry["Key"])
    yield client


@pytest.fixture
def in_bucket(environment: dict[str, str], s3: tuple[str, S3Client], objects: S3Client) -> dict[str, str]:
    """The variables of a studio whose media live in the bucket."""
    cache = environment["STUDIO_MEDIA_URL"]
    bucket = {"STUDIO_MEDIA_URL": "s3://clips/team/a", "STUDIO_MEDIA_CACHE": cache, "AWS_ENDPOINT_URL": s3[0]}
    return environment | bucket | KEYS


def opened(variables: dict[str, str], folder: Path) -> Studio:
    return Studio(Settings.from_env(variables, dotenv=folder / "no.env"))


def names(client: S3Client) -> list[str]:
    return [entry["Key"] for entry in client.list_objects_v2(Bucket="clips").get("Contents", [])]


def lose(variables: dict[str, str]) -> None:
    """The disk with the working copies is gone."""
    shutil.rmtree(variables["STUDIO_MEDIA_CACHE"])


def link_of(variables: dict[str, str], facts: MediumFacts, good_for_s: float = LONGEST_LINK_S) -> str:
    link = store_of(variables).link(facts, good_for_s)
    assert link is not None
    return link


def test_what_arrives_lies_in_the_bucket_under_its_hash_and_once(
    in_bucket: dict[str, str], objects: S3Client, tmp_path: Path
) -> None:
    studio = opened(in_bucket, tmp_path)
    data = corpus.wav(seconds=0.5)
    facts = studio.desk().media.keep(data, "audio", "voice.wav")
    sha256 = hashlib.sha256(data).hexdigest()
    key = f"team/a/{sha256[:2]}/{sha256}.wav"
    assert names(objects) == [key]
    assert objects.head_object(Bucket="clips", Key=key)["ContentType"] == "audio/wav"
    objects.put_object(Bucket="clips", Key=key, Body=data, Metadata={"by": "us"})  # which a second upload would replace
    studio.desk().media.keep(data, "audio", "the same.wav")
    lose(in_bucket)
    assert studio.desk().media.keep(data, "audio", "once more.wav").sha256 == facts.sha256
    assert objects.head_object(Bucket="clips", Key=key)["Metadata"] == {"by": "us"}


def test_a_large_file_goes_in_several_parts_and_comes_back_whole(
    in_bucket: dict[str, str], objects: S3Client, tmp_path: Path
) -> None:
    studio = opened(in_bucket, tmp_path)
    data = corpus.wav(seconds=60, rate=48_000, channels=2, bits=32)
    assert len(data) > 20_000_000
    facts = studio.desk().media.keep(data, "audio", "long.wav")
    (key,) = names(objects)
    tag = objects.head_object(Bucket="clips", Key=key)["ETag"]
    assert int(tag.strip('"').rpartition("-")[2]) >= 3  # S3 notes the number of parts in it
    lose(in_bucket)
    back = store_of(in_bucket).file(facts)
    assert back is not None
    assert back.read_bytes() == data


def test_after_a_lost_disk_everything_is_there_again_and_a_damaged_copy_is_not_taken(
    in_bucket: dict[str, str], objects: S3Client, tmp_path: Path
) -> None:
    studio = opened(in_bucket, tmp_path)
    picture = studio.desk().media.keep(PORTRAITS[0].path, "image", "face.jpg")
    voice = studio.desk().media.keep(corpus.wav(seconds=0.5), "audio", "voice.wav")
    lose(in_bucket)
    studio = opened(in_bucket, tmp_path)
    for facts, variant in ((picture, "file"), (picture, "thumb"), (voice, "file")):
        found = studio.linked_file(studio.desk().media.link(facts, variant).split("/")[-2])  # type: ignore[arg-type]  # a Variant
        assert found is not None
        assert found[0].stat().st_size
    assert studio.desk().media.preview(picture).startswith(b"\xff\xd8")
    job = studio.wait(studio.submit(brief(picture, voice, "draft/portrait"), by="ana").id, timeout_s=600)
    lose(in_bucket)
    again = studio.job(job.id)
    assert again.output is not None
    assert again.output.is_file()
    lose(in_bucket)
    key = f"team/a/{voice.sha256[:2]}/{voice.sha256}.wav"
    objects.put_object(Bucket="clips", Key=key, Body=b"something else")
    with pytest.raises(MediaError, match="Damaged in the bucket"):
        store_of(in_bucket).file(voice)
    objects.delete_object(Bucket="clips", Key=key)
    assert store_of(in_bucket).file(voice) is None


def brief(picture: MediumFacts, voice: MediumFacts, engine: str) -> Brief:
    image, audio = (KeptMedium(facts.sha256, facts.name) for facts in (picture, voice))
    return Brief(scene="portrait", engine=engine, image=image, audio=audio)


def test_a_link_gives_the_bytes_to_whoever_has_it_for_the_seven_days_that_a_queue_may_last(
    in_bucket: dict[str, str], tmp_path: Path
) -> None:
    studio = opened(in_bucket, tmp_path)
    data = corpus.wav(seconds=0.5)
    facts = studio.desk().media.keep(data, "audio", "voice.wav")
    link = link_of(in_bucket, facts)
    answer = patient.get(link)
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, data, "audio/wav")
    asked = parse_qs(urlsplit(link).query)
    assert asked["X-Amz-Expires"] == [str(7 * 86_400)]
    assert asked["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert parse_qs(urlsplit(link_of(in_bucket, facts, 1e9)).query)["X-Amz-Expires"] == [str(7 * 86_400)]
    assert parse_qs(urlsplit(link_of(in_bucket, facts, 60)).query)["X-Amz-Expires"] == ["60"]
    assert urlsplit(link).path.endswith(f"{facts.sha256}.wav")
    assert "secret" not in link


def test_what_was_stored_before_there_was_a_bucket_is_put_there_when_a_vendor_needs_it(
    environment: dict[str, str], in_bucket: dict[str, str], objects: S3Client, tmp_path: Path
) -> None:
    facts = opened(environment, tmp_path).desk().media.keep(corpus.wav(seconds=0.5), "audio", "voice.wav")
    assert names(objects) == []
    assert patient.get(link_of(in_bucket, facts)).content == corpus.wav(seconds=0.5)


def test_removing_a_medium_empties_both(in_bucket: dict[str, str], objects: S3Client, tmp_path: Path) -> None:
    facts = opened(in_bucket, tmp_path).desk().media.keep(corpus.png(), "image", "face.png")
    store = store_of(in_bucket)
    assert len(names(objects)) == 1  # small pictures stay here
    store.remove(facts)
    assert names(objects) == []
    assert not [path for path in Path(in_bucket["STUDIO_MEDIA_CACHE"]).rglob("*.*") if path.is_file()]
    store.remove(facts)  # nothing to do is no error


@contextmanager
def letting_nobody_in(s3: tuple[str, S3Client]) -> Iterator[None]:
    """From now on the server knows no key."""
    before = patient.post(f"{s3[0]}/moto-api/reset-auth", content=b"0").json()["PREVIOUS_INITIAL_NO_AUTH_ACTION_COUNT"]
    try:
        yield
    finally:
        patient.post(f"{s3[0]}/moto-api/reset-auth", content=before.encode())


def test_wrong_credentials_are_told_in_words_and_nothing_is_left(
    s3: tuple[str, S3Client], in_bucket: dict[str, str], tmp_path: Path
) -> None:
    studio = opened(in_bucket, tmp_path)
    words = r"denied access.*“clips”.*AWS_SECRET_ACCESS_KEY"
    with letting_nobody_in(s3), pytest.raises(MediaError, match=words) as refused:
        studio.desk().media.keep(corpus.wav(seconds=0.5), "audio", "voice.wav")
    assert "secret" not in str(refused.value)
    assert studio.desk().media.recent("audio") == []
    assert not [path for path in Path(in_bucket["STUDIO_MEDIA_CACHE"]).rglob("*") if path.is_file()]


def test_a_bucket_that_is_not_there_or_not_reached_is_told_in_words(in_bucket: dict[str, str], tmp_path: Path) -> None:
    elsewhere = opened(in_bucket | {"STUDIO_MEDIA_URL": "s3://another"}, tmp_path)
    with pytest.raises(MediaError, match=r"There is no bucket “another”. Create it, or correct STUDIO_MEDIA_URL"):
        elsewhere.desk().media.keep(corpus.wav(seconds=0.5), "audio", "voice.wav")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    nowhere = opened(in_bucket | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}, tmp_path)
    with pytest.raises(MediaError, match=r"does not answer.*Check AWS_ENDPOINT_URL"):
        nowhere.desk().media.keep(corpus.wav(seconds=0.5), "audio", "voice.wav")


def test_while_it_is_away_it_says_so_until_a_request_succeeds(
    s3: tuple[str, S3Client], in_bucket: dict[str, str], tmp_path: Path
) -> None:
    studio = opened(in_bucket, tmp_path)
    studio.desk().media.keep(corpus.wav(seconds=0.5), "audio", "voice.wav")
    assert studio.bucket_trouble() is None
    with letting_nobody_in(s3):
        with pytest.raises(MediaError):
            studio.desk().media.keep(corpus.wav(seconds=0.6), "audio", "other.wav")
        trouble = studio.bucket_trouble()
        assert trouble is not None
        assert (trouble.title, "secret" in str(trouble)) == ("The media bucket denied access", False)
    studio.desk().media.keep(corpus.wav(seconds=0.6), "audio", "other.wav")
    assert studio.bucket_trouble() is None


def test_a_link_that_is_signed_here_does_not_show_that_the_bucket_is_back(
    s3: tuple[str, S3Client], in_bucket: dict[str, str]
) -> None:
    bucket = store_of(in_bucket).bucket
    assert bucket is not None
    with letting_nobody_in(s3), pytest.raises(MediaError):
        bucket.holds("a.wav")
    assert bucket.link("a.wav", 60)
    assert bucket.trouble() is not None
    assert not bucket.holds("a.wav")
    assert bucket.trouble() is None


def submitted(studio: Studio, *, sandbox: bool) -> Job:
    picture, voice = PORTRAITS[0].path, corpus.wav(seconds=1.2)
    asked = Brief(scene="portrait", engine="joypix/motion-2", image=picture, audio=voice)
    assert all("can’t reach" not in problem for problem in studio.quotes(asked, sandbox=sandbox)[0].problems)
    return studio.submit(asked, by="ana", sandbox=sandbox)


def test_a_paid_job_in_the_sandbox_needs_no_link_into_the_bucket(
    in_bucket: dict[str, str], objects: S3Client, tmp_path: Path
) -> None:
    studio = opened(in_bucket | {"STUDIO_SANDBOX_SPEED": "500"}, tmp_path)
    job = studio.wait(submitted(studio, sandbox=True).id, timeout_s=600)
    assert (job.state, job.error) == (JobState.DONE, None)
    assert len(names(objects)) == 3  # the picture, the voice and the finished video
    lose(in_bucket)
    assert (again := studio.job(job.id).output) is not None
    assert hashlib.sha256(again.read_bytes()).hexdigest() == job.output_sha256


def test_a_face_that_is_deleted_leaves_nothing_in_the_bucket(
    in_bucket: dict[str, str], objects: S3Client, tmp_path: Path
) -> None:
    studio = opened(in_bucket | {"STUDIO_SANDBOX_SPEED": "500"}, tmp_path)
    stays = studio.desk().media.keep(corpus.png(), "image", "somebody else.png")
    job = studio.wait(submitted(studio, sandbox=True).id, timeout_s=600)
    face = job.brief.image
    assert isinstance(face, KeptMedium)
    shown = studio.eraser.traces(Root(sha256=face.sha256, kind="image"))
    assert shown.jobs == shown.videos == (job.id,)
    lose(in_bucket)  # what lies only in the bucket goes, too
    left = studio.eraser.erase(shown, by="ana")
    assert left.media == ()
    kept = " ".join(names(objects))
    assert stays.sha256 in kept
    assert not [gone for gone in (face.sha256, str(job.output_sha256)) if gone in kept]
    assert studio.job(job.id).output is None


def test_a_vendor_fetches_from_the_bucket_what_the_form_could_not_send_without_it(
    s3: tuple[str, S3Client], in_bucket: dict[str, str], environment: dict[str, str], tmp_path: Path
) -> None:
    host = urlsplit(s3[0]).netloc
    with SandboxProcess(tmp_path / "vendors", "--instant", "--allow", host) as vendors:
        without = opened(environment | as_live(vendors.base), tmp_path)
        asked = Brief(scene="portrait", image=PORTRAITS[0].path, audio=corpus.wav(seconds=1.2))
        problems = [p for quote in without.quotes(asked) if quote.engine == "joypix/motion-2" for p in quote.problems]
        assert any("STUDIO_PUBLIC_URL" in p and "STUDIO_MEDIA_URL to s3://bucket/prefix" in p for p in problems)
        studio = opened(in_bucket | as_live(vendors.base), tmp_path)
        job = studio.wait(submitted(studio, sandbox=False).id, timeout_s=600)
        assert (job.state, job.error) == (JobState.DONE, None)
        (line,) = vendors.bill()
        assert host in str(line["asked"])


def test_a_finished_video_is_fetched_again_until_the_bucket_takes_it(
    s3: tuple[str, S3Client], in_bucket: dict[str, str], objects: S3Client, tmp_path: Path
) -> None:
    studio = opened(in_bucket | {"STUDIO_SANDBOX_SPEED": "500"}, tmp_path)
    job = submitted(studio, sandbox=True)
    tries = 0
    with ExitStack() as shut:

        def at(point: str, _job_id: int) -> None:
            nonlocal tries
            if point == DURING_DOWNLOAD:
                tries += 1
                if tries == 1:
                    shut.enter_context(letting_nobody_in(s3))
                else:
                    shut.close()

        tracker = studio.tracker(pace=Pace(most_s=0.1), failpoint=at)
        deadline = time.monotonic() + 300
        asyncio.run(tracker.run(lambda: not studio.job(job.id).pending or time.monotonic() > deadline))
    now = studio.job(job.id)
    assert (now.state, now.error, tries) == (JobState.DONE, None, 2)
    assert f"team/a/{str(now.output_sha256)[:2]}/{now.output_sha256}.mp4" in names(objects)


def test_a_video_that_only_the_bucket_has_and_cannot_give_is_an_answer_in_words(
    in_bucket: dict[str, str], tmp_path: Path
) -> None:
    studio = opened(in_bucket, tmp_path)
    facts = studio.desk().media.keep(corpus.wav(seconds=0.5), "audio", "voice.wav")
    token = studio.desk().media.link(facts).split("/")[-2]
    lose(in_bucket)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    cut_off = opened(in_bucket | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}, tmp_path)
    scope = {"type": "http", "method": "GET", "path_params": {"token": token, "name": "x.wav"}, "query_string": b""}

    async def asked() -> Response:
        return await medium_route(cut_off.linked_file)(Request(scope))

    answer = asyncio.run(asked())
    assert answer.status_code == 503
    assert b"does not answer" in bytes(answer.body)


def test_a_studio_without_a_bucket_never_loads_boto3(environment: dict[str, str], tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from lipsync_core import Settings, Studio
from tests import corpus
import os
studio = Studio(Settings.from_env(dict(os.environ), dotenv=Path("no.env")))
studio.desk().media.keep(corpus.wav(seconds=0.5), "audio", "voice.wav")
print(sorted(name for name in sys.modules if name.startswith(("boto", "s3transfer"))))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_what_opens_the_bucket_is_never_shown(in_bucket: dict[str, str], tmp_path: Path) -> None:
    settings = Settings.from_env(in_bucket, dotenv=tmp_path / "no.env")
    assert settings.bucket == ("clips", "team/a")
    assert "secret" not in repr(settings)
    assert replace(settings).aws["AWS_SECRET_ACCESS_KEY"] == "secret"
