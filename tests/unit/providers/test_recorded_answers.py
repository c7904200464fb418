"""Answers of the four vendors as people recorded them, ids and names replaced, and what each of them means.

Found another one? Add a line: vendor, what was asked (submit, poll, log or balance), status, headers, body, and the meaning as `meaning` tells it.
"""

# ruff: noqa: E501 - one answer is one line, however long

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from lipsync_core.providers.registry import PROVIDERS
from lipsync_core.providers.wire import (
    AskAgain,
    Balance,
    Busy,
    LogRow,
    PollState,
    Refused,
    Response,
    SubmitOutcome,
    Taken,
    Unclear,
)

JOB = "jobOfAnInventedName21"
UUID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
LINK = "https://cdn.example.com/clips/out.mp4"
PROBLEM = {"content-type": "application/problem+json"}


def legacy(status: Any, message: str) -> dict[str, Any]:
    """AI/ML API's envelope before April 2026; ``statusCode`` is a text in its pages, a number in answers."""
    about = {"requestId": "rQn0aInventedNanoid00", "timestamp": "2025-12-05T10:11:12.000Z"}
    return {**about, "statusCode": status, "path": "/v2/video/generations", "message": message}


def problem(status: int, name: str, message: str, data: Any = None, **more: Any) -> dict[str, Any]:
    """AI/ML API's envelope since April 2026."""
    about = {"title": name, "status": status, "instance": "/v2/video/generations?"}
    error = {"name": f"{name.replace(' ', '')}Exception", "message": message, "data": data}
    return {**about, "message": message, "timestamp": "2026-04-14T09:46:33.609Z", "error": error, **more}


CREDITS = "You've run out of credits. Please top up your balance: https://aimlapi.com/app/billing/"
VERIFY = "Complete verification to using the API https://aimlapi.com/app/verification"
ZOD = [
    {
        "code": "invalid_type",
        "expected": "string",
        "received": "undefined",
        "path": ["video_url"],
        "message": "Required",
    },
    {"code": "custom", "path": ["items", 0, "text"], "message": "Too long"},
]
THROTTLED = "Request was throttled. Expected available in 30 seconds."
WAIT = {"retry-after": "30"}
USAGE = {"meta": {"usage": {"credits_used": 1040000, "usd_spent": 0.52}}}
ROW = {
    "created": "2026-08-19T10:11:12.000Z",
    "status": "succeeded",
    "origin": "api",
    "model": "pixverse/lip-sync",
    "cost": {"usd": 0.08, "credits": 160000},
    "tokens": {"input": 0, "output": 0, "total": 0},
    "request_id": None,
    "inference_id": JOB,
    "client_request_id": "studio-7",
}
AI, LS, CR, JP = "aimlapi", "lipsync-studio", "creatify", "joypix"

