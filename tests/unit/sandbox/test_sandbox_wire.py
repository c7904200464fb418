"""The sandbox's vendors take what their documents say, refuse what they don't, and answer in their shapes."""

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from lipsync_core.sandbox.aimlapi import AimlApi
from lipsync_core.sandbox.app import CLASSES, sandbox_app
from lipsync_core.sandbox.bill import Rules
from lipsync_core.sandbox.joypix import JoyPix
from lipsync_core.sandbox.state import SandboxState
from tests import corpus, patient
from tests.sandbox import HEADERS, SUBMITS, UUID, Host, body_of, served

DIALOG = "/joypix/v1/lip-sync/motion-2-dialog"
MULTI = "/lipsync-studio/api/v1/lipsync-image-multi"
REDUB = "/lipsync-studio/api/v1/lipsync-video"
LINK = "http://127.0.0.1:9/file"


def post(base: str, path: str, body: Any, **headers: str) -> httpx.Response:
    return patient.post(base + path, json=body, headers=HEADERS[path.split("/")[1]] | headers)


AIML = {"model": "pixverse/lip-sync", "video_url": LINK}
STRICTNESS = [
    ("joypix", {"image_url": LINK}, "audio_url"),
    ("joypix", {"audio_url": LINK, "image_url": "face.png"}, "image_url"),
    ("joypix", {"audio_url": LINK, "image_url": LINK, "resolution": "1080p"}, "resolution"),
    ("joypix", {"audio_url": LINK, "image_url": LINK, "seed": "1"}, "seed"),
    ("joypix", {"audio_url": LINK, "image_url": LINK, "seed": -2}, "seed"),
    ("joypix", {"audio_url": LINK, "image_url": LINK, "order": "meanwhile"}, "order"),
    (DIALOG, {"left_audio_url": LINK, "image_url": LINK}, "right_audio_url"),
    (DIALOG, {"left_audio_url": LINK, "right_audio_url": LINK, "image_url": LINK, "audio_url": LINK}, "audio_url"),
    ("lipsync-studio", {"image": LINK, "audio": LINK}, "formState"),
    ("lipsync-studio", {"formState": [], "webhook": LINK}, "formState"),
    ("lipsync-studio", {"formState": {"image": LINK}}, "formState.audio"),
    ("lipsync-studio", {"formState": {"image": LINK, "audio": LINK, "resolution": "360p"}}, "formState.resolution"),
    ("lipsync-studio", {"formState": {"image": LINK, "audio": LINK, "voice": LINK}}, "formState.voice"),
    ("lipsync-studio", {"formState": {"image": LINK, "audio": LINK}, "webhook": "example"}, "webhook"),
    ("lipsync-studio", {"formState": {"image": LINK, "audio": LINK, "seed": True}}, "formState.seed"),
    (MULTI, {"formState": {"image": LINK, "left_audio": LINK}}, "formState.right_audio"),
    (MULTI, {"formState": {"image": LINK, "left_audio": LINK, "right_audio": LINK, "order": "both"}}, "order"),
    (REDUB, {"formState": {"image": LINK, "audio": LINK}}, "formState.video"),
    ("aimlapi", {"video_url": LINK, "audio_url": LINK}, "model"),
    ("aimlapi", AIML | {"model": "pixverse/v5", "audio_url": LINK}, "model"),
    ("aimlapi", AIML | {"video_url": "clip.mp4", "audio_url": LINK}, "video_url"),
    ("aimlapi", AIML, "audio_url"),
    ("aimlapi", AIML | {"lip_sync_tts_content": "Hello"}, "audio_url"),
    ("aimlapi", AIML | {"lip_sync_tts_speaker": "Emily"}, "audio_url"),
    ("aimlapi", AIML | {"audio_url": LINK, "lip_sync_tts_speaker": "Emily"}, "audio_url"),
    ("aimlapi", AIML | {"lip_sync_tts_content": "Hello", "lip_sync_tts_speaker": "emily"}, "lip_sync_tts_speaker"),
    ("aimlapi", AIML | {"audio_url": LINK, "prompt": "smile"}, "prompt"),
    ("creatify", {"text": "Hello"}, "creator"),
    ("creatify", {"creator": UUID}, "audio or text"),
    ("creatify", {"creator": "grace", "text": "Hello"}, "creator"),
    ("creatify", {"creator": UUID.replace("3", "4"), "text": "Hello"}, "creator"),
    ("creatify", {"creator": UUID, "text": "Hello", "aspect_ratio": "4:3"}, "aspect_ratio"),
    ("creatify", {"creator": UUID, "text": "Hello", "webhook_url": "http://h/" + "a" * 200}, "webhook_url"),
    ("creatify", {"creator": UUID, "text": "Hello", "accent": UUID}, "accent"),
]


