"""Jobs, bill, clock, videos and webhooks of the sandbox, over real HTTP and across a kill."""

import asyncio
import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grimp
import httpx
import pytest

from lipsync_core import ROOT, decode
from lipsync_core.samples import PORTRAITS
from lipsync_core.sandbox.app import bases, sandbox_app
from lipsync_core.sandbox.bill import Rules
from lipsync_core.sandbox.clock import Clock, Phase, phase, progress
from lipsync_core.sandbox.faults import Fault, FaultKind, Faults
from lipsync_core.sandbox.fetching import Fetcher, Unusable
from lipsync_core.sandbox.state import SandboxState
from lipsync_core.sandbox.store import Store
from lipsync_core.sandbox.webhooks import FORGED_LINK
from tests import corpus, patient
from tests.sandbox import HEADERS, SUBMITS, Host, SandboxProcess, body_of, hosting, served

HOUR_S = 3600


def submit(base: str, host: Host, vendor: str = "joypix", **more: Any) -> dict[str, Any]:
    answer = patient.post(base + SUBMITS[vendor], json=body_of(vendor, host, **more), headers=HEADERS[vendor])
    assert answer.is_success, answer.text
    payload: dict[str, Any] = answer.json()
    return payload


def task(base: str, task_id: str) -> dict[str, Any]:
    answer = patient.get(f"{base}/joypix/v1/tasks/{task_id}", headers=HEADERS["joypix"])
    return {"status": answer.status_code} | (answer.json()["data"] or {})


def advance(base: str, seconds: float) -> None:
    assert patient.post(f"{base}/sandbox/clock", json={"advance_s": seconds}).is_success


def until(true: Callable[[], Any], seconds: float = 300) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)
    return found


# Keeping


def test_jobs_and_the_bill_survive_a_kill_and_the_command_says_how_to_use_it(tmp_path: Path, host: Host) -> None:
    with SandboxProcess(tmp_path, "--instant", "--canned") as first:
        made = submit(first.base, host)["data"]["task_id"]
        first.schedule(kind="slow", on="submit", seconds=60)
        waiting = threading.Thread(target=_submit_in_vain, args=(first.base, host))
        waiting.start()
        until(lambda: len(first.bill()) == 2)
        before = first.bill()
        first.kill()
        waiting.join()
    with SandboxProcess(tmp_path, "--instant", "--canned", port=first.port) as second:
        assert second.bill() == before
        assert [one["status"] for one in second.submits()] == [200, None]
        shown = task(second.base, made)
        assert shown["status"] == "completed"
        assert patient.get(shown["video_url"]).is_success, "links outlive the process too"
    for path in bases().values():
        assert f"http://127.0.0.1:{first.port}{path}\n" in first.said


def test_the_command_takes_a_schedule_a_speed_and_a_free_port_and_stops_when_told(tmp_path: Path, host: Host) -> None:
    lost = json.dumps({"kind": "lost", "on": "submit", "skip": 1})
    with (
        SandboxProcess(tmp_path / "one", "--canned", "--speed", "600", "--fault", lost) as one,
        SandboxProcess(tmp_path / "other", "--canned") as other,
    ):
        made = submit(one.base, host, seconds=4.0)["data"]["task_id"]
        assert [(fault["kind"], fault["skip"]) for fault in one.due()] == [("lost", 0)]
        _submit_in_vain(one.base, host)
        assert (one.due(), len(one.bill()), other.bill()) == ([], 2, [])
        assert [line["asked"]["audio_url"] for line in one.bill()] == [host.voice(4.0), host.voice(1.0)]
        until(lambda: task(one.base, made)["status"] == "completed", 30)
        one.stop()
    with pytest.raises(httpx.ConnectError):
        patient.get(f"{one.base}/sandbox/bill")


@pytest.mark.parametrize(
    "fault", ["lost", "{}", '{"kind": "refused", "on": "submit", "status": 401}', '{"kind": 1, "on": 2}']
)
def test_the_command_refuses_a_fault_that_cannot_happen(tmp_path: Path, fault: str) -> None:
    command = [sys.executable, "-m", "lipsync_core.sandbox", "--port", "0", "--data", str(tmp_path), "--fault", fault]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert ended.returncode == 2
    assert "error: argument --fault: " in ended.stderr


