"""Every page and every route of a studio where people sign in, tried by somebody who has not, and by each role.

What a browser is sent is read on the wire, the WebSocket's messages among it, and not only what it draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response, WebSocket, expect
from starlette.routing import BaseRoute, Mount, Route

from lipsync_core import VOICES, Brief, Job, Role, Studio
from lipsync_core.server.routes import routes
from pages.ui.page_table import PAGES
from tests import corpus, patient
from tests.browser.looks import Look, violations_in_all_looks
from tests.browser.visit import PORTRAIT, policy_broken, put_file, settle, slot, visitor
from tests.oidc import Provider, claims_of, signed_cookie, signed_out
from tests.place import BASE
from tests.server import Server, sandboxed, studio_of

pytestmark = [pytest.mark.browser, pytest.mark.places]

ADMIN, APPROVER, MAKER, VIEWER, UNSEEN = (
    f"{name}@studio.test" for name in ("mia-admin", "ada-approver", "max-maker", "vic-viewer", "una-unseen")
)
TEAM = {MAKER: Role.MAKER, APPROVER: Role.APPROVER, VIEWER: Role.VIEWER, UNSEEN: Role.VIEWER}
SECRETS = ("Confidential film", "Confidential project", "max-maker", "mia-admin", "una-unseen")
"""What nobody may read who has not signed in; of an address, what no page writes in another way."""


def page_addresses() -> list[str]:
    """The addresses of all pages, from the one place that lists them."""
    return [f"/{page.url_path}" for page in PAGES]


def route_paths() -> set[str]:
    """The paths of all routes of our own, those of a mounted router below its own."""

    def paths(of: Iterable[BaseRoute], below: str = "") -> Iterator[str]:
        for route in of:
            if isinstance(route, Mount):
                yield from paths(route.routes, below + route.path)
            elif isinstance(route, Route):
                yield below + route.path

    return set(paths(routes()))


OPENS: dict[str, tuple[Role, ...]] = {
    "/": (Role.MAKER, Role.APPROVER, Role.ADMIN),
    "/jobs": (Role.VIEWER, Role.MAKER, Role.APPROVER, Role.ADMIN),
    "/library": (Role.MAKER, Role.APPROVER, Role.ADMIN),
    "/estimate": (Role.VIEWER, Role.MAKER, Role.APPROVER, Role.ADMIN),
    "/spend": (Role.VIEWER, Role.MAKER, Role.APPROVER, Role.ADMIN),
    "/providers": (Role.ADMIN,),
    "/team": (Role.VIEWER, Role.MAKER, Role.APPROVER, Role.ADMIN),
}
"""To whom each page opens. What is on it is another matter."""

DEEPER = (
    "/jobs?job=1",
    "/jobs?batch=batch-1",
    "/?brief=confidential-brief",
    "/team?job=1",
    "/navigation",
    "/gate",
    "/x",
)
"""Addresses below the pages, of modules that lie beside them, and of nothing."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("doors")


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def variables(folder: Path, provider: Provider) -> dict[str, str]:
    return sandboxed(folder) | {
        "STUDIO_ADMIN": ADMIN,
        "STUDIO_ALLOWED_DOMAINS": "studio.test",
        "STREAMLIT_SECRETS_FILES": str(provider.secrets(folder)),
    }


@pytest.fixture(scope="module")
def ledger(variables: dict[str, str]) -> Studio:
    """A team, and somebody in it who can and did do nothing: only the list of people and the audit know them."""
    studio = studio_of(variables)
    studio.people.enter(claims_of(ADMIN))
    for who, role in TEAM.items():
        studio.people.invite(who, role, by=ADMIN)
    return studio


@pytest.fixture(scope="module")
def job(ledger: Studio) -> Job:
    """A finished clip, one that waits for approval, and a brief."""
    brief = Brief(
        engine="draft/portrait", image=PORTRAIT, audio=corpus.wav(seconds=0.4), name=SECRETS[0], project=SECRETS[1]
    )
    (done,) = ledger.desk(MAKER).submit_all([brief], batch="batch-1")
    paid = Brief(engine="joypix/motion-2", image=PORTRAIT, audio=corpus.wav(seconds=0.4), name=SECRETS[0])
    ledger.submit(paid, by=MAKER)
    ledger.desk(MAKER).briefs.change("confidential-brief", name=SECRETS[0])
    return ledger.wait(done.id, timeout_s=300)


