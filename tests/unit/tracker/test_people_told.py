"""What goes to people outside: signed by the documented scheme, repeated until it arrives, never in a job's way."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from lipsync_core import (
    NOTICE_EXAMPLE,
    Action,
    Brief,
    JobState,
    KeptMedium,
    NotAllowedError,
    Qualifier,
    Quote,
    Role,
    Settings,
)
from lipsync_core.db.database import Database
from lipsync_core.job import SANDBOX
from lipsync_core.ledger.jobs import Ledger, NewJob
from lipsync_core.ledger.rows import Change, apply
from lipsync_core.people.access_requests import AccessRequests
from lipsync_core.people.team import People
from lipsync_core.tracker.notices import WAITS_S, Notices, signed

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


@dataclass
class Listener:
    """A real HTTP listener, which answers as it is told and keeps what came."""

    url: str
    host: str
    answers: list[int] = field(default_factory=list)
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _headers, body in self.came]


@pytest.fixture
def listener() -> Iterator[Listener]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            heard.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(heard.answers.pop(0) if heard.answers else 204)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard = Listener(f"http://127.0.0.1:{server.server_port}/hook", f"127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield heard
    server.shutdown()
    thread.join()
    server.server_close()


def notices(database: Database, listener: Listener, *, allow: bool = True, team: bool = True) -> Notices:
    hosts = (listener.host,) if allow else ()
    return Notices(database, (listener.url, SECRET) if team else None, hosts, "https://studio.test", most_s=0.001)


def job(database: Database, by: str = "max@studio.test", **more: Any) -> int:
    quote = Quote("joypix/motion-2", 900_000, 15, 1, "x", Qualifier.ASSUMED, 60.0, 120.0)
    kept = KeptMedium("a" * 64, "face.png")
    brief = Brief(engine="joypix/motion-2", image=kept, audio=kept, name="Intro")
    return Ledger(database).add(NewJob(brief, quote, by, **more)).id


def step(database: Database, job_id: int, *path: JobState) -> None:
    was = path[0]
    for then in path[1:]:
        with database.write() as connection:
            assert apply(connection, Change(job_id, was, then, note="because"))
        was = then


def deliver(told: Notices) -> int:
    told.gather()
    return asyncio.run(told.deliver())


Q, S, R, A = JobState.QUEUED, JobState.SUBMITTING, JobState.RENDERING, JobState.ARCHIVING


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ((Q, S, R, A, JobState.DONE), "job.finished"),
        ((Q, S, R, JobState.FAILED), "job.failed"),
        ((Q, S, R, A, JobState.LOST), "job.failed"),
        ((Q, S, JobState.REJECTED), "job.failed"),
        ((Q, S, JobState.UNCONFIRMED), "job.unconfirmed"),
        ((Q, JobState.AWAITING_APPROVAL), "job.awaiting_approval"),
        ((Q, JobState.WITHDRAWN), None),
        ((Q, S, R), None),
    ],
)
def test_each_end_that_matters_is_told_once(
    database: Database, listener: Listener, path: tuple[JobState, ...], kind: str | None
) -> None:
    told = notices(database, listener)
    job_id = job(database, environment=SANDBOX)
    step(database, job_id, *path)
    Ledger(database).hide(job_id, True, "max")  # another event in the same state
    deliver(told)
    assert deliver(told) == 0
    assert [message["type"] for message in listener.messages()] == ([kind] if kind else [])
    if kind:
        data = listener.messages()[0]["data"]
        assert (data["job"], data["state"], data["price_usd"], data["sandbox"]) == (job_id, path[-1], 0.9, True)
        assert data["url"] == f"https://studio.test/jobs?job={job_id}"
        shown = json.loads(NOTICE_EXAMPLE)  # what people are told that a message looks like
        assert shown.keys() == listener.messages()[0].keys()
        assert shown["data"].keys() == data.keys()


def test_the_signature_is_that_of_the_standard_webhooks_scheme(database: Database, listener: Listener) -> None:
    step(database, job(database), Q, S, JobState.UNCONFIRMED)
    assert deliver(notices(database, listener)) == 1
    ((headers, body),) = listener.came
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mark = hmac.new(b"0123456789abcdef0123456789abcdef", content, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(mark).decode()}"
    assert headers["content-type"] == "application/json"


def test_the_signature_of_the_schemes_own_example() -> None:
    """The example in the specification's reference libraries."""
    body = b'{"test": 2432232314}'
    headers = signed("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_does_not_arrive_is_repeated_under_the_same_id(database: Database, listener: Listener) -> None:
    listener.answers = [500, 302, 429, 200]
    told = notices(database, listener)
    step(database, job(database), Q, S, JobState.UNCONFIRMED)
    arrived = 0
    while not arrived:
        arrived = deliver(told)
    assert len(listener.came) == 4
    assert len({headers["webhook-id"] for headers, _body in listener.came}) == 1
    assert deliver(told) == 0


def test_a_receiver_that_is_gone_is_told_no_more_and_a_broken_one_is_given_up(
    database: Database, listener: Listener
) -> None:
    listener.answers = [410, *[500] * 99]
    told = notices(database, listener)
    step(database, job(database), Q, S, JobState.UNCONFIRMED)
    assert (deliver(told), deliver(told)) == (0, 0)
    assert len(listener.came) == 1
    step(database, job(database), Q, S, JobState.UNCONFIRMED)
    for _ in range(200):
        deliver(told)
    assert len(listener.came) == 1 + 1 + len(WAITS_S)


def test_a_private_address_is_told_nothing_unless_it_is_allowed(database: Database, listener: Listener) -> None:
    step(database, job(database), Q, S, JobState.UNCONFIRMED)
    assert deliver(notices(database, listener, allow=False)) == 0
    assert listener.came == []
    told = notices(database, listener)
    while not listener.came:
        deliver(told)


def test_two_trackers_tell_everything_once(database: Database, listener: Listener) -> None:
    for _ in range(5):
        step(database, job(database), Q, S, JobState.UNCONFIRMED)
    both = [notices(database, listener) for _ in range(2)]
    threads = [threading.Thread(target=deliver, args=(told,)) for told in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for told in both:
        deliver(told)
    assert sorted(message["data"]["job"] for message in listener.messages()) == [1, 2, 3, 4, 5]


def test_what_cost_more_than_its_price_is_told_to_its_maker_and_to_whoever_approved_it(
    database: Database, listener: Listener, environment: dict[str, str]
) -> None:
    allowed = environment | {"STUDIO_NOTIFY_ALLOW": listener.host}
    people = People(database, Settings.from_env(allowed, dotenv=Path("no.env")))
    for name, role in (("ada", Role.APPROVER), ("abe", Role.APPROVER), ("max", Role.MAKER)):
        email = f"{name}@studio.test"
        people.invite(email, role, by="ana")
        people.set_notify(email, f"{listener.url}/{name}", by=email)
    told = notices(database, listener)
    job_id = job(database)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE jobs SET month = '2026-11', decided_by = 'ada@studio.test'")
        for was, then in ((Q, S), (S, R), (R, A), (A, JobState.DONE)):
            bill = {"billed_usd_micros": 9_000_000} if then is JobState.DONE else {}
            assert apply(connection, Change(job_id, was, then, values=bill))
    assert deliver(told) == 5  # that it is done, to the team and its maker; what it cost, to ada as well
    above = [message for message in listener.messages() if message["type"] == "job.above_price"]
    words = "It was billed $9.00, $8.10 above its price of $0.90"
    assert {message["text"] for message in above} == {f"Job {job_id} “Intro” cost more than its price: {words}."}
    data = above[0]["data"]
    assert (data["price_usd"], data["cost_usd"], data["reason"]) == (0.9, 9.0, f"{words}.")
    assert {message["data"]["cost_usd"] for message in listener.messages() if message not in above} == {None}
    with database.read() as connection:
        rows = connection.execute(text("SELECT \"to\" FROM notices WHERE body LIKE '%above_price%' ORDER BY 1"))
        assert list(rows.scalars()) == ["ada@studio.test", "max@studio.test", "team"]


def test_people_are_told_of_their_own_jobs_and_approvers_of_what_waits(
    database: Database, listener: Listener, environment: dict[str, str]
) -> None:
    allowed = environment | {"STUDIO_NOTIFY_ALLOW": listener.host}
    people = People(database, Settings.from_env(allowed, dotenv=Path("no.env")))
    for name, role in (("max", Role.MAKER), ("moe", Role.MAKER), ("ada", Role.APPROVER), ("gone", Role.APPROVER)):
        people.invite(f"{name}@studio.test", role, by="ana")
        email = f"{name}@studio.test"
        people.set_notify(email, f"{listener.url}/{name}", by=email)
    people.remove("gone@studio.test", by="ana")
    told = notices(database, listener, team=False)
    first, second = job(database), job(database, by="moe@studio.test")
    step(database, first, Q, JobState.AWAITING_APPROVAL)
    step(database, second, Q, S, R, JobState.FAILED)
    assert deliver(told) == 2
    with database.read() as connection:
        from lipsync_core.db.schema import notices as table

        rows = connection.execute(table.select().order_by(table.c.id)).all()
    assert [row.to for row in rows] == ["ada@studio.test", "moe@studio.test"]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://[::1", "That is not a link"),
        ("javascript:alert(1)", "That is not a web link"),
        ("https://chat.test:8443/x", "That link uses an unusual port"),
        ("https://me:secret@chat.test/", "That link contains a user name or password"),
        ("http://127.0.0.1/", "That link points inside this network"),
        ("http://files.internal.test:9000/x", "That link uses an unusual port"),
        (f"https://chat.test/{'x' * 2000}", "That link is too long"),
    ],
)
def test_an_address_that_messages_cannot_go_to_is_refused_with_a_sentence(
    database: Database, environment: dict[str, str], url: str, why: str
) -> None:
    fetchable = environment | {"STUDIO_FETCH_ALLOW": "files.internal.test:9000"}  # which says nothing of messages
    people = People(database, Settings.from_env(fetchable, dotenv=Path("no.env")))
    people.invite("max@studio.test", Role.MAKER, by="ana")
    with pytest.raises(NotAllowedError, match=f"{why}, so messages cannot go there"):
        people.set_notify("max@studio.test", url, by="max@studio.test")


