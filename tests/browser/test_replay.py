"""Everything that an admin's pages hold, pressed and filled in by everybody else, by the raw protocol.

A browser that was tampered with names any widget, fragment or page: what it names does nothing that its person may not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed

from lipsync_core import Brief, Role, Studio
from pages.ui.page_table import PAGES
from tests import corpus, patient
from tests.browser.visit import PORTRAIT
from tests.line import Line, asked, opened
from tests.oidc import claims_of, secrets_file, signed_cookie
from tests.server import Server, sandboxed, studio_of

ADMIN, APPROVER, MAKER, OTHER, VIEWER = (
    f"{name}@studio.test" for name in ("mia-admin", "ada-approver", "max-maker", "moe-maker", "vic-viewer")
)
TEAM = {APPROVER: Role.APPROVER, MAKER: Role.MAKER, OTHER: Role.MAKER, VIEWER: Role.VIEWER}
ADDRESSES = (*(page.url_path for page in PAGES), "jobs?job=2", "jobs?job=3", "jobs?job=4")
PAYLOAD = "pressed-by-somebody-else"


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("replay")
    return sandboxed(folder) | {
        "STUDIO_ADMIN": ADMIN,
        "STUDIO_ALLOWED_DOMAINS": "studio.test",
        "STREAMLIT_SECRETS_FILES": str(secrets_file(folder)),
    }


def database_of(studio: Studio) -> Path:
    return Path(studio.settings.database_url.removeprefix("sqlite:///"))


@pytest.fixture(scope="module")
def ledger(variables: dict[str, str]) -> Studio:
    """A team, and jobs of one maker's at which every button of a job is offered to somebody."""
    studio = studio_of(variables)
    for who in (ADMIN, *TEAM):
        studio.people.enter(claims_of(who))
    for who, role in TEAM.items():
        studio.people.set_role(who, role, by=ADMIN)
    voice = corpus.wav(seconds=0.4)
    draft = Brief(engine="draft/portrait", image=PORTRAIT, audio=voice, name="Confidential film", project="Secret")
    studio.wait(studio.submit(draft, by=OTHER).id, timeout_s=300)
    for _ in range(3):
        studio.submit(Brief(engine="joypix/motion-2", image=PORTRAIT, audio=voice, project="Secret"), by=OTHER)
    with closing(sqlite3.connect(database_of(studio))) as connection:
        connection.execute("UPDATE jobs SET state = 'unconfirmed', sent_ms = created_ms, due_ms = NULL WHERE id = 3")
        connection.execute("UPDATE jobs SET state = 'failed', error = 'no', due_ms = NULL WHERE id = 4")
        connection.commit()
    face = studio.desk(OTHER).media.keep(PORTRAIT, "image", "face.jpg")
    studio.library.keep(face, name="A face", by=OTHER)
    studio.budgets.set_cap("team", 5_000_000, ADMIN)
    return studio


