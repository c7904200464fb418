"""What the vendors say of a job, in one vocabulary; and what they say of accounts, presenters and prices."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from lipsync_core.providers.aimlapi import AimlApi
from lipsync_core.providers.creatify import Creatify, progress_of
from lipsync_core.providers.reading import retry_after_s
from lipsync_core.providers.registry import PROVIDERS
from lipsync_core.providers.wire import (
    Accent,
    AskAgain,
    Balance,
    Charge,
    LivePrice,
    LogRow,
    PersonaPage,
    Poll,
    PollAnswer,
    PollState,
    Rate,
    Response,
    Snag,
    Verdict,
    Voice,
)

QUEUED, RUNNING, SUCCEEDED, FAILED = PollState
LINK = "https://out.test/clip.mp4?sign=1"
JOB = "job/1:a"
AIML, CREATIFY = AimlApi(), Creatify()


def response(content: Any, status: int = 200, **headers: str) -> Response:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def answer(provider: str, content: Any, status: int = 200, **headers: str) -> PollAnswer | AskAgain:
    (request,) = PROVIDERS[provider].poll([JOB])
    return PROVIDERS[provider].read_poll(request, response(content, status, **headers))


def poll(provider: str, content: Any, **headers: str) -> Poll:
    answered = answer(provider, content, 200, **headers)
    assert isinstance(answered, PollAnswer)
    assert answered.missing == ()
    return answered.polls[JOB]


def job(provider: str, word: Any, link: Any = LINK, error: str = "no face") -> Any:
    """A job in each vendor's documented shape."""
    match provider:
        case "joypix":
            data = {"task_id": JOB, "inputs": "{}", "model": "motion-2", "status": word, "error": error}
            return {"code": 0, "message": "success", "data": data | {"video_url": link}}
        case "lipsync-studio":
            rest = {"model": "lipsync", "executionTime": None, "timings": None}
            return {"id": JOB, "status": word, "output": link, "error": error} | rest
        case "aimlapi":
            return {"id": JOB, "status": word, "video": {"url": link}, "error": {"name": "E", "message": error}}
        case _:
            return {"id": JOB, "status": word, "output": link, "failed_reason": error, "progress": 50}


WORDS = [
    ("joypix", "submitted", QUEUED),
    ("joypix", "processing", RUNNING),
    ("joypix", "completed", SUCCEEDED),
    ("joypix", "failed", FAILED),
    ("lipsync-studio", "processing", RUNNING),
    ("lipsync-studio", "completed", SUCCEEDED),
    ("lipsync-studio", "failed", FAILED),
    ("aimlapi", "queued", QUEUED),
    ("aimlapi", "waiting", QUEUED),
    ("aimlapi", "generating", RUNNING),
    ("aimlapi", "completed", SUCCEEDED),
    ("aimlapi", "succeeded", SUCCEEDED),
    ("aimlapi", "error", FAILED),
    ("aimlapi", "failed", FAILED),
    ("creatify", "pending", QUEUED),
    ("creatify", "in_queue", QUEUED),
    ("creatify", "queued", QUEUED),
    ("creatify", "running", RUNNING),
    ("creatify", "done", SUCCEEDED),
    ("creatify", "failed", FAILED),
    ("creatify", "rejected", FAILED),
    ("creatify", "error", FAILED),
]


@pytest.mark.parametrize(("provider", "word", "state"), WORDS)
def test_each_status_word_has_its_meaning(provider: str, word: str, state: PollState) -> None:
    seen = poll(provider, job(provider, word))
    assert (seen.state, seen.raw_state, seen.known) == (state, word, True)
    assert seen.output_url == (LINK if state is SUCCEEDED else None)
    assert seen.error == ("no face" if state is FAILED else None)


@pytest.mark.parametrize("provider", list(PROVIDERS))
@pytest.mark.parametrize(("word", "shown"), [("moderating", "moderating"), (None, ""), (7, ""), ("x" * 99, "x" * 60)])
def test_a_word_that_nobody_documents_means_still_running(provider: str, word: Any, shown: str) -> None:
    seen = poll(provider, job(provider, word))
    assert (seen.state, seen.raw_state, seen.known, seen.output_url) == (RUNNING, shown, False, None)