def _submit_in_vain(base: str, host: Host) -> None:
    with pytest.raises(httpx.TransportError):
        submit(base, host)


def test_no_key_is_ever_written_down(tmp_path: Path, host: Host) -> None:
    with served(sandbox_app(SandboxState(tmp_path, canned_outputs=True))) as base:
        for vendor in SUBMITS:
            submit(base, host, vendor)
        leak = {"audio_url": "sk_secret", "image_url": "x"}
        patient.post(base + SUBMITS["joypix"], json=leak, headers={"Authorization": "Bearer sk_secret"})
        shown = patient.get(f"{base}/sandbox/requests").text + patient.get(f"{base}/sandbox/bill").text
    written = b"".join(path.read_bytes() for path in tmp_path.glob("sandbox.db*"))
    for key in ("jp-key-1", "sk_abcd_1234", "aiml-key-1", "cr-key-1", "sk_secret"):
        assert key not in shown
        assert key.encode() not in written


def test_two_sandboxes_on_one_folder_share_jobs_bill_and_clock(tmp_path: Path, host: Host) -> None:
    houses = [SandboxState(tmp_path, canned_outputs=True) for _ in range(2)]
    with served(sandbox_app(houses[0])) as one, served(sandbox_app(houses[1])) as other:
        made = submit(one, host)["data"]["task_id"]
        assert task(other, made)["status"] == "submitted"
        advance(one, 60)
        assert task(other, made)["status"] == "completed"
        assert patient.get(f"{other}/sandbox/bill").json() == patient.get(f"{one}/sandbox/bill").json()


# The clock


def test_a_clock_changes_its_speed_without_a_jump() -> None:
    clock = Clock(real_ms=1_000, shown_ms=50_000, speed=60)
    assert clock.at(1_500) == 80_000
    slower = clock.changed(1_500, speed=1, advance_ms=5)
    assert (slower.at(1_500), slower.at(1_600)) == (80_005, 80_105)
    assert slower.at(0) == 80_005, "it never goes back"


@pytest.mark.parametrize(
    ("elapsed", "fails", "ready", "stands"),
    [
        (0, False, True, Phase.QUEUED),
        (20_000, False, True, Phase.RUNNING),
        (60_000, False, True, Phase.DONE),
        (60_000, False, False, Phase.RUNNING),
        (60_000, True, False, Phase.FAILED),
    ],
)
def test_where_a_job_stands_follows_from_the_time(elapsed: int, fails: bool, ready: bool, stands: Phase) -> None:
    assert phase(1_000, 60_000, fails, ready, 1_000 + elapsed) is stands
    assert progress(1_000, 60_000, 1_000 + elapsed) == elapsed / 60_000


def test_joypix_takes_fifteen_times_the_length_keeps_the_video_72_hours_and_the_record_a_month(
    tmp_path: Path, host: Host
) -> None:
    with served(sandbox_app(SandboxState(tmp_path, rules=Rules(quirks=False), canned_outputs=True))) as base:
        made = submit(base, host, seconds=4.0)["data"]["task_id"]
        assert task(base, made)["status"] == "submitted"
        advance(base, 50)
        assert task(base, made)["status"] == "processing"
        advance(base, 10)
        link = task(base, made)["video_url"]
        advance(base, 71 * HOUR_S)
        assert patient.get(link).is_success
        advance(base, 2 * HOUR_S)
        assert patient.get(link).status_code == 403
        assert patient.get(task(base, made)["video_url"]).status_code == 403, "a new link does not bring it back"
        advance(base, 28 * 24 * HOUR_S)
        assert task(base, made)["status"] == 404


def test_speed_shortens_the_wait(tmp_path: Path, host: Host) -> None:
    with served(sandbox_app(SandboxState(tmp_path, speed=600, canned_outputs=True))) as base:
        made = submit(base, host, seconds=4.0)["data"]["task_id"]
        until(lambda: task(base, made)["status"] == "completed", 30)


