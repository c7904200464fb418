"""People in a real browser: signing in by a real service, three roles at once, approval, and how a visit ends."""

from __future__ import annotations

import base64
import json
import math
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, WebSocket, expect
from standardwebhooks import Webhook

from lipsync_core import Brief, Job, JobState, Role, Studio
from lipsync_core.people.team import new_secret
from lipsync_core.sandbox.store import Store
from tests import corpus, patient
from tests.browser.holding import Hold
from tests.browser.looks import violations
from tests.browser.opened import ONE_BY_ONE, open_menu
from tests.browser.visit import PORTRAIT, is_silent, open_page, policy_broken, settle, visitor, waits
from tests.oidc import Provider, sign_in, sign_out, signed_cookie, signed_out
from tests.place import origin_of
from tests.sandbox import Host, hosting
from tests.server import Server, sandboxed, studio_of

pytestmark = [pytest.mark.browser, pytest.mark.places]

ADMIN, APPROVER, MAKER, VIEWER = (f"{name}@studio.test" for name in ("mia", "ada", "max", "vic"))
TEAM = {ADMIN: Role.ADMIN, APPROVER: Role.APPROVER, MAKER: Role.MAKER, VIEWER: Role.VIEWER}
SECRET = new_secret()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("people")


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        for who in TEAM:
            provider.knows(who, email=who, email_verified=True, name=who.partition("@")[0].capitalize())
        yield provider


@pytest.fixture(scope="module")
def listener() -> Iterator[Host]:
    """A chat tool of somebody else's, which the team is told at."""
    with hosting() as host:
        yield host


@pytest.fixture(scope="module")
def variables(folder: Path, provider: Provider, listener: Host) -> dict[str, str]:
    """A studio where people sign in, which plays in a fast sandbox."""
    return sandboxed(folder) | {
        "STUDIO_SANDBOX_SPEED": "500",
        "STUDIO_ADMIN": ADMIN,
        "STUDIO_ALLOWED_DOMAINS": "studio.test",
        "STUDIO_NOTIFY_URL": f"{listener.url}/hook",
        "STUDIO_NOTIFY_SECRET": SECRET,
        "STUDIO_NOTIFY_ALLOW": listener.url.removeprefix("http://"),
        "STREAMLIT_SECRETS_FILES": str(provider.secrets(folder)),
    }


@pytest.fixture(scope="module")
def server(variables: dict[str, str], folder: Path) -> Iterator[Server]:
    with Server(variables, folder / "server.log") as server:
        yield server


@pytest.fixture(scope="module")
def ledger(variables: dict[str, str], server: Server, provider: Provider) -> Studio:
    """The server's own ledger; the team is in it, and makers may spend ten cents a press."""
    studio = studio_of(variables)
    studio.people.enter(provider.claims_of(ADMIN))
    for who, role in TEAM.items():
        if who != ADMIN:
            studio.people.invite(who, role, by=ADMIN)
            studio.people.set_limit(who, 100_000, by=ADMIN)
    return studio