# fmt: off
RECORDED: list[tuple[str, str, int, Mapping[str, str], Any, str]] = [
    # AI/ML API: an order
    (AI, "submit", 200, {}, {"id": JOB, "status": "queued", **USAGE}, f"taken {JOB}, said $0.520000"),
    (AI, "submit", 200, {}, {"id": JOB, "status": "queued", "meta": {"usage": {"credits_used": 2000000}}}, f"taken {JOB}, said $1.000000"),
    (AI, "submit", 201, {}, {"id": JOB, "status": "queued", "meta": None}, f"taken {JOB}"),
    (AI, "submit", 200, {"x-aimlapi-usd-spent": "0.080000000", "x-aimlapi-credits-used": "160000"}, {"id": JOB}, f"taken {JOB}, said $0.080000"),
    (AI, "submit", 200, {}, {"generation_id": JOB, "status": "queued"}, f"taken {JOB}"),
    (AI, "submit", 200, {}, {"id": "", "status": "unknown", "error": {"name": "E", "message": "odd"}}, "unclear: AI/ML API accepted the order, but sent no job id, and said: odd."),
    (AI, "submit", 400, PROBLEM, problem(400, "Bad Request", "Invalid payload provided", ZOD), "refused, input: Invalid payload provided; video_url: Required; items.0.text: Too long."),
    (AI, "submit", 400, {}, legacy("400", "Body validation error"), "refused, input: Body validation error."),
    (AI, "submit", 401, {}, legacy(401, "This request requires a valid API key."), "refused, key: This request requires a valid API key."),
    (AI, "submit", 403, PROBLEM, problem(403, "Forbidden", CREDITS, {"kind": "err_insufficent_credits"}), f"refused, credit: {CREDITS}."),
    (AI, "submit", 403, PROBLEM, problem(403, "Forbidden", "Forbidden", {"kind": "err_insufficent_credits"}), "refused, credit: Forbidden."),
    (AI, "submit", 403, PROBLEM, problem(403, "Forbidden", VERIFY, {"kind": "err_unverified_card"}), f"refused, account: {VERIFY}."),
    (AI, "submit", 403, {}, legacy(403, CREDITS), f"refused, credit: {CREDITS}."),
    (AI, "submit", 403, PROBLEM, problem(403, "Forbidden", "This key may not use this model"), "refused, key: This key may not use this model."),
    (AI, "submit", 404, PROBLEM, problem(404, "Not Found", "Model not found"), "refused, other: Model not found."),
    (AI, "submit", 429, PROBLEM, problem(429, "Too Many Requests", "Too many requests."), "busy"),
    (AI, "submit", 429, {**PROBLEM, "x-inference-id": JOB}, problem(429, "Too Many Requests", "Too many requests."), "busy"),
    (AI, "submit", 429, WAIT, legacy("429", "Too Many Requests"), "busy for 30 s"),
    (AI, "submit", 429, {}, legacy(429, "Too Many Requests"), "busy"),
    (AI, "submit", 429, PROBLEM, problem(429, "Too Many Requests", "Too many requests.", id=JOB), f"unclear, maybe {JOB}: AI/ML API answered with status 429, and said: Too many requests."),
    (AI, "submit", 429, PROBLEM, problem(429, "Too Many Requests", "Too many requests.", generation_id=JOB), f"unclear, maybe {JOB}: AI/ML API answered with status 429, and said: Too many requests."),
    (AI, "submit", 429, {"x-inference-id": JOB}, problem(429, "Too Many Requests", "Too many requests.", **USAGE), f"unclear, maybe {JOB}: AI/ML API answered with status 429, and said: Too many requests."),
    (AI, "submit", 429, {"x-aimlapi-usd-spent": "0.04"}, legacy(429, "Too Many Requests"), "unclear: AI/ML API answered with status 429, and said: Too Many Requests."),
    (AI, "submit", 429, PROBLEM, {"title": "Too many requests", "status": 429, "detail": "A gateway's."}, "unclear: AI/ML API answered with status 429, and said: A gateway's."),
    (AI, "submit", 500, PROBLEM, problem(500, "Internal Server Error", "Something went wrong!"), "unclear: AI/ML API answered with status 500, and said: Something went wrong!"),
    (AI, "submit", 524, {"content-type": "text/html"}, b"<html>A timeout occurred</html>", "unclear: AI/ML API answered with status 524."),

    # AI/ML API: a job
    (AI, "poll", 200, {}, {"id": JOB, "status": "succeeded", "video": {"url": LINK}}, f"succeeded: {LINK}"),
    (AI, "poll", 200, {}, {"id": JOB, "status": "completed", "video": [{"url": LINK}]}, f"succeeded: {LINK}"),
    (AI, "poll", 200, {}, {"id": JOB, "status": "completed", "video": LINK}, f"succeeded: {LINK}"),
    (AI, "poll", 200, {}, {"id": JOB, "status": "completed", "videos": [LINK]}, f"succeeded: {LINK}"),
    (AI, "poll", 200, {}, {"id": JOB, "status": "completed", "videos": [{"url": LINK}], "video": None}, f"succeeded: {LINK}"),
    (AI, "poll", 200, {}, {"generation_id": JOB, "status": "completed", "video": {"url": LINK}}, f"succeeded: {LINK}"),
    (AI, "poll", 200, {}, {"generation_id": "another", "status": "completed", "video": {"url": LINK}}, "again, fault: AI/ML API answered about something else."),
    (AI, "poll", 200, {}, {"id": JOB, "status": "completed", "video": LINK, **USAGE}, f"succeeded, billed $0.520000: {LINK}"),
    (AI, "poll", 200, {}, {"id": JOB, "status": "completed", "video": None}, "succeeded: None"),
    (AI, "poll", 200, {}, {"id": JOB, "status": "generating"}, "running"),
    (AI, "poll", 200, {}, {"id": "", "status": "unknown", "error": {"name": "E", "message": "odd"}}, "running"),
    (AI, "poll", 200, {}, {"id": JOB, "status": "error", "error": {"name": "GenerationError", "message": "No face."}}, "failed: No face."),
    (AI, "poll", 200, {}, {"id": JOB, "status": "canceled", "error": None}, "failed: AI/ML API gave no reason."),
    (AI, "poll", 200, {}, {"id": JOB, "status": "timeout", "error": {"message": "Generation timeout"}}, "failed: Generation timeout"),
    (AI, "poll", 401, {}, legacy(401, "This request requires a valid API key."), "again, key: AI/ML API refuses the key: This request requires a valid API key."),
    (AI, "poll", 403, PROBLEM, problem(403, "Forbidden", CREDITS, {"kind": "err_insufficent_credits"}), f"again, key: AI/ML API says that the account is out of credit: {CREDITS}."),
    (AI, "poll", 403, PROBLEM, problem(403, "Forbidden", VERIFY, {"kind": "err_unverified_card"}), f"again, key: AI/ML API requires a verified account first: {VERIFY}."),
    (AI, "poll", 404, PROBLEM, problem(404, "Not Found", "Inference not found"), "missing"),
    (AI, "poll", 429, PROBLEM, problem(429, "Too Many Requests", "Too many requests."), "again, busy: AI/ML API asks us to wait: Too many requests."),
    (AI, "poll", 524, {"content-type": "text/html"}, b"<html>A timeout occurred</html>", "again, fault: AI/ML API answered with status 524."),
    (AI, "log", 200, {}, {"data": [ROW], "pagination": {"limit": 100, "offset": 0, "total": 1, "has_more": False}}, f"studio-7 is {JOB}, succeeded: $0.080000"),
    (AI, "log", 200, {}, {"data": [ROW | {"status": "failed", "cost": {"usd": 0, "credits": 0}}]}, f"studio-7 is {JOB}, failed: free"),
    (AI, "log", 200, {}, {"data": [ROW | {"client_request_id": None}]}, f"None is {JOB}, succeeded: $0.080000"),
    (AI, "log", 200, {}, {"data": []}, ""),
    (AI, "log", 429, PROBLEM, problem(429, "Too Many Requests", "Too many requests."), "again, busy: AI/ML API asks us to wait: Too many requests."),
    (AI, "balance", 200, {}, {"current_balance": 10.07, "currency": "USD"}, "holds $10.070000"),

    # Creatify
    (CR, "submit", 201, {}, {"id": UUID, "status": "pending", "credits_used": 0, "failed_reason": ""}, f"taken {UUID}"),
    (CR, "submit", 429, WAIT, {"detail": THROTTLED}, "busy for 30 s"),
    (CR, "submit", 429, {}, {"detail": "Request was throttled."}, "busy"),
    (CR, "submit", 429, {}, {"message": "Too Many Requests"}, "unclear: Creatify answered with status 429, and said: Too Many Requests."),
    (CR, "submit", 402, {}, {"detail": "You do not have enough credits."}, "refused, credit: You do not have enough credits."),
    (CR, "submit", 400, {}, ["AI model not found"], "refused, input: AI model not found."),
    (CR, "submit", 400, {}, {"creator": ["Must be a valid UUID."], "link": ["Invalid link ID"]}, "refused, input: creator: Must be a valid UUID.; link: Invalid link ID."),
    (CR, "submit", 401, {}, {"detail": "Authentication credentials were not provided."}, "refused, key: Authentication credentials were not provided."),
    (CR, "submit", 404, {}, {"detail": "No Lipsync matches the given query."}, "refused, other: No Lipsync matches the given query."),
    (CR, "poll", 200, {}, {"id": JOB, "status": "done", "output": LINK, "credits_used": 20, "progress": "1"}, f"succeeded, billed 20 credits: {LINK}"),
    (CR, "poll", 200, {}, {"id": JOB, "status": "done", "output": [LINK]}, f"succeeded: {LINK}"),
    (CR, "poll", 200, {}, {"id": JOB, "status": "running", "progress": 0.4, "output": None}, "running, 40 %"),
    (CR, "poll", 200, {}, {"id": JOB, "status": "running", "progress": "55"}, "running, 55 %"),
    (CR, "poll", 200, {}, {"id": JOB, "status": "rejected", "failed_reason": "Moderation"}, "failed: Moderation"),
    (CR, "poll", 404, {}, {"detail": "No Lipsync matches the given query."}, "missing"),
    (CR, "poll", 429, WAIT, {"detail": THROTTLED}, f"again, busy: Creatify asks us to wait: {THROTTLED}"),
    (CR, "balance", 200, {}, {"remaining_credits": 379.0}, "holds 379.0 credits"),

    # lipsync.studio
    (LS, "submit", 200, {}, {"id": UUID, "status": "processing"}, f"taken {UUID}"),
    (LS, "submit", 200, {}, {"requestId": UUID, "status": "processing"}, f"taken {UUID}"),
    (LS, "submit", 400, {}, {"error": "Missing required fields"}, "refused, input: Missing required fields."),
    (LS, "submit", 401, {}, {"error": "Invalid API key"}, "refused, key: Invalid API key."),
    (LS, "submit", 402, {}, {"error": "Insufficient credits"}, "refused, credit: Insufficient credits."),
    (LS, "submit", 429, {}, {"error": "Too many requests"}, "busy"),
    (LS, "submit", 429, {}, {"message": "Too many requests"}, "unclear: lipsync.studio answered with status 429, and said: Too many requests."),
    (LS, "poll", 200, {}, {"id": JOB, "status": "failed", "output": None, "error": "Failed to download video: HTTP 404"}, "failed: Failed to download video: HTTP 404"),
    (LS, "poll", 200, {}, {"id": JOB, "status": "completed", "output": [LINK], "error": ""}, f"succeeded: {LINK}"),

    # JoyPix
    (JP, "submit", 200, {}, {"code": 0, "message": "success", "data": {"task_id": "task_1", "status": "submitted"}}, "taken task_1"),
    (JP, "submit", 200, {}, {"code": 402, "message": "Insufficient credits."}, "refused, credit: Insufficient credits."),
    (JP, "submit", 200, {}, {"code": 5000, "message": "server error"}, "unclear: JoyPix answered with status 200 and code 5000 and said: server error."),
    (JP, "poll", 200, {}, {"code": 0, "data": {"task_id": JOB, "status": "completed", "video_url": LINK, "error": ""}}, f"succeeded: {LINK}"),
]
# fmt: on