@pytest.fixture
def server(variables: dict[str, str], folder: Path, job: Job) -> Iterator[Server]:
    """A cold one: nobody has asked it anything but whether it is up."""
    with Server(variables, folder / "server.log") as server:
        yield server


SEEN_BY: dict[Role, Look] = {
    Role.VIEWER: ("light", 390),
    Role.MAKER: ("dark", 1280),
    Role.APPROVER: ("light", 1280),
    Role.ADMIN: ("dark", 390),
}
"""In which look axe sees the pages of each role; other tests see most of them in all."""


class Wire:
    """All that one browser is sent."""

    def __init__(self, context: BrowserContext) -> None:
        self.frames: list[bytes] = []
        self.media: list[str] = []
        context.on("page", lambda page: page.on("websocket", self._opened))
        context.on("response", self._answered)

    def _opened(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda data: self.frames.append(data if isinstance(data, bytes) else data.encode()))

    def _answered(self, response: Response) -> None:
        kind = response.headers.get("content-type", "").partition("/")[0]
        ours = urlsplit(response.url).path.removeprefix(BASE).startswith(("/app/static/", "/media/", "/review/"))
        if response.ok and (ours or kind in ("video", "audio")):
            self.media.append(response.url)

    def holds(self, text: str) -> bool:
        return any(text.encode() in frame for frame in self.frames)


