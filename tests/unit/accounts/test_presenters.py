"""Presenters for the form: asked for once a day, shown in pages, each with a picture that the studio itself serves."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lipsync_core import PresenterPage, Settings, Studio, VendorError
from lipsync_core.samples import PORTRAITS
from tests import corpus
from tests.sandbox import KEYS, UUID, SandboxProcess, as_live, served

pytestmark = pytest.mark.usefixtures("stocked")

GENDERS = ("f", "m", "nb")
TOTAL = 1_503
LIST = "creatify-presenters-live"


class Library:
    """A Creatify with as many presenters as the real one. Its pictures are of few kinds, by their names."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.down = False
        self.total = TOTAL
        self.pictures: Callable[[int], str] = lambda number: "face.png"
        self.held = threading.Event()

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/personas/paginated/", self.personas),
                Route("/api/voices/", self.voices),
                Route("/pictures/{name}", self.picture),
            ]
        )

    async def personas(self, request: Request) -> Response:
        self.asked["personas"] += 1
        if self.down:
            return JSONResponse({"detail": "A server error occurred."}, 503)
        page, size = int(request.query_params["page"]), int(request.query_params["page_size"])
        start, end = (page - 1) * size, min(page * size, self.total)
        if start >= self.total:
            return JSONResponse({"detail": "Invalid page."}, 404)
        url = f"{request.url.scheme}://{request.url.netloc}"
        more = f"{url}/api/personas/paginated/?page={page + 1}&page_size={size}" if end < self.total else None
        results = [self.persona(number, url) for number in range(start, end)]
        return JSONResponse({"count": self.total, "next": more, "previous": None, "results": results})

    def persona(self, number: int, url: str) -> dict[str, object]:
        return {
            "id": f"id-{number}",
            "creator_name": f"Presenter {number}",
            "gender": GENDERS[number % 3],
            "age_range": "adult",
            "location": "indoor",
            "style": "presenter",
            "is_active": True,
            "preview_image_1_1": f"{url}/pictures/{self.pictures(number)}?signed={time.time_ns()}",
        }

    def voices(self, request: Request) -> Response:
        return JSONResponse({"detail": "Down."}, 503) if self.down else JSONResponse([])

    def picture(self, request: Request) -> Response:
        self.asked["pictures"] += 1
        match request.path_params["name"]:
            case "face.png":
                return Response(corpus.png())
            case "slow.png":
                self.held.wait(300)
                return Response(corpus.png())
            case "words.png":
                return Response(b"no picture at all")
            case _:
                return Response(status_code=404)


@pytest.fixture
def library() -> Library:
    return Library()


@pytest.fixture
def base(library: Library) -> Iterator[str]:
    with served(library.app()) as url:
        yield url


Open = Callable[..., Studio]


@pytest.fixture
def open_studio(environment: dict[str, str], base: str, tmp_path: Path) -> Open:
    """A studio, in the test's own folder, that takes the library for Creatify."""

    def studio(**more: str) -> Studio:
        vendor = {"CREATIFY_BASE_URL": base, "STUDIO_FETCH_ALLOW": urlsplit(base).netloc}
        return Studio(Settings.from_env(environment | KEYS | vendor | more, dotenv=tmp_path / "no.env"))

    return studio


def kept(environment: dict[str, str]) -> dict[str, str]:
    """What the ledger holds of vendors' lists."""
    with closing(sqlite3.connect(environment["STUDIO_DATABASE_URL"].removeprefix("sqlite:///"))) as ledger:
        return dict(ledger.execute("SELECT name, content FROM vendor_lists").fetchall())


def keep(environment: dict[str, str], name: str, content: str) -> None:
    """Put this there instead."""
    with closing(sqlite3.connect(environment["STUDIO_DATABASE_URL"].removeprefix("sqlite:///"))) as ledger:
        ledger.execute("INSERT OR REPLACE INTO vendor_lists VALUES (?, ?)", (name, content))
        ledger.commit()


def age(environment: dict[str, str], days: float) -> None:
    content = json.loads(kept(environment)[LIST])
    keep(environment, LIST, json.dumps(content | {"asked_s": content["asked_s"] - days * 86_400}))