def meaning(vendor: str, asked: str, response: Response) -> str:
    """What our reader makes of an answer, in one line."""
    provider = PROVIDERS[vendor]
    if asked == "submit":
        return _of_submit(provider.read_submit(response))
    if asked == "balance":
        held = provider.read_balance(response)
        return f"holds {_sum(held.usd_micros, held.credits)}" if isinstance(held, Balance) else _again(held)
    if asked == "log":
        rows = provider.read_logs(response)
        return _again(rows) if isinstance(rows, AskAgain) else "; ".join(map(_of_row, rows))
    (request,) = provider.poll([JOB])
    read = provider.read_poll(request, response)
    if isinstance(read, AskAgain):
        return _again(read)
    if JOB in read.missing:
        return "missing"
    poll = read.polls[JOB]
    match poll.state:
        case PollState.SUCCEEDED:
            bill = _sum(poll.billed_usd_micros, poll.billed_credits)
            return f"succeeded{f', billed {bill}' if bill else ''}: {poll.output_url}"
        case PollState.FAILED:
            return f"failed: {poll.error}"
        case _:
            return f"{poll.state}{f', {poll.progress:.0%}'.replace('%', ' %') if poll.progress is not None else ''}"


def _of_submit(outcome: SubmitOutcome) -> str:
    match outcome:
        case Taken():
            said = _sum(outcome.said.usd_micros, outcome.said.credits) if outcome.said else ""
            return f"taken {outcome.job_id}{f', said {said}' if said else ''}"
        case Refused():
            return f"refused, {outcome.kind}: {outcome.message}"
        case Busy():
            return "busy" if outcome.retry_after_s is None else f"busy for {outcome.retry_after_s:.0f} s"
        case Unclear():
            return f"unclear{f', maybe {outcome.candidate}' if outcome.candidate else ''}: {outcome.what}"


def _of_row(row: LogRow) -> str:
    cost = "free" if row.free else _sum(row.cost.usd_micros, row.cost.credits)
    return f"{row.trace_id} is {row.job_id}, {'succeeded' if row.succeeded else 'failed'}: {cost}"


def _again(again: AskAgain) -> str:
    return f"again, {again.kind}: {again.what}"


def _sum(usd_micros: int | None, credits: Any) -> str:
    if usd_micros is not None:
        return f"${usd_micros / 1_000_000:.6f}"
    return "" if credits is None else f"{credits} credits"


@pytest.mark.parametrize(("vendor", "asked", "status", "headers", "body", "means"), RECORDED)
def test_a_recorded_answer_means(
    vendor: str, asked: str, status: int, headers: Mapping[str, str], body: Any, means: str
) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert meaning(vendor, asked, Response(status, headers, raw)) == means
