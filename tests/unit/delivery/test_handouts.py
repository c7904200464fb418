"""What routes hand out: kept media, ZIPs and review pages, to whoever has the link and to nobody else."""

from __future__ import annotations

import asyncio
import io
import re
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from lipsync_core import Brief, Job, JobState, Settings, Studio
from lipsync_core.delivery.links import PERIOD_S
from lipsync_core.delivery.routes import medium_route, review_route, safe_name, samples_route, zip_route
from lipsync_core.delivery.zip_stream import Packed, zipped
from lipsync_core.samples import CLIPS, HELLO, PAIRS, PORTRAITS, ROUTE, VOICES, served
from tests import corpus

HOSTILE = "<script>alert(1)</script> & “Ana”"


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Studio, list[Job]]:
    """A studio with two finished drafts of the same name."""
    folder = tmp_path_factory.mktemp("studio")
    names = {"STUDIO_DATABASE_URL": f"sqlite:///{folder / 'studio.db'}", "STUDIO_MEDIA_URL": str(folder / "media")}
    studio = Studio(Settings.from_env(names, dotenv=folder / "no.env"))
    brief = Brief(engine="draft/portrait", image=PORTRAITS[0].path, audio=corpus.wav(seconds=0.3), name=HOSTILE)
    jobs = [studio.submit(brief, by="ana") for _ in range(2)]
    done = [studio.wait(job.id, timeout_s=600) for job in jobs]
    assert [job.state for job in done] == [JobState.DONE] * 2
    return studio, done


class Site:
    """The routes as a server has them, over HTTP without a socket."""

    def __init__(self, studio: Studio) -> None:
        self._app = Starlette(
            routes=[
                Route("/app/static/media/{token}/{name}", medium_route(studio.linked_file), methods=["GET"]),
                Route("/app/static/zip/{token}/{name}", zip_route(studio.sharing.zipped), methods=["GET"]),
                Route(f"{ROUTE}/{{name}}", samples_route(served()), methods=["GET"]),
                Route("/review/{token}", review_route(studio.sharing.reviewed), methods=["GET"]),
            ]
        )

    def ask(self, link: str, method: str = "GET", **headers: str) -> httpx.Response:
        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://studio") as client:
                return await client.request(method, link, headers=headers)

        return asyncio.run(answer())


@pytest.fixture
def site(rendered: tuple[Studio, list[Job]]) -> Site:
    return Site(rendered[0])


@pytest.fixture
def studio(rendered: tuple[Studio, list[Job]]) -> Studio:
    return rendered[0]


@pytest.fixture
def job(rendered: tuple[Studio, list[Job]]) -> Job:
    return rendered[1][0]


def content(job: Job) -> bytes:
    assert job.output is not None
    return job.output.read_bytes()


def link(made: str | None) -> str:
    assert made is not None
    return made


# One file


def test_a_video_comes_whole_or_in_the_ranges_that_were_asked_for(studio: Studio, site: Site, job: Job) -> None:
    url, video = link(studio.desk().media.output_link(job)), content(job)
    whole = site.ask(url)
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, video, "video/mp4")
    assert whole.headers["accept-ranges"] == "bytes"
    for asked, expected in (("0-0", video[:1]), ("100-199", video[100:200]), ("-7", video[-7:]), ("9-", video[9:])):
        part = site.ask(url, range=f"bytes={asked}")
        assert (part.status_code, part.content) == (206, expected)
    two = site.ask(url, range="bytes=0-9,20-29")
    assert two.headers["content-type"].startswith("multipart/byteranges")
    assert site.ask(url, range=f"bytes={len(video)}-").status_code == 416
    assert site.ask(url, range="bytes=" + ",".join(["0-"] * 5_000)).content == video
    changed = site.ask(url, **{"range": "bytes=0-9", "if-range": '"another"'})
    assert (changed.status_code, changed.content) == (200, video)