@pytest.fixture(scope="module")
def server(variables: dict[str, str], ledger: Studio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(variables, tmp_path_factory.mktemp("log") / "server.log") as server:
        yield server


IGNORED = {"trackers": (), "people": ("seen_ms",)}
"""What changes because somebody is there: whole tables (no columns named), or columns."""


def written(studio: Studio, *, but_briefs_of: str = "") -> set[tuple[Any, ...]]:
    """Every row of the ledger, but for what is written because a page is open and for somebody's own open briefs."""
    rows: set[tuple[Any, ...]] = set()
    with closing(sqlite3.connect(database_of(studio))) as connection:
        connection.row_factory = sqlite3.Row
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            left_out = IGNORED.get(table, (None,))
            if not left_out:
                continue
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                if table == "briefs" and row["made_by"] == but_briefs_of:
                    continue
                rows.add((table, *(repr(row[key]) for key in row.keys() if key not in left_out)))  # noqa: SIM118 - a Row's
    return rows


VALUES: dict[str, tuple[str, Any]] = {
    "button": ("trigger_value", True),
    "download_button": ("trigger_value", True),
    "checkbox": ("bool_value", True),
    "number_input": ("double_value", 7.0),
    "text_input": ("string_value", PAYLOAD),
    "text_area": ("string_value", PAYLOAD),
    "selectbox": ("string_value", "admin"),
}
"""What is said of a widget, by its kind; any other is pressed."""
PRESS = ("trigger_value", True)


@dataclass
class Held:
    """What a visitor's pages hold: by page its script, its widgets with their kinds, and its fragments."""

    scripts: dict[str, str] = field(default_factory=dict)
    widgets: dict[str, dict[str, str]] = field(default_factory=dict)
    fragments: dict[str, set[str]] = field(default_factory=dict)

    @property
    def all_fragments(self) -> set[str]:
        return {fragment for fragments in self.fragments.values() for fragment in fragments}

    @property
    def ids(self) -> set[str]:
        return {widget for widgets in self.widgets.values() for widget in widgets}


def on(address: str) -> BackMsg:
    page, _, query = address.partition("?")
    message = asked(page)
    message.rerun_script.query_string = query
    return message


def look(line: Line) -> Held:
    """Open every page, and note what is on it."""
    held = Held()
    for address in ADDRESSES:
        line.say(on(address))
        held.widgets[address], held.fragments[address] = {}, set()
        for told in line.until_drawn():
            note(held, address, told)
    return held


def note(held: Held, address: str, told: ForwardMsg) -> None:
    kind = told.WhichOneof("type")
    if kind == "navigation":
        held.scripts[address] = told.navigation.page_script_hash
    elif kind == "auto_rerun":
        held.fragments[address].add(told.auto_rerun.fragment_id)
    elif kind == "delta":
        if told.delta.fragment_id:
            held.fragments[address].add(told.delta.fragment_id)
        shown = told.delta.new_element.WhichOneof("type")
        if shown and (widget := getattr(getattr(told.delta.new_element, shown), "id", "")):
            held.widgets[address][widget] = shown


def attacks(aim: Held, mine: Held, *, alone: bool) -> Iterator[BackMsg]:
    """Each page's widgets all at once: on their page, on another and on none; each ``alone``; and each fragment."""
    for address in ADDRESSES:
        theirs = {widget: kind for widget, kind in aim.widgets[address].items() if widget not in mine.ids}
        for where in (address, "jobs", None):
            message = on(where or "")
            if where is None:
                message.rerun_script.page_script_hash = aim.scripts[address]
            fill(message, theirs)
            yield message
        for widget, kind in theirs.items() if alone else ():
            if VALUES.get(kind, PRESS) == PRESS:
                message = on(address)
                fill(message, {widget: kind} | {one: kind for one, kind in theirs.items() if "button" not in kind})
                yield message
        for fragment in aim.fragments[address] - mine.fragments[address]:
            message = on(address)
            message.rerun_script.fragment_id = fragment
            fill(message, theirs)
            yield message


def fill(message: BackMsg, widgets: dict[str, str]) -> None:
    for widget, kind in widgets.items():
        name, value = VALUES.get(kind, PRESS)
        message.rerun_script.widget_states.widgets.add(id=widget, **{name: value})


@pytest.fixture(scope="module")
def aim(server: Server) -> Held:
    with opened(server.url, cookies=[signed_cookie(server.url, claims_of(ADMIN))]) as line:
        held = look(line)
    assert len(held.ids) > 60, "the admin's pages were not drawn"
    assert len(held.all_fragments) > 3
    return held


NOT_THEIRS = {"": ("Confidential film", "-maker", "-admin"), VIEWER: ("mia-admin",), MAKER: ("mia-admin",)}


@pytest.mark.parametrize("who", ["", VIEWER, MAKER, APPROVER], ids=["nobody", "viewer", "maker", "approver"])
def test_what_an_admins_pages_hold_does_nothing_for_anybody_else(
    server: Server, ledger: Studio, aim: Held, who: str
) -> None:
    cookies = [signed_cookie(server.url, claims_of(who))] if who else []
    with opened(server.url, cookies=cookies) as line:
        mine = look(line)
        before = written(ledger, but_briefs_of=who)
        sent = 0
        for message in attacks(aim, mine, alone=bool(who)):  # strangers are slowed down
            line.say(message)
            if message.rerun_script.fragment_id:
                line.until_taken_in()  # a fragment that this session does not have is not answered
            else:
                line.until_drawn()
            sent += 1
        line.draw("jobs")
        assert not line.ran & (aim.all_fragments - mine.all_fragments)
        assert not any(line.holds(text) for text in NOT_THEIRS.get(who, ()))
    assert sent > 30
    assert written(ledger, but_briefs_of=who) == before


def test_the_same_presses_of_an_admin_change_the_ledger(server: Server, ledger: Studio, aim: Held) -> None:
    before = written(ledger)
    with opened(server.url, cookies=[signed_cookie(server.url, claims_of(ADMIN))]) as line:
        fragment = next(iter(look(line).fragments["team"]))
        line.say(on("team"))
        line.until_drawn()
        message = on("team")
        message.rerun_script.fragment_id = fragment
        line.say(message)
        while fragment not in line.ran:
            line.next()
        message = on("team")
        fill(message, aim.widgets["team"])
        line.say(message)
        with suppress(ConnectionClosed):  # “Sign out” is among the presses, so the visit may end before Jobs is drawn
            line.until_drawn()
            line.draw("jobs")
    assert written(ledger) != before


@pytest.mark.parametrize("gone", [False, True], ids=["while it is open", "after it was closed"])
def test_a_session_of_somebody_elses_is_not_taken_up(server: Server, ledger: Studio, gone: bool) -> None:
    cookie = signed_cookie(server.url, claims_of(ADMIN))
    with opened(server.url, cookies=[cookie]) as admin:
        session = next(one for told in admin.draw("team") if (one := told.new_session.initialize.session_id))
        if not gone:
            assert taken_up(server, session) != session
            assert taken_up(server, session, VIEWER) != session
    if gone:
        assert taken_up(server, session) != session
        assert taken_up(server, session, VIEWER) != session


def taken_up(server: Server, session: str, who: str = "") -> str:
    """The session that somebody gets who names another's; what is drawn there is not the other's page."""
    cookies = [signed_cookie(server.url, claims_of(who))] if who else []
    with opened(server.url, cookies=cookies, session=session) as line:
        got = next(one for told in line.draw("team") if (one := told.new_session.initialize.session_id))
        assert not line.holds("Add to the team")
        return got


def test_a_cookie_that_no_page_sends_opens_nothing(server: Server, ledger: Studio) -> None:
    """A program without an Origin, or a page elsewhere that got it, has the cookie and not the page it is good for."""
    cookie = signed_cookie(server.url, claims_of(ADMIN))
    with opened(server.url, origin=None, cookies=[cookie]) as line:
        line.draw("team")
        assert not line.holds("Add to the team")
        assert line.holds("Sign in")
    with opened(server.url, cookies=[cookie]) as line:
        line.draw("team")
        assert line.holds("Add to the team")


def test_the_servers_own_figures_are_for_the_team(server: Server, ledger: Studio) -> None:
    def code(path: str, *cookies: Mapping[str, str]) -> int:
        return patient.get(server.url + path, cookies={one["name"]: one["value"] for one in cookies}).status_code

    for path in ("/_stcore/metrics", "/_stcore/%6detrics", "/_stcore/metrics?families=session_events"):
        assert code(path) == 403
        assert code(path, signed_cookie(server.url, claims_of("eve@elsewhere.test"))) == 403
    assert code("/_stcore/metrics", signed_cookie(server.url, claims_of(VIEWER))) == 200
