"""A pasted share link is judged before anything is requested, and a page that arrives instead of a file is named."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lipsync_core import Brief, BriefError, MediaError, Studio, sheet_of
from lipsync_core.desk.pasted_links import with_direct_links
from lipsync_core.estimates import quote_rows
from lipsync_core.pricing import Rates
from tests import corpus
from tests.behind import settings_of
from tests.sandbox import served

WETRANSFER = "https://we.tl/t-abc"
DROPBOX = "https://www.dropbox.com/scl/fi/a/b.wav?rlkey=k&dl=0"


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    async def page(_request: Request) -> Response:
        return Response("<!DOCTYPE html><title>View</title>", media_type="text/html")

    async def voice(_request: Request) -> Response:
        name = "attachment; filename*=UTF-8''Gr%C3%BC%C3%9Fe.wav"
        return Response(corpus.wav(seconds=1.0, rate=8_000), headers={"Content-Disposition": name})

    with served(Starlette(routes=[Route("/view", page), Route("/download", voice)])) as base:
        yield base


@pytest.fixture
def opened(site: str, environment: dict[str, str], tmp_path: Path) -> Studio:
    return Studio(settings_of(environment | {"STUDIO_FETCH_ALLOW": urlsplit(site).netloc}))


def test_a_page_of_a_known_site_is_refused_with_the_cure_and_never_asked_for(studio: Studio) -> None:
    with pytest.raises(MediaError) as refusal:
        studio.desk().media.keep_link(WETRANSFER, "audio")
    assert str(refusal.value) == (
        "Not a direct link. This link leads to a page of WeTransfer, not to a file. "
        "Download the file and add it here instead."
    )


def test_no_quote_passes_such_a_link_to_a_vendor(studio: Studio) -> None:
    brief = Brief(engine="joypix/motion-2", image=corpus.png(640, 640), audio=WETRANSFER)
    with pytest.raises(BriefError) as refusal:
        studio.desk().quotes(brief)
    assert "page of WeTransfer" in refusal.value.fields["audio"]


def test_what_a_vendor_may_have_to_fetch_itself_is_the_file() -> None:
    brief = with_direct_links(Brief(engine="joypix/motion-2", image="face.jpg", audio=DROPBOX))
    assert (brief.image, brief.audio) == ("face.jpg", DROPBOX.replace("dl=0", "dl=1"))


def test_a_page_that_arrives_instead_of_a_file_is_called_one(opened: Studio, site: str) -> None:
    with pytest.raises(MediaError) as refusal:
        opened.desk().media.keep_link(f"{site}/view", "audio")
    assert "leads to a web page, not to a file. Download the file" in str(refusal.value)


def test_a_fetched_file_has_the_name_that_its_server_gives_it(opened: Studio, site: str) -> None:
    assert opened.desk().media.keep_link(f"{site}/download", "audio").name == "Grüße.wav"


def test_a_row_says_it_before_anything_is_fetched() -> None:
    batch = quote_rows(sheet_of([{"audio": WETRANSFER}, {"audio": DROPBOX}]), rates=Rates())
    assert batch.problems[0] == (
        f"{WETRANSFER}: This link leads to a page of WeTransfer, not to a file. "
        "Download the file and add it here instead."
    )
    assert "has not been fetched yet" in batch.problems[1]