@pytest.mark.parametrize(("where", "body", "named"), STRICTNESS)
def test_a_body_that_the_documents_do_not_allow_is_refused_and_named(
    base: str, where: str, body: dict[str, Any], named: str
) -> None:
    answer = post(base, SUBMITS.get(where, where), body)
    assert answer.status_code == 400
    assert named in answer.text
    assert answer.json().keys() & {"code", "error", "message", named, "non_field_errors"}


@pytest.mark.parametrize("vendor", SUBMITS)
@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'"text"', b"null", b"\xff\xfe", b"[" * 5000], ids=lambda content: repr(content[:6])
)
def test_a_body_that_is_no_json_object_is_refused(base: str, vendor: str, content: bytes) -> None:
    headers = HEADERS[vendor] | {"Content-Type": "application/json"}
    assert patient.post(base + SUBMITS[vendor], content=content, headers=headers).status_code == 400


@pytest.mark.parametrize("vendor", sorted(SUBMITS.keys() - {"creatify"}))
def test_a_form_instead_of_json_is_refused(base: str, vendor: str) -> None:
    answer = patient.post(base + SUBMITS[vendor], data={"creator": UUID}, headers=HEADERS[vendor])
    assert answer.status_code == 400


BAD_KEYS = [
    ("joypix", {}),
    ("joypix", {"Authorization": "jp-key-1"}),
    ("joypix", {"Authorization": "Bearer"}),
    ("joypix", {"Authorization": "Bearer Bearer jp-key-1"}),
    ("lipsync-studio", {"Authorization": "Bearer abcd_1234"}),
    ("lipsync-studio", {"Authorization": "Bearer sk_abcd"}),
    ("aimlapi", {"X-API-KEY": "aiml-key-1"}),
    ("creatify", {"Authorization": "Bearer cr-key-1"}),
    ("creatify", {"X-API-ID": "cr", "X-API-KEY": "cr-key-1"}),
    ("creatify", {"X-API-ID": UUID}),
]


@pytest.mark.parametrize(("vendor", "headers"), BAD_KEYS)
def test_a_missing_or_garbled_key_is_refused_before_anything_is_fetched(
    base: str, host: Host, vendor: str, headers: dict[str, str]
) -> None:
    answer = patient.post(base + SUBMITS[vendor], json=body_of(vendor, host), headers=headers)
    assert answer.status_code == 401
    shapes = {"joypix": "code", "lipsync-studio": "error", "aimlapi": "message", "creatify": "detail"}
    assert shapes[vendor] in answer.json()


@pytest.mark.parametrize(
    ("vendor", "status"), [("joypix", 402), ("lipsync-studio", 402), ("aimlapi", 403), ("creatify", 402)]
)
def test_a_key_out_of_credit_is_told_so_and_billed_nothing(base: str, host: Host, vendor: str, status: int) -> None:
    empty = {"lipsync-studio": "Bearer sk_nocredit_1"}.get(vendor, "Bearer nocredit-1")
    headers = {"X-API-ID": UUID, "X-API-KEY": "nocredit-1"} if vendor == "creatify" else {"Authorization": empty}
    before = patient.get(f"{base}/sandbox/bill").json()["count"]
    answer = patient.post(base + SUBMITS[vendor], json=body_of(vendor, host), headers=headers)
    assert answer.status_code == status
    assert "credit" in answer.text.lower()
    assert patient.get(f"{base}/sandbox/bill").json()["count"] == before


@pytest.mark.parametrize("vendor", SUBMITS)
def test_a_key_can_be_well_formed_and_wrong(base: str, host: Host, vendor: str) -> None:
    word = {"lipsync-studio": "Bearer sk_wrongkey_1"}.get(vendor, "Bearer wrongkey-1")
    headers = {"X-API-ID": UUID, "X-API-KEY": "wrongkey-1"} if vendor == "creatify" else {"Authorization": word}
    assert patient.post(base + SUBMITS[vendor], json=body_of(vendor, host), headers=headers).status_code == 401