def test_an_address_that_cannot_be_told_is_settled_like_any_other_failure(database: Database) -> None:
    told = Notices(database, ("http://xn--localhost/", SECRET), (), None)
    step(database, job(database), Q, S, JobState.UNCONFIRMED)
    assert deliver(told) == 0
    with database.read() as connection:
        (row,) = connection.exec_driver_sql("SELECT last_error, due_ms FROM notices").all()
    assert row.last_error.startswith("That link")
    assert row.due_ms is not None  # it is tried again, as long as any other


NAMES = {
    "<!channel> <http://evil.test|Open the video>": "&lt;!channel&gt; &lt;http:\u2060//evil.test|Open the video&gt;",
    "@here @channel mia@studio.test": "@\u2060here @\u2060channel mia@\u2060studio.test",
    "[Open](https://evil.test)": "[Open]\u2060(https:\u2060//evil.test)",
    "Tom &amp; Jerry": "Tom &amp;amp; Jerry",
    "Intro\nJob 8 “x” waits for approval.": "Intro Job 8 “x” waits for approval.",
    "\u202eortnI": "ortnI",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_chat_tool_makes_nothing_of_a_name(database: Database, listener: Listener, name: str) -> None:
    job_id = job(database)
    with database.write() as connection:  # as a ledger of before holds it
        connection.execute(text("UPDATE jobs SET name = :name"), {"name": name})
    step(database, job_id, Q, S, JobState.UNCONFIRMED)
    deliver(notices(database, listener))
    (message,) = listener.messages()
    assert f"“{NAMES[name]}” got no answer" in message["text"]
    assert "\n" not in message["text"]


def test_a_request_for_access_is_told_once_to_the_team_and_to_its_admins(
    database: Database, environment: dict[str, str], listener: Listener
) -> None:
    people = People(database, Settings.from_env(environment, dotenv=Path("no.env")))
    for name, role in (("mia", Role.ADMIN), ("ada", Role.APPROVER), ("max", Role.MAKER)):
        people.invite(f"{name}@studio.test", role, by="ana")
    with database.write() as connection:
        own = {"url": listener.url, "secret": SECRET}
        connection.execute(text("UPDATE people SET notify_url = :url, notify_secret = :secret"), own)
    access = AccessRequests(database, sign_in=True, team=True, public_url="https://studio.test")
    for _press in range(2):
        access.ask("Providers", Action.CHECK, by="max@studio.test")
    assert asyncio.run(notices(database, listener).deliver()) == 2
    message, same = listener.messages()
    assert message == same
    assert message["type"] == "access.asked"
    assert message["text"] == "max@\u2060studio.test asks for access to Providers."
    assert message["data"] == {
        "what": "Providers",
        "role": "admin",
        "by": "max@studio.test",
        "url": "https://studio.test/team",
    }
