"""What is sent to each vendor for an order, and what each answer to it means for the money."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lipsync_core.errors import SettingsError
from lipsync_core.providers.aimlapi import AimlApi
from lipsync_core.providers.joypix import JoyPix
from lipsync_core.providers.lipsync_studio import LipsyncStudio
from lipsync_core.providers.order import Order
from lipsync_core.providers.registry import PROVIDERS, providers_from
from lipsync_core.providers.wire import Busy, Refusal, Refused, Response, SubmitOutcome, Taken, Unclear

IMAGE, VIDEO, VOICE = "https://a.test/face.png", "https://a.test/clip.mp4", "https://a.test/voice.mp3"
LEFT, RIGHT, HOOK = "https://a.test/l.mp3", "https://a.test/r.mp3", "https://a.test/hook"
UUID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"


def raw(content: Any) -> bytes:
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def read(provider: str, status: int, content: Any, **headers: str) -> SubmitOutcome:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return PROVIDERS[provider].read_submit(Response(status, named, raw(content)))


def body(order: Order, provider: str) -> Any:
    assert PROVIDERS[provider].order_errors(order) == {}
    request = PROVIDERS[provider].submit(order)
    assert request.method == "POST"
    return request.path, request.json


# What is sent


def test_joypix_gets_the_example_of_its_first_page() -> None:
    order = Order(
        "joypix/motion-2", image=IMAGE, audio=VOICE, resolution="720p", prompt="the man speak happily", seed=-1
    )
    assert body(order, "joypix") == (
        "/v1/lip-sync/motion-2",
        {"audio_url": VOICE, "image_url": IMAGE, "resolution": "720p", "prompt": "the man speak happily", "seed": -1},
    )


def test_joypix_gets_two_voices_for_a_dialog_and_nothing_that_was_not_asked() -> None:
    order = Order("joypix/motion-2-dialog", image=IMAGE, left_audio=LEFT, right_audio=RIGHT, seed=0, name="Ours")
    assert body(order, "joypix") == (
        "/v1/lip-sync/motion-2-dialog",
        {"left_audio_url": LEFT, "right_audio_url": RIGHT, "image_url": IMAGE, "seed": 0},
    )


def test_lipsync_studio_gets_the_example_of_its_page() -> None:
    order = Order("lipsync-studio/lipsync-image", image=IMAGE, audio=VOICE, resolution="720p", seed=42, webhook=HOOK)
    assert body(order, "lipsync-studio") == (
        "/lipsync-image",
        {"webhook": HOOK, "formState": {"image": IMAGE, "audio": VOICE, "resolution": "720p", "seed": 42}},
    )


def test_lipsync_studio_s_video_takes_a_mask_and_no_seed_means_chance() -> None:
    order = Order("lipsync-studio/lipsync-video", video=VIDEO, audio=VOICE, mask_image=IMAGE, prompt="calm", seed=-1)
    assert body(order, "lipsync-studio") == (
        "/lipsync-video",
        {"formState": {"video": VIDEO, "audio": VOICE, "mask_image": IMAGE, "prompt": "calm"}},
    )


DIALOG = Order(
    "lipsync-studio/lipsync-image-multi", image=IMAGE, left_audio=LEFT, right_audio=RIGHT, order="left_right"
)


def test_lipsync_studio_s_dialog_uses_the_assumed_names() -> None:
    assert body(DIALOG, "lipsync-studio") == (
        "/lipsync-image-multi",
        {"formState": {"image": IMAGE, "left_audio": LEFT, "right_audio": RIGHT, "order": "left_right"}},
    )


def test_every_assumed_name_of_the_dialog_can_be_set_by_its_variable() -> None:
    given = {
        "LIPSYNC_STUDIO_DIALOG_IMAGE_FIELD": "picture",
        "LIPSYNC_STUDIO_LEFT_AUDIO_FIELD": "leftAudio",
        "LIPSYNC_STUDIO_RIGHT_AUDIO_FIELD": "rightAudio",
        "LIPSYNC_STUDIO_ORDER_FIELD": "speak_order",
        "LIPSYNC_STUDIO_LEFT_RIGHT_WORD": "left-first",
    }
    sent = providers_from(given)["lipsync-studio"].submit(DIALOG).json
    state = {"picture": IMAGE, "leftAudio": LEFT, "rightAudio": RIGHT, "speak_order": "left-first"}
    assert sent == {"formState": state}


def test_overriding_something_that_is_documented_is_refused() -> None:
    with pytest.raises(SettingsError, match="no assumption “audio”"):
        LipsyncStudio({"audio": "sound"})


def test_aimlapi_gets_a_recording() -> None:
    order = Order("aimlapi/pixverse-lip-sync", video="data:video/mp4;base64,AAAA", audio=VOICE)
    assert body(order, "aimlapi") == (
        "/v2/video/generations",
        {"model": "pixverse/lip-sync", "video_url": "data:video/mp4;base64,AAAA", "audio_url": VOICE},
    )


def test_aimlapi_gets_a_text_with_its_speaker() -> None:
    order = Order("aimlapi/pixverse-lip-sync", video=VIDEO, text="Hello", speaker="Harper")
    _path, sent = body(order, "aimlapi")
    assert sent == {
        "model": "pixverse/lip-sync",
        "video_url": VIDEO,
        "lip_sync_tts_speaker": "Harper",
        "lip_sync_tts_content": "Hello",
    }


@pytest.mark.parametrize(("trace_id", "sent"), [("job-128:1", True), ("a" * 129, False), ("ü", False), ("a\n", False)])
def test_aimlapi_gets_our_id_where_it_would_keep_it(trace_id: str, sent: bool) -> None:
    order = Order("aimlapi/pixverse-lip-sync", video=VIDEO, audio=VOICE, trace_id=trace_id)
    assert PROVIDERS["aimlapi"].submit(order).headers == ((("X-Client-Request-Id", trace_id),) if sent else ())


CREATOR = Order(
    "creatify/lipsync", creator=UUID, text="Hello", accent=UUID, aspect_ratio="9:16", name="Clip", webhook=HOOK
)


@pytest.mark.parametrize(("separator", "ratio"), [("", "9:16"), ("x", "9x16")])
def test_creatify_s_aspect_ratio_is_spelled_as_configured(separator: str, ratio: str) -> None:
    request = providers_from({"CREATIFY_ASPECT_SEPARATOR": separator})["creatify"].submit(CREATOR)
    assert (request.path, request.json) == (
        "/api/lipsyncs/",
        {
            "creator": UUID,
            "text": "Hello",
            "accent": UUID,
            "aspect_ratio": ratio,
            "name": "Clip",
            "webhook_url": HOOK,
        },
    )


# What was taken

JOYPIX_SAMPLE = {"code": 0, "message": "success", "data": {"task_id": "task_123456789", "status": "submitted"}}
CREATIFY_SAMPLE = {
    "id": UUID,
    "name": None,
    "text": "Hello",
    "creator": UUID,
    "output": None,
    "aspect_ratio": "16x9",
    "progress": "0",
    "failed_reason": None,
    "status": "pending",
    "audio_url": None,
    "webhook_url": None,
}


@pytest.mark.parametrize(
    ("provider", "status", "content", "job_id"),
    [
        ("joypix", 200, JOYPIX_SAMPLE, "task_123456789"),
        ("joypix", 200, {"code": 0, "message": "success", "data": {"task_id": "task_1"}}, "task_1"),
        ("joypix", 200, {"code": 200, "msg": "ok", "data": {"task_id": "task_1"}}, "task_1"),
        ("joypix", 201, {"code": "0", "data": {"task_id": 17}}, "17"),
        ("joypix", 200, {"data": {"task_id": "task_1"}}, "task_1"),
        ("lipsync-studio", 200, {"id": UUID, "status": "processing"}, UUID),
        ("lipsync-studio", 201, {"requestId": UUID}, UUID),
        ("lipsync-studio", 200, {"id": "", "jobId": UUID}, UUID),
        ("lipsync-studio", 200, {"id": UUID, "status": "failed", "error": "Invalid audio format"}, UUID),
        ("aimlapi", 200, {"id": "z-IMFJo2ORUJBR7OWIqDM", "status": "queued", "meta": None}, "z-IMFJo2ORUJBR7OWIqDM"),
        ("aimlapi", 201, {"id": "uuid:kling-video/v1.6/pro", "status": "queued"}, "uuid:kling-video/v1.6/pro"),
        ("creatify", 201, CREATIFY_SAMPLE, UUID),
        ("creatify", 200, CREATIFY_SAMPLE | {"aspect_ratio": "16:9", "progress": 123}, UUID),
    ],
)
def test_an_acceptance_with_an_id_is_taken(provider: str, status: int, content: Any, job_id: str) -> None:
    assert read(provider, status, content) == Taken(job_id, raw(content))


def test_aimlapi_s_id_is_read_from_the_header_when_the_body_is_lost() -> None:
    assert read("aimlapi", 200, b'{"id": "abc', x_inference_id="abc") == Taken("abc", b'{"id": "abc')


def test_aimlapi_s_header_is_only_a_candidate_beside_an_answer_that_names_no_job() -> None:
    outcome = read("aimlapi", 200, {"message": "?"}, x_inference_id="abc")
    assert isinstance(outcome, Unclear)
    assert outcome.candidate == "abc"


# What was refused

REFUSALS = [
    ("joypix", 400, {"code": 400, "message": "bad image"}, Refusal.INPUT, "bad image"),
    ("joypix", 200, {"code": 400, "msg": "bad image"}, Refusal.INPUT, "bad image"),
    ("joypix", 200, {"code": 401, "message": "bad key", "data": None}, Refusal.KEY, "bad key"),
    ("joypix", 200, {"code": 402, "message": "no money"}, Refusal.CREDIT, "no money"),
    ("joypix", 200, {"code": 402, "message": "not enough credits"}, Refusal.CREDIT, "not enough credits"),
    ("joypix", 402, {"code": 402, "message": "Balance too low"}, Refusal.CREDIT, "Balance too low"),
    ("joypix", 422, {"detail": "x"}, Refusal.INPUT, "x"),
    ("joypix", 200, {"code": 404}, Refusal.OTHER, "JoyPix refused the order and gave no reason (HTTP 404)."),
    ("lipsync-studio", 401, {"error": "Invalid API key"}, Refusal.KEY, "Invalid API key"),
    ("lipsync-studio", 402, {"error": "Insufficient credits"}, Refusal.CREDIT, "Insufficient credits."),
    ("lipsync-studio", 403, {"error": {"message": "no"}}, Refusal.KEY, "no"),
    ("lipsync-studio", 413, {}, Refusal.INPUT, "lipsync.studio refused the order and gave no reason (HTTP 413)."),
    (
        "joypix",
        422,
        {"message": "Unprocessable Entity"},
        Refusal.INPUT,
        "JoyPix refused the order and gave no reason (HTTP 422).",
    ),
    (
        "creatify",
        400,
        {"detail": "Bad request."},
        Refusal.INPUT,
        "Creatify refused the order and gave no reason (HTTP 400).",
    ),
    (
        "aimlapi",
        400,
        {"message": "Body validation error", "path": "/", "requestId": "r", "statusCode": "400", "timestamp": "t"},
        Refusal.INPUT,
        "Body validation error",
    ),
    ("aimlapi", 401, {"message": "This request requires a valid API key"}, Refusal.KEY, "This request requires"),
    ("aimlapi", 403, {"message": "You’ve run out of credits"}, Refusal.CREDIT, "You’ve run out of credits"),
    ("aimlapi", 402, {"message": "Payment required", "statusCode": 402}, Refusal.CREDIT, "Payment required."),
    ("aimlapi", 403, {"statusCode": 403}, Refusal.CREDIT, "gave no reason"),
    ("aimlapi", 422, {"detail": [{"loc": ["b"], "msg": "no face", "type": "v"}]}, Refusal.INPUT, "no face"),
    ("aimlapi", 400, {"error": {"name": "ValidationError", "message": "bad"}}, Refusal.INPUT, "bad"),
    ("creatify", 401, {"detail": "Authentication credentials were not provided."}, Refusal.KEY, "Authentication"),
    ("creatify", 402, {"detail": "Not enough credits."}, Refusal.CREDIT, "Not enough credits."),
    ("creatify", 400, {"creator": ["Must be a valid UUID."]}, Refusal.INPUT, "creator: Must be a valid UUID."),
    ("creatify", 400, {"non_field_errors": ["text or audio"]}, Refusal.INPUT, "text or audio"),
    ("creatify", 400, ["Insufficient credits"], Refusal.CREDIT, "Insufficient credits"),
    ("creatify", 404, {"detail": "Not found."}, Refusal.OTHER, "Not found."),
]


@pytest.mark.parametrize(("provider", "status", "content", "kind", "words"), REFUSALS)
def test_a_refusal_is_told_in_the_vendor_s_words(
    provider: str, status: int, content: Any, kind: Refusal, words: str
) -> None:
    outcome = read(provider, status, content)
    assert isinstance(outcome, Refused)
    assert outcome.kind is kind
    assert words in outcome.message


@pytest.mark.parametrize(("separator", "other"), [(":", "x"), ("x", ":")])
def test_a_quarrel_about_the_aspect_ratio_names_the_setting_to_flip(separator: str, other: str) -> None:
    creatify = providers_from({"CREATIFY_ASPECT_SEPARATOR": separator})["creatify"]
    outcome = creatify.read_submit(Response(400, {}, b'{"aspect_ratio": ["\\"16:9\\" is not a valid choice."]}'))
    assert isinstance(outcome, Refused)
    assert f"CREATIFY_ASPECT_SEPARATOR={other}" in outcome.message


# What asks for patience

TOO_MANY = {"message": "Too Many Requests", "path": "/", "requestId": "r", "statusCode": "429", "timestamp": "t"}


@pytest.mark.parametrize(
    ("provider", "status", "content"),
    [
        ("aimlapi", 429, TOO_MANY),
        ("aimlapi", 429, TOO_MANY | {"statusCode": 429}),
        ("joypix", 200, {"code": 429, "message": "slow down"}),
        ("joypix", 429, {"code": 429, "message": "slow down"}),
        ("creatify", 429, {"detail": "Request was throttled. Expected available in 30 seconds."}),
        ("lipsync-studio", 429, {"error": "Too many requests"}),
    ],
)
def test_a_documented_429_may_be_sent_again(provider: str, status: int, content: Any) -> None:
    assert read(provider, status, content, retry_after="7") == Busy(7.0)
    assert read(provider, status, content) == Busy(None)


# What nobody can know

UNDOCUMENTED_BUSY = [
    ("aimlapi", TOO_MANY | {"id": "z-1"}),
    ("aimlapi", b"<html>Too Many Requests</html>"),
    ("aimlapi", {"message": "Too Many Requests"}),
    ("aimlapi", {"statusCode": "429"}),
    ("joypix", {"message": "slow down"}),
    ("joypix", {"code": 400, "message": "slow down"}),
    ("lipsync-studio", {"message": "slow down"}),
    ("lipsync-studio", {"error": ""}),
    ("lipsync-studio", {"error": "slow down", "id": UUID}),
    ("creatify", {"message": "Too Many Requests"}),
    ("creatify", {"title": "Too many requests", "status": 429, "detail": "A gateway's own words."}),
    ("creatify", {"detail": "Request was throttled.", "id": UUID}),
    ("creatify", ["Request was throttled."]),
]


@pytest.mark.parametrize(("provider", "content"), UNDOCUMENTED_BUSY)
def test_a_429_that_nobody_documents_may_have_been_taken(provider: str, content: Any) -> None:
    assert isinstance(read(provider, 429, content, retry_after="7"), Unclear)


@pytest.mark.parametrize("provider", list(PROVIDERS))
@pytest.mark.parametrize("status", [301, 302, 307, 308, 405, 408, 409, 418, 425, 500, 502, 503, 504, 599])
def test_every_status_outside_the_table_may_have_been_taken(provider: str, status: int) -> None:
    assert isinstance(read(provider, status, {"message": "no"}), Unclear)


@pytest.mark.parametrize("provider", list(PROVIDERS))
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422])
@pytest.mark.parametrize("content", [b"", b"<html>no</html>", b'{"message": "n', b'"no"', b"null", b"7"])
def test_a_refusal_that_is_no_json_of_the_vendor_may_come_from_a_gateway(
    provider: str, status: int, content: bytes
) -> None:
    assert isinstance(read(provider, status, content), Unclear)


@pytest.mark.parametrize("provider", list(PROVIDERS))
@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"<html>ok</html>", b'{"id": "a', b"[]", b"null", b'{"id": ""}', b'{"id": null}', b'{"id": {"a": 1}}'),
        *(b'{"id": true, "data": {"task_id": 1.5}}', b'{"code": 0, "data": []}', b'{"id": ".."}', b'{"id": "a\\nb"}'),
        *(b'{"id": "' + b"a" * 400 + b'"}', b"[" * 100_000, b"9" * 5_000, b'{"id": "\\ud800"}'),
    ],
)
def test_an_acceptance_without_a_readable_id_may_have_been_taken(provider: str, content: bytes) -> None:
    assert isinstance(read(provider, 200, content), Unclear)


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, {"code": 5000, "message": "server error"}),
        (200, {"code": 5001, "message": "server error", "data": {"task_id": "t"}}),
        (200, {"code": 500, "message": "server error"}),
        (200, {"code": 1, "message": "?"}),
        (200, {"code": 400, "message": "bad", "data": {"task_id": "t"}}),
        (200, {"code": 408, "message": "timeout"}),
        (200, {"code": 409, "message": "conflict"}),
        (409, {"code": 409, "message": "conflict"}),
        (200, {"code": 0, "message": "success", "data": {}}),
        (400, {"code": 0, "message": "success", "data": {"task_id": "t"}}),
        (400, {"code": 5001, "message": "server error"}),
        (500, {"code": 400, "message": "bad"}),
        (503, {"code": 429, "message": "busy"}),
    ],
)
def test_joypix_contradicting_itself_may_have_taken_the_job(status: int, content: Any) -> None:
    outcome = read("joypix", status, content)
    assert isinstance(outcome, Unclear)
    assert outcome.candidate == (content.get("data") or {}).get("task_id")


def test_an_id_beside_a_failure_is_kept_as_a_candidate() -> None:
    kept = [
        read("creatify", 500, {"id": UUID}),
        read("lipsync-studio", 400, {"id": UUID, "error": "x"}),
        read("aimlapi", 502, b"<html>", x_inference_id=UUID),
    ]
    assert [outcome.candidate for outcome in kept if isinstance(outcome, Unclear)] == [UUID] * 3


def test_the_vendors_words_are_one_printable_line() -> None:
    outcome = read("creatify", 400, {"detail": "a\u0000b\nc\u202e\ud800" + "d" * 5_000})
    assert isinstance(outcome, Refused)
    assert outcome.message.isprintable()
    assert len(outcome.message) <= 600


def test_each_vendor_says_where_to_look_for_a_lost_answer() -> None:
    sentences = {name: provider.where_to_ask("a 12.4 s video", "14:02") for name, provider in PROVIDERS.items()}
    assert sentences["joypix"] == (
        "Look in your JoyPix account for a 12.4 s video at about 14:02, "
        "or ask openapi@joypix.ai (records are kept for a month)."
    )
    assert all("14:02" in sentence and "12.4 s" in sentence for sentence in sentences.values())


def test_classes_without_overrides_and_the_registry_agree() -> None:
    assert [type(provider) for provider in PROVIDERS.values()][:3] == [JoyPix, LipsyncStudio, AimlApi]
    assert all(key == provider.id for key, provider in PROVIDERS.items())
