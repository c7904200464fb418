"""The server itself: cold deep links, own routes, and whom it answers."""

import contextlib
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from lipsync_core import ROOT, Brief, Filter, Job, JobState, Settings, Studio
from lipsync_core.db.ledger_file import is_newest
from lipsync_core.server.refusal import WRONG_LEDGER, WRONG_SETTING
from pages.ui.page_table import PAGES, PATHS
from tests import corpus, patient
from tests.browser.visit import PORTRAIT, SAMPLES, open_page
from tests.patient import PATIENCE_S
from tests.server import Server, free_port, studio_of


@pytest.mark.browser
@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/jobs?job=1", "Jobs"),
        ("/?brief=abcdefgh", "Create"),
        *((path, page.title) for path, page in zip(PATHS, PAGES[1:], strict=True) if not page.team_only),
    ],
)
def test_a_deep_link_on_a_cold_server_goes_through_the_navigation(page: Page, path: str, title: str) -> None:
    open_page(page, path, title)
    expect(page.get_by_role("link", name="Create", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Jobs", exact=True)).to_be_visible()


@pytest.mark.places(gate=True)
def test_routes_answer_with_their_own_status(server: Server) -> None:
    for method, path, status in (
        ("GET", "/api/health", 200),
        ("POST", "/api/health", 405),
        ("POST", "/api/ready", 405),
        ("GET", "/api/webhooks/joypix/forged", 405),
        ("POST", "/api/webhooks/joypix/forged", 200),
        ("GET", "/api/unknown", 404),
        ("POST", "/api/unknown", 404),
        ("GET", "/api/", 404),
        ("GET", "/app/static/media/forged/x.mp4", 404),
        ("POST", "/app/static/media/forged/x.mp4", 405),
    ):
        answer = patient.request(method, server.url + path)
        assert answer.status_code == status, f"{method} {path}"
        assert "text/html" not in answer.headers.get("content-type", ""), f"{method} {path}"


@pytest.mark.places
def test_a_kept_video_is_served_in_ranges_and_cannot_be_sniffed(server: Server, ledger: Studio) -> None:
    voice = SAMPLES / "voice_en_clear.flac"
    job = ledger.wait(ledger.submit(Brief(engine="draft/portrait", image=PORTRAIT, audio=voice), by="ana").id, 120)
    link = ledger.desk().media.output_link(job)
    assert link is not None
    assert job.output is not None
    part = patient.get(server.url + link, headers={"Range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.content == job.output.read_bytes()[100:200]
    assert part.headers["content-type"] == "video/mp4"
    assert part.headers["x-content-type-options"] == "nosniff"
    saved = patient.get(server.url + str(ledger.desk().media.output_link(job, download=True)))
    assert saved.headers["content-disposition"].startswith("attachment")
    assert patient.head(server.url + link).status_code == 200


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"STREAMLIT_SERVER_ADDRESS": "0.0.0.0"}, "STUDIO_ALLOW_OPEN=1"),
        ({"STUDIO_SANDBOX": '"1"'}, 'STUDIO_SANDBOX is “"1"”'),
        ({"CREATIFY_PROGRESS_SCALE": "percent"}, "CREATIFY_PROGRESS_SCALE is “percent”. Give 1 or 100 or auto"),
        ({"STUDIO_DATABASE_URL": "mysql://db/studio"}, "STUDIO_DATABASE_URL begins with “mysql”"),
        ({}, "ledger.db is not an SQLite database"),
    ],
    ids=["beyond loopback", "quotation marks", "a vendor's word", "another database", "a ledger that is none"],
)
def test_it_refuses_to_start_with_what_it_cannot_keep_to_and_says_what_to_set(
    given: dict[str, str], says: str, environment: dict[str, str], tmp_path: Path
) -> None:
    status = WRONG_SETTING
    if not given:
        (tmp_path / "ledger.db").write_text("Dear diary\n" * 500)
        given = {"STUDIO_DATABASE_URL": f"sqlite:///{tmp_path / 'ledger.db'}"}
        status = WRONG_LEDGER
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environment |= given | {"STREAMLIT_SERVER_PORT": port}
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py")]
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == status
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_its_log_as_json_names_each_job_by_its_number_and_no_person_or_file(
    environment: dict[str, str], tmp_path: Path
) -> None:
    environment |= {"STUDIO_LOG": "json", "STUDIO_METRICS_TOKEN": "0123456789abcdef"}
    with Server(environment, tmp_path / "server.log", command=True) as server:
        server.await_ready()
        assert patient.get(f"{server.url}/api/ready").json() == {"ready": True}
        ledger = studio_of(environment)
        voice = SAMPLES / "voice_en_clear.flac"
        job = ledger.wait(
            ledger.submit(Brief(engine="draft/portrait", image=PORTRAIT, audio=voice, name="Hush"), by="ana").id, 120
        )
        bearer = {"Authorization": "Bearer 0123456789abcdef"}
        assert (
            'studio_jobs{environment="live",state="done",vendor="draft"} 1.0'
            in patient.get(f"{server.url}/api/metrics", headers=bearer).text
        )
    lines = server.log().splitlines()
    assert [line for line in lines if not line.startswith("{")] == [
        f"Lip-Sync Studio answers at {server.url.replace('127.0.0.1', 'localhost')}"
    ]
    assert "/api/metrics" not in server.log()  # an address may be secret
    told = [json.loads(line) for line in lines if line.startswith("{")]
    said = [line["message"] for line in told if line.get("job") == job.id]
    assert said == [f"job {job.id}: rendering", f"job {job.id}: done"]
    assert not re.search("hush|ana|hopper|voice_en", server.log(), re.IGNORECASE)