def test_an_unknown_job_or_another_key_is_404_everywhere(base: str, host: Host) -> None:
    task = post(base, SUBMITS["joypix"], body_of("joypix", host)).json()["data"]["task_id"]
    other = {"Authorization": "Bearer another"}
    assert patient.get(f"{base}/joypix/v1/tasks/{task}", headers=HEADERS["joypix"]).status_code == 200
    assert patient.get(f"{base}/joypix/v1/tasks/{task}", headers=other).status_code == 404
    for vendor, path in {
        "joypix": "/joypix/v1/tasks/task_1",
        "lipsync-studio": f"/lipsync-studio/api/v1/jobs/{task}",
        "aimlapi": "/aimlapi/v2/video/generations?generation_id=%2F%3A",
        "creatify": f"/creatify/api/lipsyncs/{UUID}/",
    }.items():
        assert patient.get(base + path, headers=HEADERS[vendor]).status_code == 404


def test_every_documented_submit_is_accepted_and_ends_with_a_video(base: str, host: Host) -> None:
    form = {"image": host.picture(), "left_audio": host.voice(1.0), "right_audio": host.voice(2.0)}
    two = {"left_audio_url": host.voice(1.0), "right_audio_url": host.voice(2.0), "image_url": host.picture()}
    redub = {"video": host.video(), "audio": host.voice(1.0), "mask_image": host.picture(), "seed": 42}
    for path, body in (
        (DIALOG, two | {"prompt": "they smile", "seed": -1, "resolution": "720p"}),
        (MULTI, {"formState": form | {"order": "right_left"}}),
        (REDUB, {"formState": redub, "webhook": None} | {"webhook": f"{host.url}/hook"}),
    ):
        assert post(base, path, body).is_success, path
    bill = patient.get(f"{base}/sandbox/bill").json()["lines"]
    models = {line["model"] for line in bill}
    assert {"motion-2-dialog", "lipsync-image-multi", "lipsync-video"} <= models


def test_media_may_come_as_data_uri_or_base64_at_aimlapi_only(base: str) -> None:
    voice = base64.b64encode(corpus.wav(seconds=1.0)).decode()
    video = "data:video/mp4;base64," + base64.b64encode(corpus.video(1.0)).decode()
    for audio in (voice, f"data:audio/wav;base64,{voice}"):
        body = {"model": "pixverse/lip-sync", "video_url": video, "audio_url": audio}
        answer = post(base, SUBMITS["aimlapi"], body)
        shown = aiml(base, answer.json()["id"])
        assert shown["status"] in ("completed", "succeeded"), shown
    body = {"image_url": LINK, "audio_url": f"data:audio/wav;base64,{voice}"}
    assert post(base, SUBMITS["joypix"], body).status_code == 400


def aiml(base: str, generation: str) -> dict[str, Any]:
    url = f"{base}/aimlapi/v2/video/generations"
    found: dict[str, Any] = patient.get(url, params={"generation_id": generation}, headers=HEADERS["aimlapi"]).json()
    return found


FAILURES = [
    (corpus.text(), "Invalid audio format"),
    (corpus.video(1.0, with_sound=False), "Invalid audio format"),
    (None, "Failed to download audio: HTTP 404"),
]


@pytest.mark.parametrize(("voice", "words"), FAILURES)
def test_media_that_cannot_be_used_fail_the_job_and_not_the_submit(
    base: str, host: Host, voice: bytes | None, words: str
) -> None:
    link = f"{host.url}/missing" if voice is None else host.put("bad-voice", voice)
    body = {"formState": {"image": host.picture(), "audio": link}}
    submitted = post(base, SUBMITS["lipsync-studio"], body).json()
    job = submitted["id"]
    shown = patient.get(f"{base}/lipsync-studio/api/v1/jobs/{job}", headers=HEADERS["lipsync-studio"]).json()
    assert shown == {
        "id": job,
        "model": "lipsync-image",
        "status": "failed",
        "output": None,
        "error": words,
        "executionTime": None,
        "timings": None,
    }


def test_a_dialog_of_more_than_ten_minutes_fails_at_joypix(base: str, host: Host) -> None:
    voice = host.voice(301.0)
    body = {"left_audio_url": voice, "right_audio_url": voice, "image_url": host.picture()}
    task = post(base, DIALOG, body).json()["data"]["task_id"]
    data = patient.get(f"{base}/joypix/v1/tasks/{task}", headers=HEADERS["joypix"]).json()["data"]
    assert (data["status"], data["error"]) == ("failed", "Audio is too long: at most 600 seconds")


def test_media_on_a_host_that_is_not_listed_are_never_asked_for(base: str) -> None:
    body = {"formState": {"image": "http://169.254.169.254/face.png", "audio": "http://10.0.0.1/voice.wav"}}
    submitted = post(base, SUBMITS["lipsync-studio"], body).json()
    job = submitted["id"]
    shown = patient.get(f"{base}/lipsync-studio/api/v1/jobs/{job}", headers=HEADERS["lipsync-studio"]).json()
    assert shown["error"] == "Failed to download audio: host is not allowed"