@pytest.mark.parametrize("provider", list(PROVIDERS))
@pytest.mark.parametrize(
    "link", [None, "", "not a link", "ftp://a.test/x", "javascript:alert(1)", 7, [7], [], [[LINK]]]
)
def test_a_success_without_a_link_is_marked_to_be_asked_again(provider: str, link: Any) -> None:
    word = {"aimlapi": "succeeded", "creatify": "done"}.get(provider, "completed")
    seen = poll(provider, job(provider, word, link))
    assert seen.lacks_output
    assert not poll(provider, job(provider, word)).lacks_output


@pytest.mark.parametrize("provider", list(PROVIDERS))
def test_a_failure_without_a_reason_says_so(provider: str) -> None:
    word = "failed"
    error = poll(provider, job(provider, word, error="")).error
    assert error in (f"{PROVIDERS[provider].title} gave no reason.", "E")


@pytest.mark.parametrize("provider", list(PROVIDERS))
@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"<html>502</html>", b'{"id": "job/1:a", "sta', b"null", b"7", b"[]", b"{}", b"[" * 100_000),
        *(b'{"id": "another", "status": "failed", "data": {"task_id": "another", "status": "failed"}}',),
        *(b'{"data": []}', b"\xff\xfe"),
    ],
)
def test_an_answer_that_cannot_be_this_job_s_is_never_a_verdict(provider: str, content: bytes) -> None:
    answered = answer(provider, content)
    if isinstance(answered, PollAnswer):
        assert answered.missing == ()
        assert all(seen.state is RUNNING for seen in answered.polls.values())


@pytest.mark.parametrize("provider", list(PROVIDERS))
def test_a_job_that_the_vendor_does_not_have_is_missing(provider: str) -> None:
    assert answer(provider, {"detail": "Not found."}, status=404) == PollAnswer(missing=(JOB,))
    assert isinstance(answer(provider, b"<html>404</html>", status=404), AskAgain)


def test_joypix_may_say_so_by_its_own_code() -> None:
    assert answer("joypix", {"code": 404, "message": "no such task", "data": None}) == PollAnswer(missing=(JOB,))
    fault = answer("joypix", {"code": 5000, "message": "server error"})
    assert isinstance(fault, AskAgain)
    assert fault.kind is Snag.FAULT


