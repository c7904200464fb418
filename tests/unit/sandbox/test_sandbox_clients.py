"""The sandbox as other people's clients meet it: what the live vendors take, it takes; nothing sent to it breaks it."""

import json
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from lipsync_core import ROOT
from lipsync_core.sandbox.app import bases, sandbox_app
from lipsync_core.sandbox.bill import Rules
from lipsync_core.sandbox.clock import Clock
from lipsync_core.sandbox.state import SandboxState
from lipsync_core.sandbox.store import Store
from tests import patient
from tests.sandbox import HEADERS, SUBMITS, UUID, Host, SandboxProcess, body_of, served

TEXT = {"creator": UUID, "text": "Hello"}
JSON = {"Content-Type": "application/json"}


def lipsync(base: str, **sent: Any) -> httpx.Response:
    return patient.post(f"{base}/creatify/api/lipsyncs/", headers=HEADERS["creatify"], **sent)


def listed(base: str, path: str) -> Any:
    return patient.get(f"{base}/creatify/api/{path}", headers=HEADERS["creatify"]).json()


# Creatify


def test_creatify_ignores_a_key_that_no_document_names_unless_a_rule_makes_it_strict(base: str, tmp_path: Path) -> None:
    assert lipsync(base, json=TEXT | {"voice_id": "x", "resolution": "480p"}).status_code == 201
    strict = SandboxState(tmp_path, rules=Rules(creatify_unknown="refuse"), instant=True, canned_outputs=True)
    with served(sandbox_app(strict)) as url:
        refused = lipsync(url, json=TEXT | {"voice_id": "x"})
    assert (refused.status_code, refused.json()) == (400, {"voice_id": ["Unknown field."]})


@pytest.mark.parametrize(
    "sent",
    [
        {"json": TEXT | {"no_caption": "true", "caption_offset_x": 0.25}},
        {"data": TEXT | {"no_caption": "true"}},
        {"data": TEXT, "files": {"name": (None, "by multipart")}},
    ],
    ids=["JSON", "form", "multipart"],
)
def test_creatify_takes_each_documented_content_type(base: str, sent: dict[str, Any]) -> None:
    answer = lipsync(base, **sent)
    assert answer.status_code == 201, answer.text
    assert answer.json()["text"] == "Hello"
    if "no_caption" in (sent.get("json") or sent["data"]) and "no_caption" in answer.json():
        assert answer.json()["no_caption"] is True


@pytest.mark.parametrize("spelling", [UUID.upper(), UUID.replace("-", ""), f"{{{UUID}}}"])
def test_creatify_takes_a_uuid_in_every_spelling_that_django_reads(base: str, spelling: str) -> None:
    made = lipsync(base, json={"creator": spelling, "text": "Hello"})
    assert made.status_code == 201
    assert made.json()["creator"] == UUID
    own: str = made.json()["id"]
    upper = str(uuid.UUID(own)).upper()
    assert [one["id"] for one in listed(base, f"lipsyncs/?ids={upper}")] == [own]
    assert listed(base, f"lipsyncs/{upper}/")["id"] == own


def test_creatify_lists_all_of_a_key_newest_first_where_no_ids_are_named(base: str) -> None:
    ids = [lipsync(base, json=TEXT).json()["id"] for _ in range(2)]
    assert [one["id"] for one in listed(base, "lipsyncs/")][:2] == ids[::-1]


def test_creatify_filters_take_several_values(base: str) -> None:
    everybody = listed(base, "personas/")
    assert listed(base, "personas/?gender=m,f") == [one for one in everybody if one["gender"] in ("m", "f")] != []
    assert listed(base, "personas/?gender=m,nb&style=presenter") == []


def test_creatify_redirects_a_missing_slash_as_django_does_and_a_post_loses_its_body(base: str) -> None:
    for method in ("GET", "POST"):
        answer = patient.request(method, f"{base}/creatify/api/lipsyncs?a=1", headers=HEADERS["creatify"])
        assert answer.status_code == 301
        assert answer.headers["location"] == "/creatify/api/lipsyncs/?a=1"
    before = len(patient.get(f"{base}/sandbox/bill").json()["lines"])
    followed = patient.post(
        f"{base}/creatify/api/lipsyncs", json=TEXT, headers=HEADERS["creatify"], follow_redirects=True
    )
    assert isinstance(followed.json(), list)  # what a GET answers
    assert len(patient.get(f"{base}/sandbox/bill").json()["lines"]) == before


# AI/ML API


def test_aimlapi_refuses_in_both_envelopes_and_a_rule_chooses_one(tmp_path: Path) -> None:
    shapes = {}
    for rule in ("2026", "2025"):
        sandbox = SandboxState(tmp_path / rule, rules=Rules(aimlapi_errors=rule))
        with served(sandbox_app(sandbox)) as url:
            broke = patient.post(url + SUBMITS["aimlapi"], json={}, headers={"Authorization": "Bearer nocredit"})
            bad = patient.post(url + SUBMITS["aimlapi"], json={}, headers=HEADERS["aimlapi"])
        shapes[rule] = (broke, bad)
    broke, bad = shapes["2026"]
    assert broke.headers["content-type"] == "application/problem+json"
    assert (broke.status_code, broke.json()["status"], broke.json()["error"]["name"]) == (
        403,
        403,
        "ForbiddenException",
    )
    assert broke.json()["error"]["data"] == {"kind": "err_insufficent_credits"}
    assert bad.json()["message"] == "Invalid payload provided"
    assert {one["path"][0] for one in bad.json()["error"]["data"]} == {"model", "video_url"}
    broke, bad = shapes["2025"]
    assert int(broke.json()["statusCode"]) == 403
    assert "model: Required" in bad.json()["message"]


