"""What the form refuses before anything is sent, which promises carry a source, and how keys are kept quiet."""

from __future__ import annotations

import copy
import hashlib
import json
import pickle
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from lipsync_core.errors import SettingsError
from lipsync_core.providers.aimlapi import AimlApi
from lipsync_core.providers.creatify import Creatify
from lipsync_core.providers.facts import Fact
from lipsync_core.providers.forms import EngineForm, length_problem
from lipsync_core.providers.keys import Keys
from lipsync_core.providers.order import Order
from lipsync_core.providers.registry import PROVIDERS
from lipsync_core.providers.wire import Response, Taken, Unclear

LINK = "https://a.test/x"
DATA = "data:audio/wav;base64,AAAA"
PORTRAIT = Order("joypix/motion-2", image=LINK, audio=LINK, resolution="480p", seed=-1)
DIALOG = Order("lipsync-studio/lipsync-image-multi", image=LINK, left_audio=LINK, right_audio=LINK)
REDUB = Order("aimlapi/pixverse-lip-sync", video=LINK, audio=LINK)
PRESENTER = Order("creatify/lipsync", creator="p1", text="Hello", aspect_ratio="16:9")
FORMS = {form.engine: form for provider in PROVIDERS.values() for form in provider.forms}


def errors(good: Order, /, **changes: Any) -> dict[str, str]:
    changed = replace(good, **changes)
    return PROVIDERS[changed.engine.split("/")[0]].order_errors(changed)


def test_the_catalogue_s_paid_engines_are_all_there() -> None:
    assert set(FORMS) == {
        "joypix/motion-2",
        "joypix/motion-2-dialog",
        "lipsync-studio/lipsync-image",
        "lipsync-studio/lipsync-image-multi",
        "lipsync-studio/lipsync-video",
        "aimlapi/pixverse-lip-sync",
        "creatify/lipsync",
    }


@pytest.mark.parametrize("order", [PORTRAIT, DIALOG, REDUB, PRESENTER])
def test_a_good_order_has_no_errors(order: Order) -> None:
    assert errors(order) == {}


BAD = [
    (PORTRAIT, {"engine": "joypix/motion-9"}, "engine", "no engine “joypix/motion-9”"),
    (PORTRAIT, {"image": None}, "image", "needs a picture"),
    (PORTRAIT, {"audio": "  "}, "audio", "needs a voice"),
    (PORTRAIT, {"video": LINK}, "video", "does not take a video"),
    (PORTRAIT, {"text": "Hello"}, "text", "does not take a text"),
    (PORTRAIT, {"resolution": "1080p"}, "resolution", "Choose 480p or 720p."),
    (PORTRAIT, {"seed": -2}, "seed", "−1 for a random one"),
    (PORTRAIT, {"seed": 2**31}, "seed", "2,147,483,647"),
    (PORTRAIT, {"audio": DATA}, "audio", "accepts only links"),
    (PORTRAIT, {"audio": "/home/ana/voice.wav"}, "audio", "not a link"),
    (PORTRAIT, {"audio": f" {LINK}"}, "audio", "not a link"),
    (PORTRAIT, {"aspect_ratio": "16:9"}, "aspect_ratio", "does not take an aspect ratio"),
    (DIALOG, {"right_audio": None}, "right_audio", "needs a right voice"),
    (DIALOG, {"order": "both"}, "order", "Choose meanwhile, left_right or right_left."),
    (DIALOG, {"audio": LINK}, "audio", "does not take a voice"),
    (REDUB, {"audio": None}, "audio", "needs a voice or a text with a speaker"),
    (REDUB, {"text": "Hi", "speaker": "Ava"}, "audio", "Choose one"),
    (REDUB, {"text": "Hi", "speaker": "Ava"}, "text", "Choose one"),
    (REDUB, {"audio": None, "text": "Hi"}, "speaker", "needs a speaker too"),
    (REDUB, {"audio": None, "speaker": "Ava"}, "text", "needs a text too"),
    (REDUB, {"audio": None, "text": "Hi", "speaker": "harper"}, "speaker", "does not accept “harper”"),
    (REDUB, {"seed": 3}, "seed", "does not take a seed"),
    (PRESENTER, {"text": None}, "text", "needs a text or a voice"),
    (PRESENTER, {"audio": LINK}, "text", "Choose one"),
    (PRESENTER, {"aspect_ratio": "4:3"}, "aspect_ratio", "Choose 16:9, 1:1 or 9:16."),
    (PRESENTER, {"aspect_ratio": None}, "aspect_ratio", "needs an aspect ratio"),
    (PRESENTER, {"name": "n" * 256}, "name", "up to 255 characters"),
    (PRESENTER, {"webhook": f"{LINK}/{'h' * 200}"}, "webhook", "up to 200 characters"),
    (PRESENTER, {"webhook": "file:///etc/passwd"}, "webhook", "not a link"),
]


@pytest.mark.parametrize(("order", "changes", "field", "words"), BAD)
def test_a_bad_order_is_refused_at_its_field(order: Order, changes: dict[str, Any], field: str, words: str) -> None:
    assert words in errors(order, **changes)[field]


@pytest.mark.parametrize("speaker", FORMS["aimlapi/pixverse-lip-sync"].choices["speaker"])
def test_all_fifteen_speakers_are_taken(speaker: str) -> None:
    assert errors(REDUB, audio=None, text="Hello", speaker=speaker) == {}


def test_media_may_travel_inside_the_request_where_the_vendor_takes_that() -> None:
    assert errors(REDUB, audio=DATA) == {}