@pytest.mark.parametrize("provider", list(PROVIDERS))
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, Snag.KEY),
        (402, Snag.KEY),
        (403, Snag.KEY),
        (429, Snag.BUSY),
        (400, Snag.FAULT),
        (500, Snag.FAULT),
        (503, Snag.FAULT),
    ],
)
def test_a_poll_s_refusal_ends_no_job(provider: str, status: int, kind: Snag) -> None:
    again = answer(provider, {"message": "no"}, status, retry_after="30")
    assert isinstance(again, AskAgain)
    assert (again.kind, again.retry_after_s) == (kind, 30.0)
    assert again.what.endswith(": no.")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("9" * 40, 86_400.0),
        ("Wed, 21 Oct 2015 07:28:30 GMT", 30.0),
        ("Wed, 21 Oct 2015 07:00:00 GMT", 0.0),
        ("Wed, 21 Oct 2099 07:00:00 GMT", 86_400.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_and_as_a_date(value: str, seconds: float | None) -> None:
    assert retry_after_s({"retry-after": value, "date": "Wed, 21 Oct 2015 07:28:00 GMT"}) == seconds


# AI/ML API


def test_aimlapi_s_own_sample_of_a_finished_job_is_understood() -> None:
    assert poll("aimlapi", {"id": JOB, "status": "succeeded", "video": {"url": LINK}}).output_url == LINK


def test_aimlapi_s_second_shape_of_an_error_is_understood() -> None:
    detail = [{"loc": ["body"], "msg": "No face found", "type": "value_error", "input": {}}]
    assert poll("aimlapi", {"id": JOB, "status": "error", "detail": detail}).error == "No face found"
    assert poll("aimlapi", {"id": JOB, "status": "error", "error": {"detail": detail}}).error == "No face found"
    assert poll("aimlapi", {"id": JOB, "status": "error", "error": {"name": "Moderation"}}).error == "Moderation"


def test_aimlapi_s_bill_counts_only_at_the_end() -> None:
    hold = {"meta": {"usage": {"credits_used": 2_000_000}}}
    assert poll("aimlapi", job("aimlapi", "queued") | hold).billed_credits is None
    assert poll("aimlapi", job("aimlapi", "error") | hold).billed_credits is None
    done = poll("aimlapi", job("aimlapi", "completed") | hold)
    assert (done.billed_credits, done.billed_usd_micros) == (Decimal(2_000_000), 1_000_000)


def test_aimlapi_s_bill_may_come_in_a_header_where_zero_proves_nothing() -> None:
    content = job("aimlapi", "succeeded")
    assert poll("aimlapi", content, x_aimlapi_credits_used="80000").billed_usd_micros == 40_000
    assert poll("aimlapi", content, x_aimlapi_credits_used="0").billed_usd_micros is None
    assert poll("aimlapi", content, x_aimlapi_credits_used="lots").billed_usd_micros is None


def test_aimlapi_s_balance_is_in_dollars() -> None:
    assert AIML.read_balance(response({"current_balance": 12.345, "currency": "USD"})) == Balance(usd_micros=12_345_000)
    assert isinstance(AIML.read_balance(response({"current_balance": None})), AskAgain)
    assert isinstance(AIML.read_balance(response({"current_balance": 5}, 500)), AskAgain)


def test_aimlapi_s_live_price_is_found_by_id_or_alias() -> None:
    pricing = {"kind": "fixed", "currency": "USD", "units": [{"name": "second", "price": 0.05, "per": 1}]}
    catalogue = {"object": "list", "data": [{"id": "x", "aliases": ["pixverse/lip-sync"], "pricing": pricing}]}
    assert AIML.read_price_list(response(catalogue)) == LivePrice(
        "fixed", (Rate(Decimal("0.05"), "second", Decimal(1), {}),)
    )


def test_aimlapi_s_price_in_variants_keeps_what_each_is_for() -> None:
    variants = [{"when": {"voice": "tts"}, "price": 0.2, "unit": "character", "per": 100}, {"price": -1}]
    catalogue = {"data": [{"id": "pixverse/lip-sync", "pricing": {"kind": "variants", "variants": variants}}]}
    price = AIML.read_price_list(response(catalogue))
    assert price == LivePrice("variants", (Rate(Decimal("0.2"), "character", Decimal(100), {"voice": "tts"}),))


@pytest.mark.parametrize("content", [{"data": []}, {"data": [{"id": "pixverse/lip-sync"}]}, {"data": 7}, [None]])
def test_a_price_that_is_not_there_is_not_invented(content: Any) -> None:
    assert isinstance(AIML.read_price_list(response(content)), AskAgain)


def test_aimlapi_s_log_says_of_each_request_what_came_of_it() -> None:
    rows = [
        {"client_request_id": None, "inference_id": "other", "status": "succeeded", "cost": {"usd": 1}},
        {"client_request_id": "job-7", "inference_id": "inf-1", "status": "succeeded", "cost": {"usd": 0.25}},
        {"client_request_id": "job-8", "inference_id": None, "status": "failed", "cost": {"usd": 0, "credits": 0}},
        {"client_request_id": "job-9", "inference_id": "inf-2", "status": "failed", "cost": None},
        {"client_request_id": "job-10", "inference_id": "inf-3", "status": "a word that nobody knows"},
        None,
    ]
    read = AIML.read_logs(response({"data": rows, "pagination": {"has_more": False}}))
    assert read == (
        LogRow(None, "other", True, Charge(None, 1_000_000)),
        LogRow("job-7", "inf-1", True, Charge(None, 250_000)),
        LogRow("job-8", None, False, Charge(Decimal(0), 0)),
        LogRow("job-9", "inf-2", False, Charge(None, None)),
    )
    assert [row.free for row in read] == [False, False, True, False], "nothing is free unless the vendor says so"
    assert isinstance(AIML.read_logs(response({}, 429)), AskAgain)


# Creatify


def creatify(ids: list[str], content: Any) -> PollAnswer | AskAgain:
    (request,) = CREATIFY.poll(ids)
    return CREATIFY.read_poll(request, response(content))


def test_creatify_s_jobs_are_asked_a_hundred_at_a_time() -> None:
    ids = [f"id-{number}" for number in range(201)] + ["with,comma"]
    requests = CREATIFY.poll(ids)
    assert sorted(len(request.about) for request in requests) == [1, 1, 100, 100]
    assert sorted(job_id for request in requests for job_id in request.about) == sorted(ids)
    assert requests[0].query == (("ids", ",".join(ids[:100])),)
    assert {request.path for request in requests if not request.query} == {
        "/api/lipsyncs/id-200/",
        "/api/lipsyncs/with%2Ccomma/",
    }
    assert CREATIFY.poll([]) == ()


@pytest.mark.parametrize("wrap", [lambda jobs: jobs, lambda jobs: {"count": 2, "next": None, "results": jobs}])
def test_creatify_s_batch_comes_bare_or_paged(wrap: Any) -> None:
    jobs = [{"id": "a", "status": "done", "output": LINK}, {"id": "b", "status": "running"}]
    answered = creatify(["a", "b", "c"], wrap(jobs))
    assert isinstance(answered, PollAnswer)
    assert {job_id: seen.state for job_id, seen in answered.polls.items()} == {"a": SUCCEEDED, "b": RUNNING}
    assert answered.missing == ("c",)


@pytest.mark.parametrize(
    "content",
    [
        [{"id": "stranger", "status": "done"}],
        [{"status": "done"}],
        [7],
        {"next": "https://api.test/?page=2", "results": [{"id": "a", "status": "running"}]},
        {"id": "stranger"},
        {},
    ],
)
def test_a_list_that_may_be_incomplete_proves_no_absence(content: Any) -> None:
    answered = creatify(["a", "b"], content)
    assert isinstance(answered, PollAnswer)
    assert answered.missing == ()


def test_a_batch_that_is_not_found_ends_no_job() -> None:
    (request,) = CREATIFY.poll(["a", "b"])
    assert isinstance(CREATIFY.read_poll(request, response({"detail": "Not found."}, 404)), AskAgain)


def test_creatify_s_other_name_for_the_output_is_read() -> None:
    assert poll("creatify", {"id": JOB, "status": "done", "output": None, "video_output": LINK}).output_url == LINK


@pytest.mark.parametrize(
    ("value", "scale", "progress"),
    [
        (45, "auto", 0.45),
        ("45", "auto", 0.45),
        ("45%", "auto", 0.45),
        (0.45, "auto", 0.45),
        ("0.45", "auto", 0.45),
        (0, "auto", 0.0),
        (1, "auto", 0.01),
        (100, "auto", 1.0),
        (123, "auto", 1.0),
        (-3, "auto", 0.0),
        (1, "1", 1.0),
        (0.5, "100", 0.005),
        (None, "auto", None),
        ("", "auto", None),
        ("half", "auto", None),
        (True, "auto", None),
        ([50], "auto", None),
    ],
)
def test_creatify_s_progress_is_read_from_number_and_text(value: Any, scale: str, progress: float | None) -> None:
    assert progress_of(value, scale) == progress


def test_creatify_s_credits_count_only_once_they_are_charged() -> None:
    done = job("creatify", "done")
    assert poll("creatify", done | {"credits_used": 10}).billed_credits == Decimal(10)
    assert poll("creatify", done | {"credits_used": 0}).billed_credits is None
    assert poll("creatify", job("creatify", "running") | {"credits_used": 10}).billed_credits is None


@pytest.mark.parametrize("value", [120, 12.5, -3, "40"])
def test_creatify_s_credits_may_be_a_fraction_or_negative(value: Any) -> None:
    assert CREATIFY.read_balance(response({"remaining_credits": value})) == Balance(credits=Decimal(str(value)))


def test_creatify_s_presenters_come_with_their_pictures() -> None:
    item = {
        "id": "p1",
        "creator_name": "Ana",
        "gender": "f",
        "is_active": True,
        "preview_image_16_9": "https://cdn.test/a.jpg",
        "preview_image_1_1": None,
        "preview_video_9_16": "https://cdn.test/a.mp4",
    }
    page = {
        "count": 1500,
        "next": "https://api.test/?page=2",
        "previous": None,
        "results": [item, {"is_active": False}],
    }
    read = CREATIFY.read_presenters(response(page))
    assert isinstance(read, PersonaPage)
    (persona,) = read.personas
    assert (read.has_more, read.total, persona.name, persona.age_range) == (True, 1500, "Ana", "")
    assert persona.pictures == {"16:9": "https://cdn.test/a.jpg"}
    assert persona.videos == {"9:16": "https://cdn.test/a.mp4"}
    bare = CREATIFY.read_presenters(response([item]))
    assert isinstance(bare, PersonaPage)
    assert (bare.personas, bare.has_more, bare.total) == ((persona,), False, None)


def test_creatify_s_voices_come_with_the_accents_that_an_order_names() -> None:
    listed = [
        {"name": "Ben", "gender": "male", "accents": [{"id": "a1", "accent_name": "British", "preview_url": LINK}]},
        {"name": "Without", "accents": []},
    ]
    assert CREATIFY.read_voices(response(listed)) == (Voice("Ben", "male", (Accent("a1", "British", LINK),)),)
    assert isinstance(CREATIFY.read_voices(response({"detail": "x"}, 500)), AskAgain)
    assert isinstance(CREATIFY.read_voices(response({"detail": "x"})), AskAgain)


# Webhooks and checks


@pytest.mark.parametrize(
    ("provider", "body", "content_type", "found"),
    [
        ("lipsync-studio", b'{"id": "u-1", "status": "completed", "output": "x"}', "application/json", "u-1"),
        ("creatify", b'{"id": "u-1", "status": "done", "failed_reason": "", "output": "x"}', "application/json", "u-1"),
        ("creatify", b"id=u-1&status=done&output=https%3A%2F%2Fx", "application/x-www-form-urlencoded", "u-1"),
        ("creatify", b"id=u-1&status=done", "", "u-1"),
        ("creatify", b"{'id': 'u-1'}", "application/json", None),
        ("creatify", b"status=done", "application/x-www-form-urlencoded", None),
        ("creatify", b"&".join(b"a=1" for _ in range(500)), "application/x-www-form-urlencoded", None),
        ("joypix", b'{"id": "u-1"}', "application/json", None),
        ("aimlapi", b'{"id": "u-1"}', "application/json", None),
    ],
)
def test_a_webhook_yields_an_id_and_nothing_else(
    provider: str, body: bytes, content_type: str, found: str | None
) -> None:
    assert PROVIDERS[provider].read_webhook(body, content_type) == found


@pytest.mark.parametrize(
    ("provider", "status", "content", "verdict"),
    [
        ("aimlapi", 200, {"current_balance": 1}, Verdict.ACCEPTED),
        ("creatify", 200, {"remaining_credits": 1}, Verdict.ACCEPTED),
        ("creatify", 401, {"detail": "Invalid"}, Verdict.REFUSED),
        ("creatify", 404, {"detail": "Not found."}, Verdict.UNCLEAR),
        ("joypix", 200, {"code": 401, "message": "bad key"}, Verdict.REFUSED),
        ("joypix", 401, {"code": 401, "message": "bad key"}, Verdict.REFUSED),
        ("joypix", 200, {"code": 404, "message": "task not found"}, Verdict.ACCEPTED),
        ("joypix", 200, {"code": 5000, "message": "?"}, Verdict.UNCLEAR),
        ("lipsync-studio", 404, {"error": "Job not found"}, Verdict.ACCEPTED),
        ("lipsync-studio", 404, b"<html>", Verdict.UNCLEAR),
        ("lipsync-studio", 403, b"<html>", Verdict.REFUSED),
        ("lipsync-studio", 500, {}, Verdict.UNCLEAR),
        ("aimlapi", 200, b"<html>", Verdict.UNCLEAR),
    ],
)
def test_a_free_request_shows_whether_a_key_is_good(provider: str, status: int, content: Any, verdict: Verdict) -> None:
    assert PROVIDERS[provider].check().method == "GET"
    assert PROVIDERS[provider].read_check(response(content, status)).verdict is verdict


def test_vendors_without_a_balance_say_so() -> None:
    silent = {name for name, provider in PROVIDERS.items() if provider.balance() is None}
    assert silent == {"joypix", "lipsync-studio"}
    assert isinstance(PROVIDERS["joypix"].read_balance(response({})), AskAgain)