def test_aimlapi_shows_both_envelopes_by_seed(tmp_path: Path) -> None:
    seen = set()
    for seed in range(8):
        with served(sandbox_app(SandboxState(tmp_path / str(seed), seed=seed))) as url:
            seen.add("statusCode" in patient.get(f"{url}/aimlapi/v2/video/generations").json())
    assert seen == {True, False}


def test_aimlapi_begins_as_waiting_and_names_the_generation_otherwise_by_a_rule_only(
    tmp_path: Path, host: Host
) -> None:
    def words(folder: str, rules: Rules) -> tuple[set[str], set[str]]:
        with served(sandbox_app(SandboxState(tmp_path / folder, rules=rules, canned_outputs=True))) as url:
            made = [
                patient.post(url + SUBMITS["aimlapi"], json=body_of("aimlapi", host), headers=HEADERS["aimlapi"]).json()
                for _ in range(8)
            ]
        return {one["status"] for one in made}, {name for one in made for name in one if name.endswith("id")}

    assert words("usual", Rules()) == ({"queued"}, {"id"})
    status, names = words("ruled", Rules(aimlapi_waiting=True, aimlapi_id="generation_id"))
    assert (status, names) == ({"queued", "waiting"}, {"generation_id"})


def test_aimlapi_may_say_the_very_price_at_the_submit(tmp_path: Path, host: Host) -> None:
    sandbox = SandboxState(tmp_path, rules=Rules(aimlapi_submit_shows="final"), instant=True, canned_outputs=True)
    with served(sandbox_app(sandbox)) as url:
        sent = patient.post(url + SUBMITS["aimlapi"], json=body_of("aimlapi", host), headers=HEADERS["aimlapi"]).json()
        line = patient.get(f"{url}/sandbox/bill").json()["lines"][0]
    assert sent["meta"]["usage"]["usd_spent"] == pytest.approx(line["usd_micros"] / 1_000_000)


# Whatever is sent


@pytest.mark.parametrize("vendor", SUBMITS)
def test_a_lone_surrogate_breaks_nothing(base: str, host: Host, vendor: str) -> None:
    body = body_of(vendor, host) | {"name": "hi \ud800", "prompt": "\udfff", "text": "hi \ud800"}
    for field in ("audio", "audio_url"):
        if field in body:
            body[field] = f"{body[field]}?\ud800"
    answer = patient.post(base + SUBMITS[vendor], content=json.dumps(body), headers=HEADERS[vendor] | JSON)
    assert answer.status_code in (200, 201, 400)
    assert answer.headers["content-type"].startswith("application/")
    assert patient.get(f"{base}/sandbox/bill").status_code == 200
    assert patient.get(f"{base}/sandbox/requests").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/creatify/api/personas/paginated/?page=" + "9" * 5000,
        "/creatify/api/personas/paginated/?page_size=" + "9" * 5000,
        "/aimlapi/v2/logs?period=1h&limit=" + "9" * 5000,
        "/aimlapi/v2/logs?period=1h&offset=" + "9" * 5000,
        "/creatify/api/personas/paginated/?page=²",
    ],
    ids=lambda path: path[:50],
)
def test_an_absurd_number_is_refused_in_the_vendors_shape(base: str, path: str) -> None:
    answer = patient.get(base + path, headers=HEADERS[path.split("/")[1]])
    assert answer.status_code in (400, 404)
    assert answer.json().keys() & {"message", "detail"}


def test_a_body_that_is_too_long_or_whose_key_is_refused_is_not_read(base: str) -> None:
    """The server answers although the body never comes."""
    from socket import create_connection

    for key, length, status in (("aiml-key-1", 1 << 40, b"413"), ("wrongkey", 1 << 40, b"401")):
        with create_connection(("127.0.0.1", httpx.URL(base).port or 0), timeout=60) as connection:
            connection.sendall(
                f"POST {SUBMITS['aimlapi']} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{{".encode()
            )
            assert status in connection.recv(200)