def test_every_form_that_the_documents_contradict_themselves_about_occurs(tmp_path: Path, host: Host) -> None:
    with served(sandbox_app(SandboxState(tmp_path, instant=True, canned_outputs=True))) as base:
        envelopes = [post(base, SUBMITS["joypix"], body_of("joypix", host)).json() for _ in range(12)]
        generations = [post(base, SUBMITS["aimlapi"], body_of("aimlapi", host)).json()["id"] for _ in range(12)]
        lipsyncs = [post(base, SUBMITS["creatify"], body_of("creatify", host)).json() for _ in range(12)]
        shown = [aiml(base, one) for one in generations]
    assert {one["code"] for one in envelopes} == {0, 200}
    assert {"msg" in one for one in envelopes} == {True, False}
    assert {"status" in one["data"] for one in envelopes} == {True, False}
    assert {one["status"] for one in shown} == {"completed", "succeeded"}
    assert any(":" in one and "/" in one for one in generations)
    assert {type(one["progress"]) for one in lipsyncs} == {int, str}
    assert {(one.get("meta") or {}).get("usage", {}).get("credits_used") for one in shown} == {None, 80_000}
    assert {one.get("credits_used") for one in lipsyncs} == {None, 0}


@pytest.mark.parametrize("status", [200, 201])
def test_an_accepted_submit_may_be_200_or_201(tmp_path: Path, host: Host, status: Any) -> None:
    rules = Rules(accept_status=status, lipsync_studio_id="requestId")
    with served(sandbox_app(SandboxState(tmp_path, rules=rules, instant=True, canned_outputs=True))) as base:
        for vendor in SUBMITS:
            assert post(base, SUBMITS[vendor], body_of(vendor, host)).status_code == status
        studio = post(base, SUBMITS["lipsync-studio"], body_of("lipsync-studio", host)).json()
    assert studio.keys() == {"requestId", "status"}


@pytest.mark.parametrize("vendor", SUBMITS)
def test_an_unknown_path_or_method_is_refused_in_the_vendors_shape(base: str, vendor: str) -> None:
    shape = {"joypix": "code", "lipsync-studio": "error", "aimlapi": "message", "creatify": "detail"}[vendor]
    assert shape in patient.get(f"{base}/{vendor}/v9/nothing").json()
    refused = patient.delete(base + SUBMITS[vendor])
    assert (refused.status_code, shape in refused.json()) == (405, True)


def test_without_quirks_every_answer_has_the_documents_first_form(tmp_path: Path, host: Host) -> None:
    rules = Rules(quirks=False)
    with served(sandbox_app(SandboxState(tmp_path, rules=rules, instant=True, canned_outputs=True))) as base:
        for _ in range(6):
            envelope = post(base, SUBMITS["joypix"], body_of("joypix", host)).json()
            assert (envelope["code"], envelope["message"], envelope["data"]["status"]) == (0, "success", "submitted")


@pytest.mark.parametrize(
    ("spelling", "sent", "status"), [("both", "9x16", 201), (":", "9x16", 400), ("x", "9:16", 400), ("x", "9x16", 201)]
)
def test_an_aspect_ratio_is_taken_in_the_spelling_of_the_switch(
    tmp_path: Path, host: Host, spelling: Any, sent: str, status: int
) -> None:
    sandbox = SandboxState(tmp_path, rules=Rules(creatify_aspect=spelling), instant=True, canned_outputs=True)
    with served(sandbox_app(sandbox)) as base:
        answer = post(base, SUBMITS["creatify"], body_of("creatify", host, aspect_ratio=sent))
    assert answer.status_code == status
    assert answer.json()["aspect_ratio"] == (sent if status == 201 else [f'"{sent}" is not a valid choice.'])


def test_joypix_may_hide_its_errors_behind_http_200(tmp_path: Path) -> None:
    with served(sandbox_app(SandboxState(tmp_path, rules=Rules(joypix_http="200")))) as base:
        answer = patient.post(base + SUBMITS["joypix"], json={})
    assert (answer.status_code, answer.json()["code"]) == (200, 401)


