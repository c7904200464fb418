"""Each fault of the sandbox does what it says, once, and the bill tells whether the vendor took the job."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from lipsync_core.sandbox.app import sandbox_app
from lipsync_core.sandbox.faults import FITTING, Fault, FaultKind, Faults, Moment, seeded
from lipsync_core.sandbox.state import SandboxState
from tests import patient
from tests.sandbox import HEADERS, SUBMITS, Host, body_of, served


@pytest.fixture(autouse=True)
def clean(base: str) -> Iterator[None]:
    yield
    assert patient.post(f"{base}/sandbox/reset", json={}).json()["reset"] is True


def schedule(base: str, **fault: Any) -> None:
    answer = patient.post(f"{base}/sandbox/faults", json=fault)
    assert answer.json() == {"scheduled": 1}, answer.text


def submit(base: str, host: Host, vendor: str = "joypix") -> httpx.Response:
    return patient.post(base + SUBMITS[vendor], json=body_of(vendor, host), headers=HEADERS[vendor])


def billed(base: str) -> int:
    return int(patient.get(f"{base}/sandbox/bill").json()["count"])


def task(base: str, host: Host) -> str:
    return str(submit(base, host).json()["data"]["task_id"])


def poll(base: str, task_id: str) -> httpx.Response:
    return patient.get(f"{base}/joypix/v1/tasks/{task_id}", headers=HEADERS["joypix"])


@pytest.mark.parametrize("vendor", SUBMITS)
@pytest.mark.parametrize("accepted", [True, False])
def test_a_lost_answer_leaves_the_caller_without_a_word(base: str, host: Host, vendor: str, accepted: bool) -> None:
    schedule(base, kind="lost", on="submit", vendor=vendor, accepted=accepted)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        submit(base, host, vendor)
    assert billed(base) == int(accepted)
    assert submit(base, host, vendor).is_success, "a fault happens once"


@pytest.mark.parametrize("accepted", [True, False])
def test_a_bad_gateway_may_have_passed_the_job_on_or_not(base: str, host: Host, accepted: bool) -> None:
    schedule(base, kind="gateway", on="submit", accepted=accepted)
    answer = submit(base, host)
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert billed(base) == int(accepted)


DOCUMENTED = [
    ("joypix", {"code": 429}),
    ("lipsync-studio", {"error": "Too many requests"}),
    ("aimlapi", {"message": "Too Many Requests"}),
    ("creatify", {"detail": "Request was throttled."}),
]


@pytest.mark.parametrize(("vendor", "part"), DOCUMENTED)
def test_too_many_requests_come_in_the_vendors_words_or_without_any(
    base: str, host: Host, vendor: str, part: dict[str, Any]
) -> None:
    schedule(base, kind="refused", on="submit", status=429, accepted=False, retry_after=7)
    answer = submit(base, host, vendor)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json().items() >= part.items()
    schedule(base, kind="bare", on="submit", status=429, accepted=False)
    bare = submit(base, host, vendor)
    assert (bare.status_code, bare.content) == (429, b"")
    assert billed(base) == 0


def test_a_servers_error_of_joypix_has_four_digits(base: str, host: Host) -> None:
    schedule(base, kind="refused", on="submit", status=500)
    answer = submit(base, host)
    assert (answer.status_code, answer.json()["code"], billed(base)) == (500, 5000, 1)


def test_answers_to_accepted_jobs_are_spoiled_in_every_way(base: str, host: Host) -> None:
    schedule(base, kind="malformed", on="submit")
    with pytest.raises(ValueError):
        submit(base, host).json()
    schedule(base, kind="gateway", on="submit", status=200)
    assert "Sign in" in submit(base, host).text
    schedule(base, kind="wrong_type", on="submit")
    assert submit(base, host).headers["content-type"].startswith("text/plain")
    schedule(base, kind="huge", on="submit", size=5_000_000)
    assert len(submit(base, host).content) == 5_000_000
    schedule(base, kind="slow", on="submit", seconds=0.01)
    assert submit(base, host).json()["data"]["task_id"]
    schedule(base, kind="slow", on="submit", seconds=0.01, accepted=False)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        submit(base, host)
    schedule(base, kind="redirect", on="submit", status=307, location="http://127.0.0.1:9/x")
    redirected = submit(base, host)
    assert (redirected.status_code, redirected.headers["location"]) == (307, "http://127.0.0.1:9/x")
    assert billed(base) == 6


@pytest.mark.parametrize("vendor", SUBMITS)
def test_a_success_may_not_say_which_job_it_is(base: str, host: Host, vendor: str) -> None:
    schedule(base, kind="no_id", on="submit")
    answer = submit(base, host, vendor)
    assert answer.is_success
    assert not {"id", "task_id", "requestId"} & (answer.json() | (answer.json().get("data") or {})).keys()
    assert billed(base) == 1


def test_a_broken_body_keeps_the_header_that_names_its_job_and_a_nameless_answer_has_none(
    base: str, host: Host
) -> None:
    schedule(base, kind="malformed", on="submit")
    named = submit(base, host, "aimlapi").headers["x-inference-id"]
    assert named == patient.get(f"{base}/sandbox/bill").json()["lines"][-1]["vendor_id"]
    schedule(base, kind="no_id", on="submit")
    assert "x-inference-id" not in submit(base, host, "aimlapi").headers


def test_polls_meet_unknown_words_missing_links_and_expired_ones(base: str, host: Host) -> None:
    made = task(base, host)
    schedule(base, kind="unknown_status", on="poll")
    assert poll(base, made).json()["data"]["status"] == "warming_up"
    schedule(base, kind="no_link", on="poll")
    unlinked = poll(base, made).json()["data"]
    assert (unlinked["status"], unlinked.get("video_url", "")) == ("completed", "")
    schedule(base, kind="link_expired", on="poll")
    assert patient.get(poll(base, made).json()["data"]["video_url"]).status_code == 403
    assert patient.get(poll(base, made).json()["data"]["video_url"]).status_code == 200
    schedule(base, kind="lost", on="poll")
    with pytest.raises(httpx.RemoteProtocolError):
        poll(base, made)


def test_a_download_is_cut_in_the_middle(base: str, host: Host) -> None:
    link = poll(base, task(base, host)).json()["data"]["video_url"]
    schedule(base, kind="cut", on="download")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        patient.get(link)
    assert patient.get(link).status_code == 200


def test_a_job_fails_in_the_vendors_words_and_joypix_takes_nothing_for_it(base: str, host: Host) -> None:
    schedule(base, kind="failed", on="render", words="no face")
    schedule(base, kind="failed", on="render", vendor="creatify", words="no face")
    data = poll(base, task(base, host)).json()["data"]
    assert (data["status"], data["error"]) == ("failed", "no face")
    made = submit(base, host, "creatify").json()["id"]
    failed = patient.get(f"{base}/creatify/api/lipsyncs/{made}/", headers=HEADERS["creatify"]).json()
    assert (failed["status"], failed["failed_reason"], failed["output"]) == ("failed", "no face", None)
    assert [line["refunded"] for line in patient.get(f"{base}/sandbox/bill").json()["lines"]] == [True, False]


def test_a_fault_waits_for_its_vendor_its_turn_and_counts_down(base: str, host: Host) -> None:
    schedule(base, kind="bare", on="submit", vendor="creatify", status=503, skip=1, times=2, accepted=False)
    assert submit(base, host).status_code == 200
    assert [submit(base, host, "creatify").status_code for _ in range(2)] == [201, 503]
    (due,) = patient.get(f"{base}/sandbox/faults").json()["due"]
    assert (due["vendor"], due["skip"], due["times"]) == ("creatify", 0, 1)
    assert [submit(base, host, "creatify").status_code for _ in range(2)] == [503, 201]
    assert patient.get(f"{base}/sandbox/faults").json() == {"due": []}


NONSENSE = [
    {"kind": "lost"},
    {"kind": "sunshine", "on": "submit"},
    {"kind": "cut", "on": "submit"},
    {"kind": "lost", "on": "lunch"},
    {"kind": "lost", "on": "submit", "time": 2},
    {"kind": "lost", "on": "submit", "times": "2"},
    {"kind": "no_id", "on": "submit", "accepted": False},
    {"kind": "refused", "on": "submit", "status": 429},
    ["lost"],
    "lost",
    None,
]


@pytest.mark.parametrize("fault", NONSENSE)
def test_a_fault_that_cannot_happen_is_refused_with_the_reason(base: str, fault: Any) -> None:
    answer = patient.post(f"{base}/sandbox/faults", json=fault)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_seeded_faults_repeat_and_every_kind_of_them_occurs() -> None:
    def drawn(seed: int) -> list[FaultKind | None]:
        faults = Faults(seed=seed, rate=0.5)
        moments: list[Moment] = ["submit", "poll", "download", "webhook", "render"]
        taken = [faults.take("joypix", on) for on in moments for _ in range(200)]
        return [None if fault is None else fault.kind for fault in taken]

    assert drawn(7) == drawn(7) != drawn(8)
    assert set(drawn(7)) == {None, *FaultKind}
    assert seeded(7, 0.0, "joypix", "submit", 1) is None


def test_faults_can_be_given_when_the_sandbox_is_made(tmp_path: Path, host: Host) -> None:
    faults = Faults([Fault(FaultKind.LOST, "submit")])
    with served(sandbox_app(SandboxState(tmp_path, faults=faults, canned_outputs=True))) as base:
        with pytest.raises(httpx.RemoteProtocolError):
            submit(base, host)
        assert billed(base) == 1


def test_every_kind_of_fault_can_happen_somewhere() -> None:
    assert {kind for kinds in FITTING.values() for kind in kinds} == {*FaultKind}