class Visitors:
    """Browsers of their own, each signed in as somebody; whatever a page asks of another host is noted."""

    def __init__(self, browser: Browser, server: Server, provider: Provider) -> None:
        self._browser = browser
        self._hosts = (origin_of(server.url), provider.url, "data:", "blob:", "about:")
        self._base = server.url
        self._signed_in: dict[str, BrowserContext] = {}
        self._contexts: list[BrowserContext] = []
        self.foreign: list[str] = []
        self.refused: list[list[str]] = []

    def stranger(self) -> BrowserContext:
        """Somebody who has not signed in."""
        context = visitor(self._browser, self._base)
        context.route(re.compile("^https:"), lambda route: route.abort())  # a style sheet of the service’s own page
        context.on("request", self._watch)
        self.refused.append(policy_broken(context))
        self._contexts.append(context)
        return context

    def __getitem__(self, who: str) -> BrowserContext:
        if who not in self._signed_in:
            self._signed_in[who] = self.stranger()
            page = self._signed_in[who].new_page()
            page.goto("/jobs")
            sign_in(page, who)
            page.close()
        return self._signed_in[who]

    def _watch(self, request: Request) -> None:
        by_us = request.frame.url.startswith(self._base)
        if by_us and not request.url.startswith(self._hosts):
            self.foreign.append(request.url)

    def leave(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture(scope="module")
def visitors(browser: Browser, server: Server, provider: Provider, ledger: Studio) -> Iterator[Visitors]:
    visitors = Visitors(browser, server, provider)
    yield visitors
    visitors.leave()
    assert not visitors.foreign, f"a page asked other hosts: {visitors.foreign}"
    assert not any(visitors.refused), f"the pages' own policy refused: {visitors.refused}"


@pytest.fixture
def page(visitors: Visitors) -> Iterator[Page]:
    """A tab of somebody who has not signed in."""
    page = visitors.stranger().new_page()
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def brief(folder: Path) -> Brief:
    """A clip of fifteen cents."""
    voice = folder / "voice.wav"
    voice.write_bytes(corpus.wav(seconds=1.2))
    return Brief(scene="portrait", engine="joypix/motion-2", image=PORTRAIT, audio=voice, resolution="480p")


@pytest.fixture(scope="module")
def bill(folder: Path) -> Callable[[], list[dict[str, Any]]]:
    """What the sandbox charges for by now."""
    path = folder / "media" / ".sandbox" / "sandbox.db"
    return lambda: Store(path, 500).bill() if path.exists() else []


@pytest.fixture(scope="module")
def hold(variables: dict[str, str], ledger: Studio) -> Hold:
    """When what was pressed leaves."""
    return Hold(variables)


# Entering


@pytest.mark.places(gate=True)
def test_a_deep_link_survives_the_login(page: Page) -> None:
    page.goto("/estimate?seconds=12")
    expect(signed_out(page)).to_be_visible()
    sign_in(page, MAKER)
    expect(page.get_by_role("heading", name="Estimate", level=1)).to_be_visible()
    assert page.url.endswith("/estimate?seconds=12")


def test_an_address_in_capitals_is_the_same_person(page: Page, provider: Provider, ledger: Studio) -> None:
    before = [person.email for person in ledger.people.everyone("2026-11")]
    provider.knows(ADMIN, email="MIA@Studio.Test", email_verified=True, name="Mia")
    page.goto("/team")
    sign_in(page, ADMIN)
    expect(page.get_by_role("heading", name="Team", level=1)).to_be_visible()
    assert [person.email for person in ledger.people.everyone("2026-11")] == before


@pytest.mark.parametrize(
    ("who", "said", "why"),
    [
        ("eve@studio.test", {"email_verified": False}, "is not verified by the sign-in service"),
        ("eva@studio.test", {}, "does not say whether eva@studio.test is verified"),
        ("m\u0456a@studio.test", {"email_verified": True}, "letters that look like others"),
        ("another", {"email": ADMIN, "email_verified": True}, "signed in with another account"),
    ],
    ids=["unverified", "silent", "look-alike", "another account"],
)
def test_whom_the_service_does_not_vouch_for_does_not_enter(
    page: Page, provider: Provider, ledger: Studio, who: str, said: dict[str, Any], why: str
) -> None:
    before = ledger.people.everyone("2026-11")
    provider.knows(who, **({"email": who} | said))
    page.goto("/jobs")
    sign_in(page, who)
    expect(signed_out(page)).to_be_visible()
    expect(page.get_by_text(why)).to_be_visible()
    assert ledger.people.everyone("2026-11") == before


def test_a_stranger_is_told_sees_nothing_and_can_sign_out_again(page: Page, provider: Provider) -> None:
    provider.knows("eve@elsewhere.test", email="eve@elsewhere.test", email_verified=True)
    page.goto("/jobs")
    page.get_by_role("button", name="Sign in", exact=True).click(delay=30)
    page.get_by_role("button", name="Deny").click()  # as if it were another’s browser
    expect(page.get_by_text("This studio is for its team only.")).to_be_visible()
    sign_in(page, "eve@elsewhere.test")
    expect(page.get_by_text("eve@elsewhere.test is not in the team.")).to_be_visible()
    expect(page.get_by_role("link", name="Jobs", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Sign out").click(delay=30)
    page.get_by_role("button", name="End session").click()
    expect(page.get_by_text("This studio is for its team only.")).to_be_visible()


def test_a_newcomer_makes_clips_and_asks_an_admin_for_more(
    page: Page, visitors: Visitors, ledger: Studio, provider: Provider
) -> None:
    provider.knows("nora@studio.test", email="nora@studio.test", email_verified=True, name="Nora")
    page.goto("/")
    sign_in(page, "nora@studio.test")
    expect(page.get_by_role("heading", name="Create", level=1)).to_be_visible()
    open_page(page, "/providers", "Providers")
    page.get_by_role("button", name="Ask for access to Providers").click(delay=30)
    expect(page.get_by_text("You asked for access to Providers.")).to_be_visible()
    admin = visitors[ADMIN].new_page()
    open_page(admin, "/jobs", "Jobs")
    expect(admin.get_by_text("Access asked for: Nora (Providers)")).to_be_visible()
    admin.get_by_role("link", name="Answer on Team").click(delay=30)
    expect(admin.get_by_text("asks for access to Providers.")).to_be_visible()
    expect(admin.get_by_role("button", name="Make Nora an admin")).to_be_visible()
    admin.get_by_role("button", name="Decline Nora").click(delay=30)
    expect(admin.get_by_text("asks for access")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("button", name="Ask for access to Providers")).to_be_visible()
    nora = ledger.people.who("nora@studio.test")
    assert nora is not None
    assert (nora.role, nora.limit_usd_micros) == (Role.MAKER, 0)


# Approval


def test_a_maker_asks_an_approver_approves_and_it_is_paid_once_and_told(
    visitors: Visitors,
    ledger: Studio,
    hold: Hold,
    listener: Host,
    bill: Callable[[], list[dict[str, Any]]],
    brief: Brief,
) -> None:
    maker, approver, viewer = (visitors[who].new_page() for who in (MAKER, APPROVER, VIEWER))
    open_page(approver, "/spend", "Spend")
    job = asked_for(maker, ledger, brief, "Launch film")
    assert job.state is JobState.AWAITING_APPROVAL
    expect(maker.get_by_text("Awaiting approval").first).to_be_visible()
    assert bill() == []

    open_page(viewer, f"/jobs?job={job.id}", job.title)
    expect(viewer.get_by_text("Awaiting approval").first).to_be_visible()
    for label in (f"Approve job {job.id}", f"Decline job {job.id}", f"Withdraw job {job.id}"):
        expect(viewer.get_by_role("button", name=label)).to_have_count(0)

    expect(approver.locator(".st-key-to-decide")).to_contain_text("1 job waits")  # told where they are
    expect(viewer.locator(".st-key-to-decide")).to_have_count(0)
    approver.get_by_role("link", name="Decide on Jobs").click(delay=30)
    waiting = approver.locator(f".st-key-waits-{job.id}")
    expect(waiting).to_contain_text("$0.15")
    expect(waiting).to_contain_text(MAKER)
    expect(waiting).to_contain_text("Max’s limit is $0.10. Reason: “For Monday’s launch”")
    waiting.get_by_role("button", name=f"Approve job {job.id}").click(delay=30)
    expect(waiting).to_have_count(0)
    expect(approver.locator(".st-key-to-decide")).to_have_count(0)

    hold.end()
    finished(maker)  # an open page follows without being asked to
    expect(viewer.get_by_text("Done", exact=True).first).to_be_visible()
    done = ledger.job(job.id)
    assert (done.state, done.by, done.decided_by) == (JobState.DONE, MAKER, APPROVER)
    assert [(event.state, event.by) for event in ledger.history(job.id)][:2] == [
        (JobState.AWAITING_APPROVAL, MAKER),
        (JobState.QUEUED, APPROVER),
    ]
    assert [line["vendor"] for line in bill()] == ["joypix"]
    waits(maker, lambda: len(told(listener, job)) == 2)  # the last one is on its way
    assert told(listener, job) == ["job.awaiting_approval", "job.finished"]
    for tab in (maker, approver, viewer):
        tab.close()


def asked_for(page: Page, ledger: Studio, brief: Brief, name: str) -> Job:
    """The job that a press on Create makes; the brief is filled in already."""
    image = ledger.desk(MAKER).media.keep(PORTRAIT, "image", "face.jpg")
    audio = ledger.desk(MAKER).media.keep(corpus.wav(seconds=1.2), "audio", "voice.wav")
    brief_id = f"brief-{name.lower().replace(' ', '-')}"
    ledger.desk(MAKER).briefs.change(
        brief_id, engine=brief.engine, image=image, audio=audio, name=name, resolution=brief.resolution
    )
    open_page(page, f"/?brief={brief_id}")
    page.get_by_role("button", name="Ask for approval · $0.00 in the sandbox").click(delay=30)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("your limit is $0.10.")
    dialog.get_by_label("Why (the approver reads it)").fill("For Monday’s launch")
    dialog.get_by_role("button", name="Ask for approval").click(delay=30)
    expect(page.locator(".st-key-result")).to_contain_text(name)
    return next(job for job in ledger.jobs() if job.brief.name == name)


def told(listener: Host, job: Job) -> list[str]:
    """What the listener heard about a job, each message checked as the Standard Webhooks scheme asks for."""
    checked = [
        Webhook(SECRET).verify(body, headers)
        for (body, _type), headers in zip(listener.posted, listener.headers, strict=True)
    ]
    return [message["type"] for message in checked if message["data"].get("job") == job.id]


def finished(page: Page) -> None:
    expect(page.locator("video")).to_be_visible()


def test_what_one_has_open_and_types_outlives_what_others_ask_for_and_decide(
    visitors: Visitors, ledger: Studio, brief: Brief
) -> None:
    approver, maker = (visitors[who].new_page() for who in (APPROVER, MAKER))
    for tab in (approver, maker):
        tab.add_init_script(ONE_BY_ONE)
    first, second, third = (ledger.submit(replace(brief, name=name), by=MAKER) for name in ("One", "Two", "Three"))
    open_page(approver, "/jobs", "Jobs")
    why = approver.get_by_label(f"Reason for declining job {second.id}")
    why.press_sequentially("It is too")
    open_page(maker, "/jobs", "Jobs")
    menu = open_menu(maker, f"Job {third.id}")
    ledger.desk(ADMIN).approvals.decline(first.id, "Not this one")
    expect(approver.locator(f".st-key-waits-{first.id}")).to_have_count(0, timeout=60_000)
    expect(why).to_be_focused()
    approver.keyboard.type(" long")
    expect(why).to_have_value("It is too long")
    expect(maker.locator(f".st-key-awaits-{first.id}")).to_have_count(0, timeout=60_000)
    menu().get_by_role("menuitem", name="Cancel…").click()
    expect(maker.get_by_role("dialog", name=f"Withdraw job {third.id}?")).to_be_visible()
    for tab in (approver, maker):
        tab.close()
    for job in (second, third):
        ledger.desk(MAKER).jobs.withdraw(job.id)


def test_what_is_declined_is_not_sent_and_its_maker_reads_why(
    visitors: Visitors, ledger: Studio, bill: Callable[[], list[dict[str, Any]]], brief: Brief
) -> None:
    before = bill()
    create, maker, approver = visitors[MAKER].new_page(), visitors[MAKER].new_page(), visitors[APPROVER].new_page()
    job = asked_for(create, ledger, brief, "Too long")
    expect(create.locator(".st-key-result")).to_contain_text("Not sent, nothing charged.")
    open_page(maker, f"/jobs?job={job.id}", "Too long")
    expect(maker.get_by_text("Not sent, nothing charged.")).to_be_visible()
    open_page(approver, "/jobs", "Jobs")
    why = approver.get_by_label(f"Reason for declining job {job.id}")
    why.fill("Cut it to 20 seconds.")
    why.press("Tab")
    settle(approver)
    approver.get_by_role("button", name=f"Decline job {job.id}").click(delay=30)
    expect(approver.locator(f".st-key-waits-{job.id}")).to_have_count(0)
    for tab in (create, maker):  # an open page follows
        expect(tab.get_by_text("Declined by")).to_contain_text("Cut it to 20 seconds.")
    for tab in (create, maker, approver):
        tab.close()
    assert (ledger.job(job.id).state, ledger.job(job.id).decided_by) == (JobState.WITHDRAWN, APPROVER)
    assert bill() == before


# Leaving


@pytest.fixture(scope="module")
def draft(ledger: Studio, brief: Brief) -> Job:
    """A finished job with a video, which everybody in the team may see."""
    job = ledger.submit(replace(brief, engine="draft/portrait", name="Board meeting"), by=ADMIN)
    return ledger.wait(job.id, timeout_s=300)


def shows(page: Page, job: Job) -> str:
    """Open a job, and the link by which its video plays."""
    open_page(page, f"/jobs?job={job.id}", job.title)
    source = page.locator("video").get_attribute("src")
    assert source is not None
    return source


@pytest.mark.places(gate=True)
def test_signing_out_in_one_tab_ends_the_other_its_links_and_every_copy_of_the_cookie(
    visitors: Visitors, server: Server, draft: Job
) -> None:
    context = visitors.stranger()
    here, there = context.new_page(), context.new_page()
    here.goto("/jobs")
    sign_in(here, VIEWER)
    link = shows(there, draft)
    assert patient.get(link).status_code == 200
    copied = context.cookies(server.url)

    sign_out(here)
    expect(signed_out(there)).to_be_visible()  # nobody touches it
    expect(there.get_by_text("Board meeting")).to_have_count(0)
    assert patient.get(link).status_code == 404

    thief = visitors.stranger()
    thief.add_cookies(copied)  # type: ignore[arg-type]  # what a jar gives, another takes
    page = thief.new_page()
    page.goto("/jobs")
    expect(page.get_by_text("You signed out. Sign in again to continue.")).to_be_visible()
    expect(page.get_by_text("Board meeting")).to_have_count(0)


def test_a_person_who_was_removed_sees_nothing_from_the_next_run_on(
    visitors: Visitors, provider: Provider, ledger: Studio, draft: Job
) -> None:
    leo = "leo@studio.test"
    provider.knows(leo, email=leo, email_verified=True, name="Leo")
    working, idle = visitors[leo].new_page(), visitors[leo].new_page()
    links = [shows(tab, draft) for tab in (working, idle)]

    ledger.people.remove(leo, by=ADMIN)
    working.evaluate("document.querySelector('[data-testid=stPageLink-NavLink]')?.click()")  # if it is still there
    assert [patient.get(link).status_code for link in links] == [404, 404]
    for tab in (working, idle):
        expect(tab.get_by_text("leo@studio.test was removed from the team.")).to_be_visible()
        expect(tab.get_by_text("Board meeting")).to_have_count(0)


def test_the_last_admin_cannot_take_themselves_off_the_list(visitors: Visitors, ledger: Studio) -> None:
    page = visitors[ADMIN].new_page()
    open_page(page, "/team", "Team")
    change = page.locator(".st-key-change-person")
    person, admin = change.get_by_role("combobox", name="Person"), page.get_by_role("option", name=ADMIN)
    person.click(delay=30)
    admin.click()
    settle(page)
    change.get_by_role("button", name="Remove…").click(delay=30)
    page.get_by_role("button", name=f"Remove {ADMIN.partition('@')[0]}").click(delay=30)
    expect(page.get_by_text("is the last admin.")).to_be_visible()
    assert ledger.people.who(ADMIN) is not None
    page.close()


RECORDER = """
const send = WebSocket.prototype.send
window.parts = []
WebSocket.prototype.send = function (data) {
  if (window.withheld) return
  window.socket = this
  if (new TextDecoder().decode(data).includes('jobs')) window.parts.push(data)
  send.call(this, data)
}
window.again = () => window.parts.slice(1).forEach(data => send.call(window.socket, data))
"""
"""A browser that keeps what it sends, to repeat it, and can withhold the rest. The first message asks for a page."""


def test_a_browser_that_asks_for_parts_of_a_page_only_gets_none_of_them_after_a_sign_out(
    page: Page, server: Server, provider: Provider, ledger: Studio, brief: Brief
) -> None:
    claims = provider.claims_of(VIEWER, nonce="tampered")
    page.context.add_cookies([signed_cookie(server.url, claims)])  # type: ignore[list-item]  # a part of what it takes
    page.add_init_script(RECORDER)
    came: list[bytes] = []
    closed: list[WebSocket] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda data: came.append(data if isinstance(data, bytes) else data.encode()))
        socket.on("close", lambda ended: closed.append(ended))

    page.on("websocket", listen)
    running = ledger.submit(replace(brief, name="Quarterly figures"), by=ADMIN, hold_s=3600)

    def tells() -> bool:
        """Whether anything tells how far the job is."""
        return any(b"Goes to" in data for data in came)

    def asks_and_is_told() -> bool:
        """Ask again: a part is sent only where it moved, as its seconds do."""
        page.evaluate("window.again()")
        page.wait_for_timeout(200)
        return tells()

    def asks_in_vain() -> bool:
        """Ask again; whether the connection is closed by now."""
        page.evaluate("window.again()")
        page.wait_for_timeout(200)
        return bool(closed)

    open_page(page, f"/jobs?job={running.id}", running.title)
    page.wait_for_function("() => window.parts.length > 3")
    page.evaluate("window.withheld = true")
    waits(page, lambda: is_silent(page, came, 300))
    came.clear()
    waits(page, asks_and_is_told)
    waits(page, lambda: is_silent(page, came, 2_000))
    came.clear()
    ledger.people.sign_out({**claims, "is_logged_in": True, "provider": "default"})
    waits(page, asks_in_vain)
    assert not tells()
    assert any(b"You signed out" in data for data in came), "the door was not drawn"
    ledger.desk(ADMIN).jobs.withdraw(running.id)


# For everybody


@pytest.mark.parametrize("who", TEAM)
def test_no_page_is_hard_to_read_or_to_use_in_any_role(
    visitors: Visitors, ledger: Studio, brief: Brief, who: str
) -> None:
    waiting = ledger.submit(replace(brief, name="To be decided"), by=MAKER)
    page = visitors[who].new_page()
    open_page(page, "/jobs", "Jobs")
    links = page.get_by_test_id("stTopNavLink").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert len(links) >= 4
    many = () if TEAM[who] is Role.VIEWER else ("/?make=many",)
    found: dict[str, list[str]] = {}
    for number, address in enumerate((*links, *many, f"/jobs?job={waiting.id}")):
        page.emulate_media(color_scheme=("light", "dark")[number % 2], reduced_motion="reduce")
        page.set_viewport_size({"width": (1280, 390)[number // 2 % 2], "height": 900})
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if broken := violations(page):
            found[address] = broken
    page.close()
    ledger.desk(MAKER).jobs.withdraw(waiting.id)
    assert found == {}


# Forged


def test_only_the_cookie_of_this_server_for_this_application_that_is_fresh_opens_it(
    page: Page, server: Server, provider: Provider
) -> None:
    good, now = provider.claims_of(VIEWER), int(time.time())
    cookie = signed_cookie(server.url, good)
    broken = {**cookie, "value": f"{cookie['value'][:-4]}AAAA"}
    said = {**good, "is_logged_in": True, "origin": origin_of(server.url)}
    bare = base64.urlsafe_b64encode(json.dumps(said).encode()).decode()
    forged = {
        "another secret": signed_cookie(server.url, good, secret="another server’s secret, which is as long as ours"),
        "a broken signature": broken,
        "no signature": {**cookie, "value": bare},
        "another server": {**signed_cookie("http://127.0.0.1:1", good), "url": server.url},
        "another application": signed_cookie(server.url, good | {"aud": "another"}),
        "yesterday": signed_cookie(server.url, good | {"iat": now - 86_400}),
        "tomorrow": signed_cookie(server.url, good | {"iat": now + 86_400}),
        "not verified": signed_cookie(server.url, good | {"email_verified": False}),
        "another account": signed_cookie(server.url, good | {"sub": "another"}),
        "an endless one": signed_cookie(server.url, good | {"iat": math.nan}),
        "a misshapen one": signed_cookie(server.url, good | {"aud": {}}),
    }
    page.context.add_cookies([cookie])  # type: ignore[list-item]  # a part of what a jar takes
    open_page(page, "/jobs", "Jobs")  # from now on the address belongs to this account
    for case, cookie_of_it in forged.items():
        page.context.clear_cookies()
        page.context.add_cookies([cookie_of_it])  # type: ignore[list-item]  # a part of what a jar takes
        page.goto("/jobs")
        expect(signed_out(page), case).to_be_visible()
        expect(page.get_by_role("link", name="Jobs", exact=True), case).to_have_count(0)
    page.context.clear_cookies()
    page.context.add_cookies([cookie])  # type: ignore[list-item]  # the same
    open_page(page, "/jobs", "Jobs")  # the good one, so that it was not something else that kept them out


def test_the_login_leads_back_to_this_server_only(page: Page, server: Server) -> None:
    evil = {"name": "studio_next", "value": "%2F%2Fevil.test%2Fjobs", "url": server.url}
    page.goto("/")
    page.context.add_cookies([evil])  # type: ignore[list-item]  # a part of what a jar takes
    sign_in(page, VIEWER)
    assert page.url.startswith(f"{server.url}/")
    for path in ("/auth/login?provider=forged&next=//evil.test", "/oauth2callback?code=x&state=y&next=//evil.test"):
        answer = patient.get(server.url + path)
        assert (answer.status_code, answer.headers["location"]) == (302, f"{urlsplit(server.url).path}/")