@pytest.mark.parametrize("body", [{}, {"speed": 0}, {"advance_s": -1}, {"advance_s": "1"}, {"hours": 1}, [], None])
def test_a_clock_cannot_be_set_to_nonsense(tmp_path: Path, body: Any) -> None:
    with served(sandbox_app(SandboxState(tmp_path))) as base:
        assert patient.post(f"{base}/sandbox/clock", json=body).status_code == 400


def test_a_web_page_cannot_reset_the_sandbox_by_a_form(tmp_path: Path, host: Host) -> None:
    with served(sandbox_app(SandboxState(tmp_path, instant=True, canned_outputs=True))) as base:
        submit(base, host)
        assert patient.post(f"{base}/sandbox/reset", data={"a": "b"}).status_code == 400
        assert (
            patient.post(f"{base}/sandbox/reset", content=b"{}", headers={"Content-Type": "text/plain"}).status_code
            == 400
        )
        assert patient.get(f"{base}/sandbox/bill").json()["count"] == 1
        assert patient.post(f"{base}/sandbox/reset", json={}).is_success
        assert patient.get(f"{base}/sandbox/bill").json()["count"] == 0


def test_an_aimlapi_link_lasts_a_day_and_the_next_poll_gives_a_fresh_one(tmp_path: Path, host: Host) -> None:
    with served(sandbox_app(SandboxState(tmp_path, instant=True, canned_outputs=True))) as base:
        made = {"generation_id": submit(base, host, "aimlapi")["id"]}

        def link() -> str:
            url = f"{base}/aimlapi/v2/video/generations"
            return str(patient.get(url, params=made, headers=HEADERS["aimlapi"]).json()["video"]["url"])

        first = link()
        advance(base, 23 * HOUR_S)
        assert patient.get(first).is_success
        advance(base, 2 * HOUR_S)
        assert [patient.get(url).status_code for url in (first, link())] == [403, 200]


# Media


def test_a_medium_larger_than_the_cap_is_not_read_to_its_end(tmp_path: Path, host: Host) -> None:
    fetcher = Fetcher(tmp_path, Store(tmp_path / "sandbox.db"), largest=1_000)
    with pytest.raises(Unusable, match="too large"):
        asyncio.run(fetcher.get(host.voice(1.0), "audio"))


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://127.0.0.1:5/a", True),
        ("http://127.0.0.1:6/a", False),
        ("https://files.example/a", True),
        ("http://files.example.org/a", False),
        ("ftp://files.example/a", False),
        ("http://[::1/a", False),
        ("http://files.example:99999/a", False),
    ],
)
def test_hosts_are_asked_by_name_or_by_name_and_port(tmp_path: Path, url: str, allowed: bool) -> None:
    fetcher = Fetcher(tmp_path, Store(tmp_path / "sandbox.db"), ("127.0.0.1:5", "files.example"))
    assert fetcher.may_ask(url) is allowed


def test_two_orders_with_the_same_file_at_the_same_moment_both_get_it(tmp_path: Path) -> None:
    data = base64.b64encode(PORTRAITS[0].path.read_bytes()).decode()

    async def both() -> set[str]:
        fetcher = Fetcher(tmp_path, Store(tmp_path / "sandbox.db"))
        found = await asyncio.gather(*(fetcher.get(data, "image") for _order in range(4)))
        return {medium.path.name for medium in found}

    assert len(asyncio.run(both())) == 1


def test_the_same_bytes_are_looked_into_once(tmp_path: Path, host: Host) -> None:
    store = Store(tmp_path / "sandbox.db")
    first = asyncio.run(Fetcher(tmp_path, store).get(host.voice(1.5), "audio"))
    store.keep_look(first.path.stem, "audio", {"duration_s": 99.0})
    assert asyncio.run(Fetcher(tmp_path, store).get(host.voice(1.5), "audio")).length_s == 99.0


# Videos