def test_a_limit_that_is_only_assumed_warns_and_does_not_stop() -> None:
    wordy = replace(REDUB, audio=None, text="a" * 201, speaker="Auto")
    assert errors(wordy) == {}
    (warning,) = AimlApi().order_warnings(wordy).values()
    assert "200 characters" in warning
    assert "PixVerse" in warning


@pytest.mark.parametrize(
    ("engine", "seconds", "stops"),
    [
        ("joypix/motion-2-dialog", 600.0004, None),
        ("joypix/motion-2-dialog", 600.1, True),
        ("joypix/motion-2", 600.1, False),
        ("aimlapi/pixverse-lip-sync", 31.0, False),
        ("creatify/lipsync", 10_000.0, None),
    ],
)
def test_a_clip_over_the_vendor_s_length_is_stopped_or_warned_about(
    engine: str, seconds: float, stops: bool | None
) -> None:
    problem = length_problem(FORMS[engine], seconds)
    assert (problem and problem[1]) == stops


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_default_is_a_choice_and_every_limit_has_a_source(form: EngineForm) -> None:
    assert all(default in form.choices[name] for name, default in form.defaults.items())
    assert set(form.choices) <= set(form.fields)
    assert all(limit.source for limit in form.limits.values())


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_every_promise_carries_its_source(provider: Any) -> None:
    promises = (
        provider.keeps_output_h,
        provider.keeps_records_days,
        provider.failed_is_free,
        provider.poll_every_s,
        provider.max_concurrent,
    )
    assert all(isinstance(promise, Fact) and promise.source for promise in promises)
    assert provider.max_concurrent.assumed


# Keys

SECRET = "sk_very_secret_0123456789"


def test_a_key_shows_nowhere() -> None:
    keys = Keys({"JOYPIX_API_KEY": SECRET})
    assert repr(keys) == str(keys) == f"{keys}" == "Keys(JOYPIX_API_KEY=…)"
    assert SECRET not in repr([keys, {"k": keys}])
    for leave in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="do not leave"):
            leave(keys)


def test_a_key_s_fingerprint_is_the_start_of_its_hash() -> None:
    assert Keys({"A": SECRET}).fingerprint == hashlib.sha256(SECRET.encode()).hexdigest()[:8]
    pair = Keys({"A": "one", "B": "two"})
    assert pair.fingerprint == Keys({"B": "two", "A": "one"}).fingerprint != Keys({"A": "two", "B": "one"}).fingerprint


@pytest.mark.parametrize("pasted", [f" {SECRET}\n", f"Bearer {SECRET}", f"bearer  {SECRET} "])
def test_a_key_is_taken_as_people_paste_it(pasted: str) -> None:
    headers = PROVIDERS["joypix"].headers(Keys({"JOYPIX_API_KEY": pasted}))
    assert headers == {"Authorization": f"Bearer {SECRET}"}


@pytest.mark.parametrize("broken", ["", "  ", "Bearer ", "sk_secret\r\nX-Evil: 1", "sk_secret two", "sk_sécret"])
def test_a_key_that_cannot_be_a_header_is_refused_without_being_shown(broken: str) -> None:
    with pytest.raises(SettingsError, match="JOYPIX_API_KEY") as caught:
        Keys({"JOYPIX_API_KEY": broken})
    assert "cret" not in str(caught.value)


def test_creatify_needs_both_of_its_keys() -> None:
    found = Keys.found(Creatify().key_variables, {"CREATIFY_API_ID": "id-1", "CREATIFY_API_KEY": SECRET})
    assert found is not None
    assert Creatify().headers(found) == {"X-API-ID": "id-1", "X-API-KEY": SECRET}
    assert Keys.found(Creatify().key_variables, {"CREATIFY_API_ID": "id-1", "CREATIFY_API_KEY": " "}) is None


# Whatever comes, nothing raises

NAMES = (
    *("id", "task_id", "data", "code", "message", "msg", "detail", "error", "status", "output", "video", "url"),
    *("video_url", "progress", "meta", "usage", "credits_used", "results", "next", "count", "pricing", "kind"),
    *("units", "price", "per", "accents", "current_balance", "failed_reason", "remaining_credits", "statusCode"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["done", "failed", LINK]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=12,
)
BODIES = st.binary(max_size=200) | JSON.map(lambda content: json.dumps(content).encode())
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "date", "x-inference-id", "x-aimlapi-credits-used"]), st.text(max_size=40)
)
RESPONSES = st.builds(Response, st.integers(100, 599), HEADERS, BODIES)


@given(RESPONSES, st.sampled_from(list(PROVIDERS.values())), st.text(max_size=30))
def test_no_answer_whatever_it_holds_raises(response: Response, provider: Any, content_type: str) -> None:
    outcome = provider.read_submit(response)
    if isinstance(outcome, Taken | Unclear) and (job_id := getattr(outcome, "job_id", None)):
        assert [request.about for request in provider.poll([job_id])] == [(job_id,)]
    for ids in (["a"], ["a", "b"]):
        for request in provider.poll(ids):
            provider.read_poll(request, response)
    provider.read_check(response)
    provider.read_balance(response)
    provider.read_webhook(response.body, content_type)


@given(RESPONSES)
def test_no_lookup_raises_either(response: Response) -> None:
    Creatify().read_presenters(response)
    Creatify().read_voices(response)
    AimlApi().read_price_list(response)
    AimlApi().read_logs(response)


@given(st.integers(300, 599) | st.integers(100, 199), BODIES, st.sampled_from(list(PROVIDERS.values())))
def test_only_an_acceptance_takes_a_job(status: int, body: bytes, provider: Any) -> None:
    assert not isinstance(provider.read_submit(Response(status, {}, body)), Taken)