def test_creatify_lists_several_jobs_at_once_and_its_cast(base: str, host: Host) -> None:
    ids = [post(base, SUBMITS["creatify"], body_of("creatify", host)).json()["id"] for _ in range(2)]

    def get(path: str) -> Any:
        return patient.get(f"{base}/creatify/api/{path}", headers=HEADERS["creatify"]).json()

    assert [one["id"] for one in get(f"lipsyncs/?ids={','.join(ids)},{UUID}")] == ids
    assert "ids" in get("lipsyncs/?ids=")
    personas = get("personas/")
    assert {"id", "creator_name", "preview_image_9_16"} <= personas[0].keys()
    assert patient.get(personas[0]["preview_image_9_16"]).headers["content-type"].startswith("image/")
    assert get("personas/?style=other") == [one for one in personas if one["style"] == "other"]
    page = get("personas/paginated/?page=2&page_size=1")
    assert (page["count"], page["results"]) == (len(personas), personas[1:2])
    assert patient.get(page["next"], headers=HEADERS["creatify"]).json()["results"] == personas[2:3]
    accent = get("voices/")[0]["accents"][0]["id"]
    assert post(base, SUBMITS["creatify"], body_of("creatify", host, accent=accent)).status_code == 201


def test_aimlapi_tells_its_price_without_a_key_and_again_by_etag(base: str) -> None:
    url = f"{base}/aimlapi/v1/models?id=pixverse/lip-sync&include=pricing"
    first = patient.get(url)
    variants = first.json()["data"][0]["pricing"]["variants"]
    assert variants[0] == {"when": {"input": "audio"}, "price": 0.04, "unit": "second", "per": 1}
    assert patient.get(url, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    assert patient.get(f"{base}/aimlapi/v1/models?id=other").json() == {"object": "list", "data": []}


def test_aimlapi_traces_a_request_by_the_callers_own_id(base: str, host: Host) -> None:
    answer = post(base, SUBMITS["aimlapi"], body_of("aimlapi", host), **{"X-Client-Request-Id": "job-42"})
    assert answer.headers["x-client-request-id"] == "job-42"
    assert answer.headers["x-inference-id"] == answer.json()["id"]
    logs = patient.get(f"{base}/aimlapi/v2/logs?period=1h&status=succeeded", headers=HEADERS["aimlapi"]).json()
    traced = [row["inference_id"] for row in logs["data"] if row["client_request_id"] == "job-42"]
    assert traced == [answer.json()["id"]]
    for model, found in (("pixverse/lip-sync", True), ("lip-sync", True), ("pixverse/lip-sync,other", False)):
        of_model = patient.get(f"{base}/aimlapi/v2/logs?period=1h&model={model}", headers=HEADERS["aimlapi"]).json()
        assert bool(of_model["data"]) is found, model
    dropped = post(base, SUBMITS["aimlapi"], body_of("aimlapi", host), **{"X-Client-Request-Id": "job 42"})
    assert "x-client-request-id" not in dropped.headers


@pytest.mark.parametrize(
    "query", ["", "period=7", "period=93d", "period=1h&start=2026-01-01T00:00:00Z", "period=1h&limit=101"]
)
def test_a_log_query_without_a_proper_window_is_refused(base: str, query: str) -> None:
    assert patient.get(f"{base}/aimlapi/v2/logs?{query}", headers=HEADERS["aimlapi"]).status_code == 400


@pytest.mark.parametrize("vendor", CLASSES)
def test_each_vendor_works_alone(tmp_path: Path, host: Host, vendor: Any) -> None:
    app: Starlette = vendor(SandboxState(tmp_path, instant=True, canned_outputs=True)).app()
    with served(app) as base:
        name = vendor.name
        url = base + SUBMITS[name].removeprefix(f"/{name}")
        assert patient.post(url, json=body_of(name, host), headers=HEADERS[name]).is_success
        assert patient.get(f"{base}/sandbox/bill").status_code == 404


def test_words_inputs_and_links_are_as_joypix_shows_them(base: str, host: Host) -> None:
    body = body_of("joypix", host, prompt="the man speaks happily", seed=-1)
    task = post(base, SUBMITS["joypix"], body).json()["data"]["task_id"]
    data = patient.get(f"{base}/joypix/v1/tasks/{task}", headers=HEADERS["joypix"]).json()["data"]
    assert json.loads(data["inputs"]) == body
    assert (data["model"], data["status"], data["error"]) == ("motion-2", "completed", "")
    video = patient.get(data["video_url"])
    assert (video.status_code, video.headers["content-type"]) == (200, "video/mp4")
    assert patient.get(data["video_url"], headers=HEADERS["joypix"]).status_code == 400, "a key travelled with it"


def test_vendors_names_are_those_of_their_paths() -> None:
    assert {JoyPix.name, AimlApi.name} <= SUBMITS.keys() == {vendor.name for vendor in CLASSES}