def rendered(base: str, vendor: str, path: str, body: dict[str, Any], tmp_path: Path) -> decode.VideoFacts:
    submitted = patient.post(base + path, json=body, headers=HEADERS[vendor]).json()

    def link() -> str | None:
        if vendor == "lipsync-studio":
            made = submitted["id"]
            shown = patient.get(f"{base}/lipsync-studio/api/v1/jobs/{made}", headers=HEADERS[vendor]).json()
            return shown["output"] or None
        shown = patient.get(f"{base}/creatify/api/lipsyncs/{submitted['id']}/", headers=HEADERS[vendor]).json()
        return shown["output"] or None

    video = tmp_path / "video.mp4"
    video.write_bytes(patient.get(until(link)).content)
    return decode.check_video(video)


def test_every_scene_becomes_a_real_video_of_what_was_submitted(tmp_path: Path, host: Host) -> None:
    face = host.put("face.jpg", PORTRAITS[0].path.read_bytes())
    two = {"image": host.picture(), "left_audio": host.voice(1.0), "right_audio": host.voice(2.0)}
    studio = "/lipsync-studio/api/v1"
    scenes: list[tuple[str, str, dict[str, Any], float]] = [
        ("lipsync-studio", f"{studio}/lipsync-image", {"formState": {"image": face, "audio": host.voice(1.0)}}, 1.0),
        ("lipsync-studio", f"{studio}/lipsync-image-multi", {"formState": two | {"order": "meanwhile"}}, 2.0),
        ("lipsync-studio", f"{studio}/lipsync-image-multi", {"formState": two | {"order": "left_right"}}, 3.0),
        (
            "lipsync-studio",
            f"{studio}/lipsync-video",
            {"formState": {"video": host.video(), "audio": host.voice(2.0)}},
            2.0,
        ),
        ("creatify", SUBMITS["creatify"], {**body_of("creatify", host), "audio": None, "text": "Hello there."}, 1.0),
    ]
    with served(sandbox_app(SandboxState(tmp_path / "house", instant=True))) as base:
        for vendor, path, body, seconds in scenes:
            facts = rendered(base, vendor, path, body, tmp_path)
            assert facts.duration_s == pytest.approx(seconds, abs=0.1), path
            assert facts.has_sound
    assert facts.width / facts.height == pytest.approx(9 / 16, rel=0.02)


def test_a_render_that_a_kill_interrupted_is_done_when_it_is_asked_for(tmp_path: Path, host: Host) -> None:
    with served(sandbox_app(SandboxState(tmp_path, instant=True))) as base:
        made = submit(base, host)["data"]["task_id"]
    with served(sandbox_app(SandboxState(tmp_path, instant=True))) as base:
        until(lambda: task(base, made)["status"] == "completed")


def test_canned_videos_play_and_tell_jobs_apart(tmp_path: Path, host: Host) -> None:
    with served(sandbox_app(SandboxState(tmp_path / "house", instant=True, canned_outputs=True))) as base:
        links = [task(base, submit(base, host)["data"]["task_id"])["video_url"] for _ in range(2)]
        videos = [patient.get(link).content for link in links]
    assert videos[0] != videos[1]
    path = tmp_path / "video.mp4"
    path.write_bytes(videos[0])
    assert decode.check_video(path).duration_s == pytest.approx(1.0)


def test_a_link_with_one_letter_changed_opens_nothing(tmp_path: Path, host: Host) -> None:
    with served(sandbox_app(SandboxState(tmp_path, instant=True, canned_outputs=True))) as base:
        link = task(base, submit(base, host)["data"]["task_id"])["video_url"]
        assert patient.get(link).status_code == 200
        number, expires, signature = link.rsplit("/", 1)[1].removesuffix(".mp4").split("-")
        for token in (f"{number}-{int(expires) + 1}-{signature}", f"2-{expires}-{signature}", "x", "1-1-", "²-1-x"):
            assert patient.get(f"{base}/joypix/outputs/{token}.mp4").status_code == 404
        assert patient.get(link.replace("/joypix/", "/creatify/")).status_code == 404


# Webhooks