def test_head_tells_the_length_and_sends_nothing(studio: Studio, site: Site, job: Job) -> None:
    answer = site.ask(link(studio.desk().media.output_link(job)), "HEAD")
    assert (answer.status_code, answer.headers["content-length"]) == (200, str(len(content(job))))
    assert answer.content == b""


def test_what_is_handed_out_is_not_sniffed_runs_nothing_and_is_no_other_site_s(
    studio: Studio, site: Site, job: Job
) -> None:
    links = [
        studio.desk().media.output_link(job),
        studio.sharing.zip_link([job], name="a.zip"),
        studio.sharing.review_link(job),
    ]
    for url in [*map(link, links), "/app/static/media/forged/x.mp4", "/review/forged"]:
        headers = site.ask(url).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("asked", "saved"),
    [
        ("weekly.mp4", "weekly.mp4"),
        ("WEEKLY.MP4", "WEEKLY.MP4"),
        ("invoice.pdf.exe", "invoice.pdf.exe.mp4"),
        ("page.html", "page.html.mp4"),
        ("..", "unnamed.mp4"),
        (".bashrc", "bashrc.mp4"),
        ("..\\..\\evil.mp4", "evil.mp4"),
        ("a\r\nSet-Cookie: x.mp4", "aSet-Cookie: x.mp4"),
        ("\u202e4pm.exe", "4pm.exe.mp4"),
    ],
)
def test_nobody_can_make_a_link_save_a_file_of_another_kind(asked: str, saved: str) -> None:
    assert safe_name(asked, ".mp4") == saved


@pytest.mark.parametrize(
    "path", ["/app/static/media/{}/..%2f..%2fetc%2fpasswd", "/app/static/media/{}/../../../etc/passwd"]
)
def test_the_name_in_a_link_leads_to_no_other_file(path: str, studio: Studio, site: Site, job: Job) -> None:
    token = link(studio.desk().media.output_link(job)).split("/")[-2]
    assert site.ask(path.format(token)).status_code == 404
    assert site.ask(f"/app/static/media/{token}/").status_code == 404


def test_a_changed_name_changes_only_what_the_file_is_saved_as(studio: Studio, site: Site, job: Job) -> None:
    token = link(studio.desk().media.output_link(job)).split("/")[-2]
    answer = site.ask(f"/app/static/media/{token}/x%0d%0aA:%20b.html?download")
    assert answer.content == content(job)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''xA%3A%20b.html.mp4"
    assert "a" not in answer.headers


@pytest.mark.parametrize(
    "token", ["", "x", "..", "%2e%2e", "%00", "[1]", "WzFd.x", "é", "a" * 20_000, "../../studio.db", "*"]
)
def test_a_token_that_was_not_made_here_leads_nowhere(token: str, site: Site) -> None:
    for url in (f"/app/static/media/{token}/x.mp4", f"/app/static/zip/{token}/x.zip", f"/review/{token}"):
        assert site.ask(url).status_code == 404


def test_a_link_for_one_thing_opens_no_other(studio: Studio, site: Site, job: Job) -> None:
    media = link(studio.desk().media.output_link(job)).split("/")[-2]
    packed = link(studio.sharing.zip_link([job], name="a.zip")).split("/")[-2]
    review = link(studio.sharing.review_link(job)).split("/")[-1]
    for token in (packed, review):
        assert site.ask(f"/app/static/media/{token}/x.mp4").status_code == 404
    for token in (media, review):
        assert site.ask(f"/app/static/zip/{token}/x.zip").status_code == 404
    for token in (media, packed):
        assert site.ask(f"/review/{token}").status_code == 404


# Several as a ZIP


def test_a_zip_holds_every_video_under_a_name_of_its_own(studio: Studio, site: Site, job: Job) -> None:
    jobs = list(studio.jobs())
    answer = site.ask(link(studio.sharing.zip_link(jobs, name="two videos")))
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''two%20videos.zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert [archive.read(name) for name in archive.namelist()] == [content(job) for job in jobs]
        first, second = archive.namelist()
        assert second == first.replace(".mp4", "-2.mp4")
    assert site.ask(link(studio.sharing.zip_link(jobs, name="x")), "HEAD").content == b""