def soon(true: Callable[[], bool]) -> None:
    """Wait for what happens behind the scenes."""
    deadline = time.monotonic() + 300
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def drawn(studio: Studio, number: int = 1, *, sandbox: bool = False) -> PresenterPage:
    """A page once its pictures are there, however busy this machine is."""
    soon(lambda: studio.presenters.page(number, sandbox=sandbox).coming == 0)
    return studio.presenters.page(number, sandbox=sandbox)


def test_in_the_sandbox_they_have_pictures_that_the_studio_serves_and_nobody_is_said_to_have_brought(
    studio: Studio,
) -> None:
    page = drawn(studio, sandbox=True)
    assert [presenter.name for presenter in page.presenters] == ["Grace", "Eileen", "Mira"]
    assert (page.pages, page.total, page.coming) == (1, 3, 0)
    for presenter in page.presenters:
        assert presenter.picture is not None
        link = studio.desk().media.link(presenter.picture, "thumb")
        found = studio.linked_file(link.split("/")[4])
        assert found is not None
        assert found[0].is_file()
    assert studio.desk().media.recent("image") == []
    face = studio.desk().media.keep(PORTRAITS[0].path, "image", "mine.jpg")
    assert [facts.name for facts in studio.desk().media.recent("image")] == ["mine.jpg"]
    assert page.presenters[0].picture is not None
    assert page.presenters[0].picture.sha256 == face.sha256


def test_a_presenters_picture_does_not_rename_the_same_picture_that_somebody_brought(studio: Studio) -> None:
    studio.desk().media.keep(PORTRAITS[0].path, "image", "mine.jpg")
    drawn(studio, sandbox=True)
    assert [facts.name for facts in studio.desk().media.recent("image")] == ["mine.jpg"]


def test_one_is_found_by_its_id_and_filters_offer_the_words_that_occur(studio: Studio) -> None:
    grace = studio.presenters.find(UUID, sandbox=True)
    assert grace is not None
    assert (grace.name, grace.gender, grace.age_range) == ("Grace", "f", "senior")
    assert studio.presenters.find("nobody", sandbox=True) is None
    choices = studio.presenters.choices(sandbox=True)
    assert choices["age_range"] == ("adult", "senior")
    adults = studio.presenters.page(1, age_range="adult", sandbox=True)
    assert [presenter.name for presenter in adults.presenters] == ["Eileen", "Mira"]
    nobody = studio.presenters.page(1, gender="m", sandbox=True)
    assert (nobody.presenters, nobody.pages, nobody.total) == ((), 1, 0)


def test_a_name_is_given_as_far_as_it_is_known_and_nobody_is_asked(open_studio: Open, library: Library) -> None:
    studio = open_studio()
    assert studio.presenters.name_of("id-7") is None
    assert library.asked.total() == 0
    studio.presenters.page(1)
    library.asked.clear()
    assert studio.presenters.name_of("id-7") == "Presenter 7"
    assert open_studio(CREATIFY_API_KEY="").presenters.name_of("id-7") == "Presenter 7"
    assert library.asked.total() == 0


def test_voices_carry_the_accents_that_an_order_names(studio: Studio) -> None:
    voices = studio.presenters.voices(sandbox=True)
    assert {voice.name: [accent.name for accent in voice.accents] for voice in voices} == {
        "Ada": ["American English accent", "British English accent"],
        "Alan": ["British English accent"],
    }


