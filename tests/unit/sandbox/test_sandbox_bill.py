"""The sandbox bills what the vendors' pages say, from lengths that it measures itself."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lipsync_core.sandbox.app import CLASSES, sandbox_app
from lipsync_core.sandbox.bill import Rules
from lipsync_core.sandbox.joypix import JoyPix
from lipsync_core.sandbox.order import VendorOrder
from lipsync_core.sandbox.state import SandboxState
from tests import corpus, patient
from tests.sandbox import HEADERS, SUBMITS, UUID, Host, body_of, served


def last_line(base: str) -> dict[str, Any]:
    line: dict[str, Any] = patient.get(f"{base}/sandbox/bill").json()["lines"][-1]
    return line


WORKED_EXAMPLES = [
    ("joypix", 3.0, {"resolution": "480p"}, "15", 150_000),
    ("joypix", 5.0, {}, "15", 150_000),
    ("joypix", 5.1, {}, "30", 300_000),
    ("joypix", 60.0, {"resolution": "720p"}, "360", 3_600_000),
    ("joypix", 600.0, {}, "1800", 18_000_000),
    ("lipsync-studio", 3.0, {"resolution": "720p"}, "20", None),
    ("lipsync-studio", 10.0, {}, "20", None),
    ("lipsync-studio", 7.2, {"resolution": "480p"}, "16", None),
    ("creatify", 30.0, {}, "5", 990_000),
    ("creatify", 31.0, {}, "10", 1_980_000),
    ("creatify", 31.0, {"model_version": "aurora_v1"}, "31", 6_138_000),
    ("creatify", 31.0, {"model_version": "aurora_v1_fast"}, "15.5", 3_069_000),
    ("aimlapi", 2.5, {}, "240000", 120_000),
]


@pytest.mark.parametrize(("vendor", "seconds", "more", "credits", "usd_micros"), WORKED_EXAMPLES)
def test_a_voice_costs_what_the_worked_examples_say(
    base: str, host: Host, vendor: str, seconds: float, more: dict[str, Any], credits: str, usd_micros: int | None
) -> None:
    body = body_of(vendor, host, seconds, **more)
    assert patient.post(base + SUBMITS[vendor], json=body, headers=HEADERS[vendor]).is_success
    line = last_line(base)
    assert (line["credits"], line["usd_micros"]) == (credits, usd_micros)


@pytest.mark.parametrize(("order", "credits"), [("meanwhile", "12"), ("left_right", "22"), (None, "12")])
def test_two_voices_at_once_cost_the_longer_and_in_turn_their_sum(
    base: str, host: Host, order: str | None, credits: str
) -> None:
    form = {"image": host.picture(), "left_audio": host.voice(6.0), "right_audio": host.voice(5.0)}
    body = {"formState": form | ({"order": order} if order else {})}
    url = f"{base}/lipsync-studio/api/v1/lipsync-image-multi"
    assert patient.post(url, json=body, headers=HEADERS["lipsync-studio"]).is_success
    assert last_line(base)["credits"] == credits


def test_a_text_costs_by_its_bytes_at_pixverse_and_by_its_length_at_creatify(base: str, host: Host) -> None:
    body = {
        "model": "pixverse/lip-sync",
        "video_url": host.video(),
        "lip_sync_tts_content": "é" * 8,
        "lip_sync_tts_speaker": "Emily",
    }
    assert patient.post(base + SUBMITS["aimlapi"], json=body, headers=HEADERS["aimlapi"]).is_success
    assert last_line(base)["usd_micros"] == 80_000, "16 bytes are two units of 15"
    spoken = {"creator": UUID, "text": "a" * 15 * 31}
    assert patient.post(base + SUBMITS["creatify"], json=spoken, headers=HEADERS["creatify"]).is_success
    assert last_line(base)["credits"] == "10"


READINGS = [
    ("joypix", Rules(joypix_above_block="exact"), 7.0, "21"),
    ("joypix", Rules(joypix_above_block="exact"), 2.0, "15"),
    ("joypix", Rules(), 5.0000001, "15"),
    ("lipsync-studio", Rules(lipsync_studio_seconds="exact"), 7.2, "14.4"),
    ("lipsync-studio", Rules(), 10.0004, "20"),
    ("creatify", Rules(), 30.0004, "5"),
]


@pytest.mark.parametrize(("vendor", "rules", "seconds", "credits"), READINGS)
def test_what_the_pages_leave_open_is_a_switch(vendor: str, rules: Rules, seconds: float, credits: str) -> None:
    (made_by,) = (found for found in CLASSES if found.name == vendor)
    assert made_by.charge(VendorOrder("any", {}), seconds, rules).credits == Decimal(credits)


def test_a_joypix_dialog_is_as_long_as_the_switch_says() -> None:
    order = VendorOrder("motion-2-dialog", {})
    assert JoyPix.film_s(order, [3.0, 4.0], Rules()) == 7.0
    assert JoyPix.film_s(order, [3.0, 4.0], Rules(joypix_dialog="max")) == 4.0


def test_what_no_measure_could_be_taken_of_is_billed_at_nothing(base: str, host: Host) -> None:
    body = body_of("joypix", host) | {"audio_url": host.put("note.wav", corpus.text())}
    assert patient.post(base + SUBMITS["joypix"], json=body, headers=HEADERS["joypix"]).is_success
    line = last_line(base)
    assert (line["credits"], line["refunded"]) == ("0", True)


def test_a_bill_is_per_key_and_a_balance_shrinks_by_it(tmp_path: Path, host: Host) -> None:
    with served(sandbox_app(SandboxState(tmp_path, instant=True, canned_outputs=True))) as base:
        for vendor in ("aimlapi", "creatify"):
            patient.post(base + SUBMITS[vendor], json=body_of(vendor, host), headers=HEADERS[vendor])
        billing = patient.get(f"{base}/aimlapi/v2/billing", headers=HEADERS["aimlapi"]).json()
        credits = patient.get(f"{base}/creatify/api/remaining_credits/", headers=HEADERS["creatify"]).json()
        other = patient.get(f"{base}/aimlapi/v2/billing", headers={"Authorization": "Bearer other"}).json()
    assert billing == {"current_balance": 99.96, "currency": "USD"}
    assert credits == {"remaining_credits": 495.0}
    assert other["current_balance"] == 100