SEVEN = {"id", "model", "status", "output", "error", "executionTime", "timings"}
HOOKS: list[tuple[FaultKind | None, list[str]]] = [
    (None, ["completed"]),
    (FaultKind.HOOK_LOST, []),
    (FaultKind.HOOK_DOUBLED, ["completed", "completed"]),
    (FaultKind.HOOK_FORGED, ["completed", "completed"]),
    (FaultKind.HOOK_EARLY, ["completed", "completed"]),
    (FaultKind.HOOK_OUT_OF_ORDER, ["completed", "processing"]),
]


@pytest.mark.parametrize(("kind", "told"), HOOKS)
def test_a_webhook_tells_of_the_end_or_goes_wrong_as_scheduled(
    tmp_path: Path, kind: FaultKind | None, told: list[str]
) -> None:
    faults = Faults([] if kind is None else [Fault(kind, "webhook")])
    with hosting() as host, served(sandbox_app(SandboxState(tmp_path, faults=faults, canned_outputs=True))) as base:
        form = {"image": host.picture(), "audio": host.voice(1.0)}
        body = {"formState": form, "webhook": f"{host.url}/hook"}
        answer = patient.post(base + SUBMITS["lipsync-studio"], json=body, headers=HEADERS["lipsync-studio"])
        made = answer.json()["id"]
        assert [hook["id"] for hook in host.hooks] == ([made] if kind is FaultKind.HOOK_EARLY else [])
        advance(base, 20)
        # A second job's webhook is due after everything that is sent for the first.
        patient.post(
            base + SUBMITS["creatify"],
            headers=HEADERS["creatify"],
            json=body_of("creatify", host) | {"webhook_url": f"{host.url}/hook"},
        )
        advance(base, 20)
        last = until(lambda: [hook for hook in host.hooks if "failed_reason" in hook])[0]
        until(lambda: len(host.hooks) > len(told))  # on a busy machine it overtakes what was sent before it
        hooks = [hook for hook in host.hooks if "failed_reason" not in hook]
    assert set(last) == {"id", "status", "failed_reason", "output"}
    assert [hook["status"] for hook in hooks] == told
    assert all(set(hook) == SEVEN for hook in hooks)
    forged = [hook for hook in hooks if hook["id"] != made]
    assert [hook["output"] for hook in forged] == ([FORGED_LINK] if kind is FaultKind.HOOK_FORGED else [])


def test_a_failed_job_is_told_of_too_and_a_webhook_goes_to_listed_hosts_only(tmp_path: Path) -> None:
    with hosting() as host, served(sandbox_app(SandboxState(tmp_path, instant=True, canned_outputs=True))) as base:
        form = {"image": host.picture(), "audio": host.put("note", corpus.text())}
        headers = HEADERS["lipsync-studio"]
        elsewhere = {"formState": form, "webhook": "https://example.com/hook"}
        assert patient.post(base + SUBMITS["lipsync-studio"], json=elsewhere, headers=headers).status_code == 400
        body = {"formState": form, "webhook": f"{host.url}/hook"}
        assert patient.post(base + SUBMITS["lipsync-studio"], json=body, headers=headers).is_success
        assert until(lambda: host.hooks)[0]["error"] == "Invalid audio format"


# What it may know


def test_the_sandbox_shares_no_code_with_what_it_checks() -> None:
    graph = grimp.build_graph("lipsync_core", cache_dir=None)
    known = graph.find_upstream_modules("lipsync_core.sandbox", as_package=True)
    for name in ("pricing", "timing", "providers", "engines", "studio", "ledger", "tracker"):
        assert not any(f"{module}.".startswith(f"lipsync_core.{name}.") for module in known)


def test_serving_the_sandbox_loads_no_decoder_and_the_core_does_not_load_the_sandbox() -> None:
    code = (
        "import sys, lipsync_core; assert not any(m.startswith('lipsync_core.sandbox') for m in sys.modules);"
        "import lipsync_core.sandbox.app;"
        "assert not {'cv2', 'av', 'PIL', 'streamlit'} & sys.modules.keys(), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env={**os.environ})