@pytest.fixture
def context(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    context = visitor(browser, server.url)
    refused = policy_broken(context)
    yield context
    context.close()
    assert refused == []


def drawn(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    settle(page)


def test_no_page_and_no_route_is_forgotten_here() -> None:
    assert set(page_addresses()) == set(OPENS)
    assert route_paths() == {
        "/api/health",
        "/api/metrics",
        "/api/ready",
        "/api/webhooks/{provider}/{token}",
        "/app/static/made/{token}/{name}",
        "/app/static/media/{token}/{name}",
        "/app/static/samples/{name}",
        "/app/static/zip/{token}/{name}",
        "/review/{token}",
    }


@pytest.mark.parametrize("first", page_addresses())
def test_somebody_signed_out_sees_the_door_only_also_as_the_first_of_all_visitors(
    context: BrowserContext, first: str
) -> None:
    wire = Wire(context)
    page = context.new_page()
    rest = DEEPER if first == "/" else ()
    for address in (first, *rest):
        drawn(page, address)
        expect(signed_out(page), address).to_be_visible()
        expect(page.get_by_role("link", name="Jobs"), address).to_have_count(0)
    assert wire.frames, "nothing was read"
    assert [secret for secret in SECRETS if wire.holds(secret)] == []
    assert not wire.holds("Providers"), "a signed-out visitor was sent the navigation"
    assert wire.media == []


BUTTONS: dict[tuple[str, str], tuple[Role, ...]] = {
    ("/jobs", "Approve job 2"): (Role.APPROVER, Role.ADMIN),
    ("/jobs", "Decline job 2"): (Role.APPROVER, Role.ADMIN),
    ("/jobs", "Withdraw job 2"): (Role.MAKER,),
    ("/providers", "Save JoyPix price"): (Role.ADMIN,),
    ("/spend", "Save caps"): (Role.ADMIN,),
    ("/team", "Add to the team"): (Role.ADMIN,),
    ("/team", "Export the audit log as CSV"): (Role.ADMIN,),
}
"""Who is offered what, where something is there to be done; job 2 is a maker's, and waits."""


@pytest.mark.parametrize(
    ("who", "role"),
    [(VIEWER, Role.VIEWER), (MAKER, Role.MAKER), (APPROVER, Role.APPROVER), (ADMIN, Role.ADMIN)],
    ids=["viewer", "maker", "approver", "admin"],
)
def test_each_role_is_offered_what_is_theirs_and_nothing_else(
    context: BrowserContext, server: Server, who: str, role: Role
) -> None:
    wire = Wire(context)
    context.add_cookies([signed_cookie(server.url, claims_of(who))])  # type: ignore[list-item]  # a part of one
    page = context.new_page()
    for address in (*page_addresses(), *(DEEPER if role is Role.VIEWER else ())):
        drawn(page, address)
        bare = address.partition("?")[0]
        opens = role in OPENS.get(bare, tuple(Role))
        expect(signed_out(page), address).to_have_count(0)
        # Everybody lands on the first page; whom it does not suit is brought to Jobs.
        refused = page.get_by_text(f"You are signed in as {who} ({role}).")
        expect(refused, address).to_have_count(0 if opens or bare == "/" else 1)
        for (where, label), roles in BUTTONS.items():
            if where == bare and "job=" not in address:
                offered = page.get_by_role("button", name=label, exact=True)
                expect(offered, f"{label} on {address}").to_have_count(1 if role in roles else 0)
        if address == bare:
            assert violations_in_all_looks(page, [SEEN_BY[role]]) == [], address
    assert wire.holds("Confidential film")  # which is theirs to see; so the wire was read
    assert wire.holds("una-unseen") is (role is Role.ADMIN)


def test_routes_give_nothing_without_a_link_that_was_made_for_somebody_here(server: Server, ledger: Studio) -> None:
    job = ledger.job(1)
    ledger.people.invite("leaver@studio.test", Role.MAKER, by=ADMIN)
    leaver, nobody = ledger.people.who("leaver@studio.test"), None
    review = ledger.sharing.review_link(job, by="leaver@studio.test")
    ledger.people.remove("leaver@studio.test", by=ADMIN)
    viewer = ledger.people.who(VIEWER)
    voice = ledger.desk().media.facts(job.brief.audio, "audio")
    assert voice is not None
    links = [
        *(ledger.desk(visit=who).media.waveform_link(voice) for who in (leaver, nobody)),
        *(ledger.desk(visit=who).media.output_link(job) for who in (leaver, nobody)),
        *(ledger.desk(visit=who).media.output_link(job, download=True) for who in (leaver, nobody)),
        *(ledger.desk(visit=who).media.thumbnail_link(job) for who in (leaver, nobody)),
        *(ledger.sharing.zip_link([job], name="all", person=who) for who in (leaver, nobody)),
        review,
        "/app/static/media/forged/x.mp4",
        "/app/static/zip/forged/x.zip",
        "/app/static/made/forged/waveform.json",
        "/app/static/samples/studio.db",
        "/review/forged",
    ]
    for link in links:
        assert link is not None
        answer = patient.get(server.url + link)
        assert answer.status_code == 404, link
        assert not any(secret in answer.text for secret in SECRETS), link
    good = ledger.desk(visit=viewer).media.output_link(job)
    assert good is not None
    assert patient.get(server.url + good).headers["content-type"] == "video/mp4"  # so it was not something else
    assert patient.get(server.url + ledger.desk(visit=viewer).media.waveform_link(voice)).json()

    # The open doors tell nothing.
    assert patient.get(f"{server.url}/api/health").json() == {"ok": True}
    assert patient.get(server.url + VOICES[0].link).headers["content-type"].startswith("audio/")
    answers = [
        patient.post(f"{server.url}/api/webhooks/{vendor}/{token}", json=body)
        for vendor, token, body in (("joypix", "forged", {"task_id": "1"}), ("joypix", "x", []), ("nobody", "x", {}))
    ]
    assert len({(answer.status_code, answer.content) for answer in answers}) == 1
    assert not any(secret in answers[0].text for secret in SECRETS)


def test_what_a_page_offers_to_save_and_what_it_is_brought_pass_a_guard(
    context: BrowserContext, server: Server, ledger: Studio
) -> None:
    claims = claims_of(ADMIN, nonce="exports")
    cookie = signed_cookie(server.url, claims)
    context.add_cookies([cookie])  # type: ignore[list-item]  # a part of one
    page = context.new_page()
    drawn(page, "/team")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export the audit log as CSV").click()
    address = download.value.url

    def code(cookies: dict[str, str]) -> int:
        return patient.get(address, cookies=cookies).status_code

    def cookie_of(who: str, **more: str) -> dict[str, str]:
        one = signed_cookie(server.url, claims_of(who), **more)
        return {one["name"]: one["value"]}

    assert address.startswith(f"{server.url}/media/")
    assert "invite" in patient.get(address, cookies={cookie["name"]: cookie["value"]}).text
    for stranger in ({}, cookie_of("eve@elsewhere.test"), cookie_of(ADMIN, secret="another secret of somebody else's")):
        assert code(stranger) == 403
        upload = f"{server.url}/_stcore/upload_file/any-session/any-file"
        assert patient.put(upload, cookies=stranger, files={"file": b"0"}).status_code == 403

    drawn(page, "/")
    put_file(page, "image", PORTRAIT)
    expect(slot(page, "image").get_by_role("button", name="Replace")).to_be_visible()  # the team gets through

    ledger.people.sign_out({**claims, "is_logged_in": True, "provider": "default"})
    assert code({cookie["name"]: cookie["value"]}) == 403