def test_without_a_video_there_is_no_zip_and_no_review(studio: Studio, tmp_path: Path) -> None:
    waiting = studio.submit(
        Brief(engine="draft/portrait", image=PORTRAITS[0].path, audio=corpus.wav(seconds=0.3)), by="ana"
    )
    studio.desk("ana").jobs.withdraw(waiting.id)
    assert studio.sharing.zip_link([waiting], name="none") is None
    assert studio.sharing.review_link(waiting) is None


def test_a_zip_is_packed_in_small_blocks_however_large_its_files_are(tmp_path: Path) -> None:
    large = tmp_path / "large.mp4"
    with large.open("wb") as file:
        file.truncate(40_000_000)
    files = [Packed(name, large, datetime(2026, 11, 21, tzinfo=UTC)) for name in ("a.mp4", "A.mp4", "b")]
    blocks = zipped(files)
    out = tmp_path / "all.zip"
    with out.open("wb") as file:
        for block in blocks:
            assert len(block) < 512 * 1024
            file.write(block)
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a.mp4", "A-2.mp4", "b"]
        assert {info.file_size for info in archive.infolist()} == {40_000_000}


# A review link


def sources(page: str) -> Iterator[str]:
    return map(unescape, re.findall(r'(?:src|href|action)="([^"]*)"', page))


def test_a_review_link_shows_one_video_and_nothing_else(studio: Studio, site: Site, job: Job) -> None:
    answer = site.ask(link(studio.sharing.review_link(job)))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-store"
    [source] = sources(answer.text)
    assert site.ask(source).content == content(job)
    assert "<script" not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; “Ana”" in answer.text
    assert "A draft" in answer.text
    assert "ana" not in answer.text.replace("Ana", "")  # not who made it
    policy = answer.headers["content-security-policy"]
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy


def let_pass(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Both of the computer's clocks run on by so much."""
    shown, shown_ns, running = time.time, time.time_ns, time.clock_gettime
    monkeypatch.setattr(time, "time", lambda: shown() + seconds)
    monkeypatch.setattr(time, "time_ns", lambda: shown_ns() + int(seconds * 1e9))
    monkeypatch.setattr(time, "clock_gettime", lambda which: running(which) + seconds)


def test_a_review_link_and_its_video_expire_together(
    studio: Studio, site: Site, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = link(studio.sharing.review_link(job, days=3))
    [source] = sources(site.ask(url).text)
    let_pass(monkeypatch, 3 * 86_400 - 60)
    assert site.ask(url).status_code == site.ask(source).status_code == 200
    let_pass(monkeypatch, 61)
    over = site.ask(url)
    assert over.status_code == site.ask(source).status_code == 404
    assert list(sources(over.text)) == []
    assert over.text == site.ask("/review/forged").text


def test_a_zip_s_link_expires(studio: Studio, site: Site, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    url = link(studio.sharing.zip_link([job], name="a"))
    let_pass(monkeypatch, 2 * PERIOD_S)
    assert site.ask(url).status_code == 404


@pytest.mark.parametrize("days", [0, -1, 91, float("nan")])
def test_a_review_link_is_good_for_up_to_ninety_days(days: float, studio: Studio, job: Job) -> None:
    with pytest.raises(ValueError, match="90 days"):
        studio.sharing.review_link(job, days=days)


def test_a_sample_is_served_by_its_name_and_nothing_else_is(site: Site) -> None:
    for sample in (*PORTRAITS, *PAIRS, *CLIPS, HELLO):
        assert site.ask(sample.link).content == sample.path.read_bytes()
        assert site.ask(sample.picture_link).headers["content-type"] == "image/webp"
    for voice in VOICES:
        assert site.ask(voice.link).headers["content-type"] == "audio/flac"
    for name in ("ORIGIN.md", "draw_mira.py", "..%2F__init__.py"):
        assert site.ask(f"{ROUTE}/{name}").status_code == 404