# Its own endpoints and options


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b'{"kind": "lost", "on": "submit"}', {"Content-Type": "text/plain"}),
        (b"\xff", JSON),
        (b"5", JSON),
        (b"[[]]", JSON),
        (b"[" * 100_000, JSON),
        (b'{"kind": "lost", "on": "submit", "vendor": "joypixx"}', JSON),
        (b'{"kind": "slow", "on": "submit", "seconds": NaN}', JSON),
        (b'{"kind": "slow", "on": "submit", "seconds": 1e999}', JSON),
        (b'{"kind": "huge", "on": "submit", "size": 1000000000000}', JSON),
        (b'{"kind": "redirect", "on": "poll", "location": "http://a/\\r\\nX: y"}', JSON),
        (b'{"kind": "lost", "on": "submit", "times": true}', JSON),
        (b'{"kind": "lost", "on": "submit", "x": "' + b"x" * (1 << 20) + b'"}', JSON),
    ],
    ids=range(12),
)
def test_a_fault_that_is_none_is_answered_by_a_sentence(base: str, content: bytes, headers: dict[str, str]) -> None:
    answer = patient.post(f"{base}/sandbox/faults", content=content, headers=headers)
    assert answer.status_code in (400, 413)
    assert answer.json()["error"].endswith((".", "!", "JSON", "}"))
    assert "object has no attribute" not in answer.text
    assert patient.get(f"{base}/sandbox/faults").json() == {"due": []}


def test_a_content_type_is_read_in_any_case_and_words_lose_what_utf8_cannot_say(base: str) -> None:
    fault = {"kind": "failed", "on": "render", "words": "no face \ud800"}
    answer = patient.post(
        f"{base}/sandbox/faults", content=json.dumps(fault), headers={"Content-Type": "Application/JSON; charset=utf-8"}
    )
    assert answer.status_code == 200
    assert patient.get(f"{base}/sandbox/faults").json()["due"][0]["words"] == "no face ?"
    assert patient.post(f"{base}/sandbox/reset", json={}).json()["fault_rate"] == 0


@pytest.mark.parametrize("path", ["/", "/sandbox", "/sandbox/"])
def test_its_own_address_says_where_everything_is(base: str, path: str) -> None:
    said = patient.get(base + path).json()
    assert said["sandbox"] == {vendor: base + below for vendor, below in bases().items()}
    assert f"{base}/sandbox/bill" in said["control"]


@pytest.mark.parametrize(
    "options",
    [
        ("--speed", "inf"),
        ("--speed", "nan"),
        ("--speed", "0"),
        ("--speed", "-3"),
        ("--speed", "1e17"),
        ("--fault-rate", "7"),
        ("--rule", "creatify_aspect=zzz"),
        ("--rule", "joypix_dialog=longest"),
        ("--rule", "quirks=maybe"),
        ("--rule", "pixverse_usd_per_second"),
        ("--rule", "pixverse_usd_per_second=NaN"),
        ("--rule", "nothing=1"),
        ("--port", "99999"),
        ("--only", "sync"),
    ],
    ids=" ".join,
)
def test_an_option_that_cannot_be_is_answered_by_a_sentence(tmp_path: Path, options: tuple[str, str]) -> None:
    command = [sys.executable, "-m", "lipsync_core.sandbox", "--data", str(tmp_path / "data"), *options]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert ended.returncode == 2
    assert f"error: argument {options[0]}" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "data").exists()


def test_help_names_rules_with_their_values_keys_paths_and_faults() -> None:
    command = [sys.executable, "-m", "lipsync_core.sandbox", "--help"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True).stdout
    assert "``" not in said
    for expected in (
        "joypix_dialog=sum|max",
        "sk_XXXX_YYYY",
        "/lipsync-studio/api/v1",
        "webhook_early",
        "/sandbox/bill",
    ):
        assert expected in said


def test_a_folder_that_an_absurd_speed_was_written_to_starts_again(tmp_path: Path) -> None:
    Store(tmp_path / "sandbox.db", 1.0).close()
    broken = Store(tmp_path / "sandbox.db", 1e300)
    assert broken.now_ms() > 0
    broken.close()
    assert SandboxState(tmp_path).store.now_ms() > 0
    assert Clock(0, 0, 1_000_000.0).at(10**15) == Clock(0, 0, 1_000_000.0).at(10**16)  # the end of all years


def test_one_vendor_alone_answers_at_the_root_path(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path, "--only", "aimlapi") as sandbox:
        assert patient.get(f"{sandbox.base}/v1/models").json()["object"] == "list"
        assert patient.get(f"{sandbox.base}/sandbox/bill").json()["count"] == 0
        assert patient.get(f"{sandbox.base}/sandbox").json()["sandbox"] == {"aimlapi": sandbox.base}
        assert patient.get(f"{sandbox.base}/joypix/v1/tasks/1").status_code == 404


def test_a_receiver_that_hangs_holds_back_no_other_webhook(tmp_path: Path, host: Host) -> None:
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    heard: list[str] = []
    hang = threading.Event()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.path)
            if self.path == "/hangs":
                hang.wait(300)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        at = f"http://127.0.0.1:{receiver.server_address[1]}"
        with served(sandbox_app(SandboxState(tmp_path, instant=True, canned_outputs=True))) as url:
            for path in ["/hangs"] * 6 + ["/works"]:
                assert lipsync(url, json=TEXT | {"webhook_url": at + path}).status_code == 201
            until = time.monotonic() + 300
            while "/works" not in heard and time.monotonic() < until:
                time.sleep(0.05)
            assert "/works" in heard
            assert not hang.is_set()  # it came while the others were still hanging
            hang.set()
        receiver.shutdown()