def test_it_says_where_it_answers_once_it_does(environment: dict[str, str]) -> None:
    environment |= {"STREAMLIT_SERVER_PORT": str(free_port())}
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py")]
    with subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = next(line for line in process.stdout if "http" in line)
        port = environment["STREAMLIT_SERVER_PORT"]
        assert said == f"Lip-Sync Studio answers at http://localhost:{port}\n"
        address = said.split()[-1]
        assert patient.get(address).status_code == 200
        assert patient.get(f"{address}/api/health").json() == {"ok": True}
        process.terminate()


def test_it_ends_where_its_ledger_cannot_be_used(environment: dict[str, str], tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.db"
    assert is_newest(damaged)
    with contextlib.closing(sqlite3.connect(damaged)) as connection, connection:
        connection.execute("DROP TABLE secrets")
    environment |= {"STUDIO_DATABASE_URL": f"sqlite:///{damaged}", "STREAMLIT_SERVER_PORT": str(free_port())}
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py")]
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "no such table: secrets" in done.stderr


def test_with_leave_it_listens_on_every_address(environment: dict[str, str], tmp_path: Path) -> None:
    open_to_all = environment | {"STREAMLIT_SERVER_ADDRESS": "0.0.0.0", "STUDIO_ALLOW_OPEN": "1"}
    server = Server(open_to_all, tmp_path / "open.log", command=True)
    server.start()
    server.stop()


def test_two_hundred_submissions_at_once_are_worked_off_by_few_workers_in_flat_memory(
    server: Server, ledger: Studio, tmp_path: Path
) -> None:
    voice = tmp_path / "short.wav"
    voice.write_bytes(corpus.wav(seconds=0.3))
    image = ledger.desk().media.keep(PORTRAIT, "image", "face.jpg")
    audio = ledger.desk().media.keep(voice, "audio", "short.wav")
    for number in range(200):
        ledger.desk("ana").briefs.change(f"brief-{number}", image=image, audio=audio)

    def render(number: int) -> Job:
        return ledger.desk("ana").render(f"brief-{number}", engine="draft/portrait", after=None)

    with ThreadPoolExecutor(16) as threads:
        jobs = list(threads.map(render, range(200)))
    assert len({job.id for job in jobs}) == 200
    process = psutil.Process(server.pid)
    workers, memory = [], {}
    while (done := ledger.count(Filter(states=[JobState.DONE]))) < 20:
        workers.append(len(process.children()))
        memory[done] = process.memory_info().rss
    for job in jobs:
        ledger.desk("ana").jobs.withdraw(job.id)
    slots = Settings.from_env({}, dotenv=tmp_path / "no.env").draft_slots
    assert max(workers) <= slots + 1  # one more may be on its way out
    assert memory[max(memory)] - memory[min(n for n in memory if n >= 5)] < 16 << 20


@pytest.mark.command
def test_ctrl_c_in_the_terminal_ends_the_server_and_not_the_job(server: Server, ledger: Studio) -> None:
    voice = SAMPLES / "voice_en_deep.flac"
    job = ledger.submit(Brief(engine="draft/portrait", image=PORTRAIT, audio=voice, resolution="720p"), by="ana")
    while ledger.job(job.id).rendering_since is None:
        pass
    os.killpg(server.pid, signal.SIGINT)  # as a terminal does: to the server and its workers at once
    server.stop()
    assert ledger.wait(job.id, timeout_s=300).state is JobState.DONE


@pytest.mark.command
def test_it_stops_in_good_order_while_a_draft_renders(server: Server, ledger: Studio) -> None:
    voice = SAMPLES / "voice_en_deep.flac"
    job = ledger.submit(Brief(engine="draft/portrait", image=PORTRAIT, audio=voice, resolution="720p"), by="ana")
    while ledger.job(job.id).started_at is None:
        pass
    server.stop()
    assert ledger.tracker_seen() is None
    assert ledger.wait(job.id, timeout_s=300).output is not None