def test_a_sandbox_in_a_process_of_its_own_is_a_live_vendor_like_any_other(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with SandboxProcess(tmp_path / "sandbox") as sandbox:
        live = Studio(Settings.from_env(environment | as_live(sandbox.base), dotenv=tmp_path / "no.env"))
        page = drawn(live)
        assert all(presenter.picture for presenter in page.presenters)
        assert len(live.presenters.voices()) == 2
    assert "creatify-presenters-sandbox" not in kept(environment)


def test_fifteen_hundred_come_in_pages_of_twelve_and_are_asked_for_once(
    open_studio: Open, library: Library, environment: dict[str, str]
) -> None:
    studio = open_studio()
    presenters, first = studio.presenters, drawn(studio)
    asked = library.asked["personas"]
    assert [presenter.id for presenter in first.presenters] == [f"id-{number}" for number in range(12)]
    assert (first.pages, first.total) == (126, TOTAL)
    assert [presenter.id for presenter in presenters.page(126).presenters] == ["id-1500", "id-1501", "id-1502"]
    assert presenters.page(999).presenters == presenters.page(126).presenters
    assert presenters.page(-3).presenters == first.presenters
    assert presenters.page(1, gender="nb").total == TOTAL // 3
    assert presenters.find("id-1502") is not None
    later = drawn(open_studio(), 126)  # as another process would, on the same folder
    assert later == drawn(studio, 126)
    assert library.asked["personas"] == asked
    assert not [key for key in KEYS.values() if key in "".join(kept(environment).values())]


def test_a_picture_is_fetched_once_although_its_signature_changes(open_studio: Open, library: Library) -> None:
    studio = open_studio()
    drawn(studio)
    asked = library.asked["pictures"]
    studio.presenters.refresh()
    assert all(presenter.picture for presenter in studio.presenters.page(1).presenters)
    assert all(presenter.picture for presenter in open_studio().presenters.page(1).presenters)
    assert library.asked["pictures"] == asked


def test_an_old_list_is_shown_while_the_vendor_is_down_and_renewed_when_it_is_not(
    open_studio: Open, library: Library, environment: dict[str, str]
) -> None:
    open_studio().presenters.page(1)
    age(environment, days=2)
    library.down = True
    asked = library.asked["personas"]
    presenters = open_studio().presenters
    assert presenters.page(1).total == TOTAL
    soon(lambda: library.asked["personas"] > asked)
    with pytest.raises(VendorError):
        presenters.refresh()
    assert presenters.page(1).total == TOTAL
    library.down, library.total = False, 7
    fresh = open_studio().presenters
    assert fresh.page(1).total == TOTAL
    soon(lambda: fresh.page(1).total == 7)


def test_without_any_list_the_vendors_trouble_is_told_and_not_asked_for_at_every_click(
    open_studio: Open, library: Library
) -> None:
    library.down = True
    studio = open_studio()
    for _click in range(3):
        with pytest.raises(VendorError, match="503"):
            studio.presenters.page(1)
    assert library.asked["personas"] == 1
    library.down = False
    studio.presenters.refresh()
    assert studio.presenters.page(1).total == TOTAL


def test_another_key_gets_a_list_of_its_own_and_no_key_gets_none(open_studio: Open, library: Library) -> None:
    open_studio().presenters.page(1)
    library.total = 5
    assert open_studio(CREATIFY_API_KEY="another-key").presenters.page(1).total == 5
    with pytest.raises(VendorError, match="CREATIFY_API_KEY"):
        open_studio(CREATIFY_API_KEY="").presenters.page(1)


@pytest.mark.parametrize("content", ["", "[]", '{"rows": 3}', '{"source": "", "asked_s": "x", "rows": [{"id": 1}]}'])
def test_a_spoiled_list_counts_for_nothing(
    open_studio: Open, library: Library, environment: dict[str, str], content: str
) -> None:
    library.total = 2
    open_studio().close()
    for name in (LIST, "creatify-pictures"):
        keep(environment, name, content)
    assert open_studio().presenters.page(1).total == 2


def test_a_picture_that_cannot_be_had_leaves_its_presenter_to_be_chosen(open_studio: Open, library: Library) -> None:
    library.total, library.pictures = 3, lambda number: ("face.png", "gone.png", "words.png")[number]
    studio = open_studio()
    page = drawn(studio)
    assert [bool(presenter.picture) for presenter in page.presenters] == [True, False, False]
    asked = library.asked["pictures"]
    assert studio.presenters.page(1) == page
    assert library.asked["pictures"] == asked


def test_a_slow_picture_is_not_waited_for_and_there_later(open_studio: Open, library: Library) -> None:
    library.total, library.pictures = 2, lambda number: ("face.png", "slow.png")[number]
    studio = open_studio()
    page = studio.presenters.page(1)
    while page.coming > 1:  # a page waits three seconds for its pictures
        page = studio.presenters.page(1)
    assert [bool(presenter.picture) for presenter in page.presenters] == [True, False]
    library.held.set()
    assert all(presenter.picture for presenter in drawn(studio).presenters)


def test_a_picture_inside_this_network_is_not_fetched(open_studio: Open, library: Library) -> None:
    library.total = 2
    page = drawn(open_studio(STUDIO_FETCH_ALLOW=""))
    assert [presenter.picture for presenter in page.presenters] == [None, None]
    assert library.asked["pictures"] == 0
