"""Nobody acts without the right to: every method of the core that is told by whom, and every state of a job.

`test_people` shows what each role may do; here it is that none was forgotten, and that a refusal changes nothing.
"""

from __future__ import annotations

import inspect
import json
import re
import sqlite3
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lipsync_core import (
    ROOT,
    Brief,
    Desk,
    Job,
    JobState,
    KeptMedium,
    NotAllowedError,
    Override,
    PriceRoseError,
    Role,
    Settings,
    Studio,
)
from lipsync_core.media.cleanup import Going
from lipsync_core.media.erase import Root
from lipsync_core.people.roles import Action
from lipsync_core.samples import PORTRAITS
from tests import corpus
from tests.behind import ledger_file
from tests.oidc import COOKIE_SECRET, claims_of, secrets_file

pytestmark = pytest.mark.usefixtures("stocked")

ADMIN, MAKER, SECOND, VIEWER, GONE = (f"{name}@studio.test" for name in ("mia", "max", "moe", "vic", "gus"))
ROLES = {MAKER: Role.MAKER, SECOND: Role.MAKER, VIEWER: Role.VIEWER, GONE: Role.ADMIN}
NOBODY = (
    *("eve@elsewhere.test", "", "tracker", "team", "*", f"person:{ADMIN}", GONE),
    *(ADMIN.upper(), f" {ADMIN}", f"{ADMIN}\n", ADMIN.replace("i", "\u0456"), "%", "' OR 1=1 --"),
)
"""Names that a browser which was tampered with might give, each almost somebody who may do everything."""


@pytest.fixture
def studio(environment: dict[str, str], tmp_path: Path) -> Studio:
    """A team of four, and a former admin."""
    signed_in = {
        "STREAMLIT_SECRETS_FILES": str(secrets_file(tmp_path)),
        "STUDIO_ADMIN": ADMIN,
        "STUDIO_ALLOWED_DOMAINS": "studio.test",
        "STUDIO_SANDBOX": "1",
    }
    studio = Studio(Settings.from_env(environment | signed_in, dotenv=tmp_path / "no.env"))
    studio.people.enter(claims_of(ADMIN))
    for email, role in ROLES.items():
        studio.people.invite(email, role, by=ADMIN)
    studio.people.remove(GONE, by=ADMIN)
    return studio


@pytest.fixture
def job(studio: Studio, brief: Brief) -> Job:
    """A maker’s, which waits for approval."""
    (job,) = studio.desk(MAKER).submit_all([brief], batch="batch-1")
    return job


def dump(variables: dict[str, str]) -> list[str]:
    """All that the ledger holds."""
    with sqlite3.connect(ledger_file(variables)) as connection:
        lines = list(connection.iterdump())
    connection.close()
    return lines


ASKS_ONLY = {
    *("quotes", "budgets.any_cap", "endings.dearer", "endings.of", "spending.month"),  # say something, change nothing
    *("desk", "desk.elsewhere"),  # sit somebody down
    *(
        f"desk.{name}"
        for name in ("quotes", "chosen", "above_limit", "batch_above_limit", "passes_links", "needs_copies", "alike")
    ),
    *("desk.briefs.open", "desk.briefs.open_batch", "desk.briefs.unfinished", "desk.briefs.read_table"),
    "desk.approvals.waiting",
    *(f"desk.media.{name}" for name in ("facts", "recent", "has_thumbnail", "preview")),
    *(f"desk.media.{name}" for name in ("link", "waveform_link", "speaking_link", "opened_link")),
    *(f"desk.media.{name}" for name in ("thumbnail_link", "output_link")),
    *("desk.media.player_link", "desk.media.captions_link"),
    *("desk.outcomes.undo_not_taken_until", "desk.outcomes.sent_again_as"),
    "people.check",  # is the judge
    *("audit.note", "library.arrived"),  # note down what a method with a judge has done
}
"""What takes a person and needs no right."""


def methods(studio: Studio) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every method of the studio and of its parts that is told by whom it is called."""
    parts = {name: part for name, part in vars(studio).items() if not name.startswith("_")}
    ours = {name: part for name, part in parts.items() if type(part).__module__.startswith("lipsync_core.")}
    for place, part in {"": studio, **ours}.items():
        for name, method in inspect.getmembers(part, inspect.ismethod):
            if not name.startswith("_") and "by" in inspect.signature(method).parameters:
                yield f"{place}.{name}".lstrip("."), method
    for place in ("", *DESK):
        for name, _method in inspect.getmembers(at(studio.desk(), place), inspect.ismethod):
            if not name.startswith("_"):
                yield ".".join(filter(None, ("desk", place, name))), partial(at_desk, studio, place, name)


DESK = [name for name, value in vars(Desk).items() if isinstance(value, property)]
"""The parts of a desk."""


def at(desk: Desk, place: str) -> Any:
    """The desk itself, or a part of it."""
    return getattr(desk, place) if place else desk


def at_desk(studio: Studio, place: str, method: str, /, *, by: str, **arguments: Any) -> object:
    """What somebody does at their desk."""
    return getattr(at(studio.desk(by), place), method)(**arguments)


def at_method(studio: Studio, path: str) -> Callable[..., Any]:
    """The method of a desk that a path leads to."""
    _desk, *places, name = path.split(".")
    method: Callable[..., Any] = getattr(at(studio.desk(), ".".join(places)), name)
    return method


def given(studio: Studio, brief: Brief, job: Job) -> dict[str, Any]:
    """Something good for every argument, so that who asks is the only thing that is wrong."""
    facts = studio.desk(MAKER).media.keep(PORTRAITS[0].path, "image", "face.jpg")
    whole = studio.desk(MAKER).media.keep(corpus.wav(seconds=1.0), "audio", "voice.wav")
    medium, voice = KeptMedium(facts.sha256, facts.name), KeptMedium(whole.sha256, whole.name)
    item = studio.library.keep(facts, name="Grace", by=MAKER)
    kept = replace(brief, image=medium, audio=voice)
    studio.desk(MAKER).briefs.change("brief-1", image=facts, audio=whole, name="Intro")
    return {
        "job_id": job.id,
        "job_ids": [job.id],
        "job": job,
        "brief": kept,
        "briefs": [kept],
        "brief_id": "brief-1",
        "batch_id": "batch-1",
        "batch": "batch-1",
        "engine": brief.engine,
        "after": None,
        "vendor_id": "task-1",
        "usd_micros": 1,
        "email": MAKER,
        "role": Role.ADMIN,
        "url": "http://127.0.0.1:1/a.png",
        "kind": "image",
        "name": "a.png",
        "source": PORTRAITS[0].path,
        "whole": whole,
        "start_s": 0.1,
        "end_s": 0.5,
        "scope": "team",
        "wanted": {"team": 1},
        "month": "2026-11",
        "place": "creatify",
        "override": Override(plan="pro"),
        "overrides": {"creatify": Override(plan="pro")},
        "provider_id": "joypix",
        "limit": 5,
        "facts": facts,
        "item_id": item.id,
        "project": "p",
        "projects": {job.id: "p"},
        "consent": "c",
        "presenter_id": "x",
        "picture": facts,
        "vendor": "Creatify",
        "what": "Providers",
        "action": Action.CHECK,
        "shown": Going(datetime.now(UTC), (), ()),
    }


def test_no_method_that_is_told_by_whom_is_open_to_somebody_else(
    studio: Studio, brief: Brief, job: Job, environment: dict[str, str]
) -> None:
    good = given(studio, brief, job)
    asked = []
    for path, method in methods(studio):
        if path in ASKS_ONLY:
            continue
        signature = inspect.signature(at_method(studio, path) if path.startswith("desk.") else method)
        needed = [
            name
            for name, parameter in signature.parameters.items()
            if name != "by" and parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
        ]
        arguments = {name: good[name] for name in needed}
        if path == "eraser.erase":
            arguments["shown"] = studio.eraser.traces(Root(good["item_id"]))
        before = dump(environment)
        for by in NOBODY:
            with pytest.raises(NotAllowedError):
                method(**arguments, by=by)
                pytest.fail(f"{path} was done for {by!r}")
        assert dump(environment) == before, path
        asked.append(path)
    assert len(asked) > 40, "the studio's parts were not found"


def test_each_of_those_that_need_no_right_is_still_there(studio: Studio) -> None:
    assert {path for path, _method in methods(studio)} >= ASKS_ONLY


ON_A_JOB: dict[str, Callable[[Studio, int, str], object]] = {
    "withdraw": lambda studio, job_id, by: studio.desk(by).jobs.withdraw(job_id),
    "hide": lambda studio, job_id, by: studio.desk(by).jobs.hide(job_id),
    "unhide": lambda studio, job_id, by: studio.desk(by).jobs.unhide(job_id),
    "ask now": lambda studio, job_id, by: studio.desk(by).jobs.ask_now(job_id),
    "confirm": lambda studio, job_id, by: studio.desk(by).outcomes.confirm(job_id, "task-1"),
    "not taken": lambda studio, job_id, by: studio.desk(by).outcomes.not_taken(job_id),
    "undo not taken": lambda studio, job_id, by: studio.desk(by).outcomes.undo_not_taken(job_id),
    "write off": lambda studio, job_id, by: studio.desk(by).outcomes.write_off(job_id),
    "send again": lambda studio, job_id, by: studio.desk(by).outcomes.send_again(job_id),
    "approve": lambda studio, job_id, by: studio.desk(by).approvals.approve(job_id),
    "decline": lambda studio, job_id, by: studio.desk(by).approvals.decline(job_id, "no"),
}


def test_in_no_state_may_anybody_do_to_a_job_what_their_role_does_not_reach(
    studio: Studio, job: Job, environment: dict[str, str]
) -> None:
    for state in JobState:
        with sqlite3.connect(ledger_file(environment)) as connection:
            connection.execute("UPDATE jobs SET state = ?, due_ms = NULL", (state,))
        connection.close()
        before = dump(environment)
        for what, do in ON_A_JOB.items():
            shut_out = [VIEWER, SECOND, GONE, "", *([MAKER] if what in ("approve", "decline") else [])]
            for by in shut_out:
                with pytest.raises(NotAllowedError):
                    do(studio, job.id, by)
                    pytest.fail(f"{by} did {what!r} in {state}")
        assert dump(environment) == before


@pytest.mark.parametrize("limit", [float("nan"), float("inf"), -1, 10**18])
def test_a_limit_that_no_field_allows_is_refused(studio: Studio, limit: Any) -> None:
    with pytest.raises(NotAllowedError, match="Nothing was changed"):
        studio.people.set_limit(MAKER, limit, by=ADMIN)


@pytest.mark.parametrize("role", ["owner", "", "ADMIN", "admin "])
def test_a_role_that_there_is_not_is_refused(studio: Studio, role: Any, environment: dict[str, str]) -> None:
    before = dump(environment)
    for change, who in ((studio.people.set_role, VIEWER), (studio.people.invite, "new@studio.test")):
        with pytest.raises(ValueError, match="is not a valid Role"):
            change(who, role, by=ADMIN)
    assert dump(environment) == before


def test_nobody_is_told_or_limited_in_another_s_name(studio: Studio) -> None:
    with pytest.raises(NotAllowedError, match="only their own"):
        studio.people.set_notify(MAKER, "https://chat.test/x", by=ADMIN)
    with pytest.raises(NotAllowedError):
        studio.people.set_limit(MAKER, None, by=MAKER)
    with pytest.raises(NotAllowedError):
        studio.people.set_role(SECOND, Role.VIEWER, by=MAKER)


def test_a_price_that_a_browser_made_up_sends_nothing(studio: Studio, brief: Brief) -> None:
    studio.people.set_limit(MAKER, None, by=ADMIN)
    (quote,) = [quote for quote in studio.quotes(brief) if quote.engine == brief.engine]
    with pytest.raises(PriceRoseError):
        studio.submit(brief, by=MAKER, agreed=replace(quote, usd_micros=1))
    assert list(studio.jobs()) == []


def test_a_brief_that_is_split_or_renamed_is_within_no_other_limit(studio: Studio, brief: Brief) -> None:
    studio.people.set_limit(MAKER, 200_000, by=ADMIN)
    pair = [brief, replace(brief, project="Another", name="Another")]
    assert {job.state for job in studio.desk(MAKER).submit_all(pair, batch="b")} == {JobState.AWAITING_APPROVAL}


def test_every_action_is_asked_for_somewhere() -> None:
    """A right that nothing asks for guards nothing."""
    core = Path(inspect.getfile(Studio)).parent
    text = "".join(file.read_text(encoding="utf-8") for file in core.rglob("*.py") if file.name != "roles.py")
    unused = [action for action in Action if f"Action.{action.name}" not in text.replace("Action.SEE", "")]
    assert unused == [Action.SEE]  # to be let in is to see: the gate and the links ask for that


def test_the_audit_of_all_that_holds_no_secret(studio: Studio) -> None:
    secret = studio.people.set_notify(MAKER, "https://chat.test/token-in-the-path", by=MAKER)
    assert secret is not None
    held = json.dumps([repr(entry) for entry in studio.audit.entries(limit=100, by=ADMIN)])
    assert secret not in held
    assert "token-in-the-path" not in held


def test_the_example_of_secrets_is_taken_with_each_of_its_services_once_it_has_a_secret(tmp_path: Path) -> None:
    example = (ROOT / ".streamlit" / "secrets.toml.example").read_text(encoding="utf-8")
    # Every service but the first is commented out, up to the next empty line.
    blocks = re.findall(r"(?:^# \[auth\..*\n)(?:^# \w.*\n?)+", example, re.MULTILINE)
    everything = example + "".join(re.sub(r"^# ", "", block, flags=re.MULTILINE) for block in blocks)
    everything = everything.replace('"replace this"', f'"{COOKIE_SECRET}"')
    (tmp_path / "secrets.toml").write_text(everything, encoding="utf-8")
    services = [table for table in tomllib.loads(everything)["auth"].values() if isinstance(table, dict)]
    assert len(services) == len(blocks) + 1 == 3
    assert all(service["server_metadata_url"].endswith("/.well-known/openid-configuration") for service in services)
    variables = {"STREAMLIT_SECRETS_FILES": str(tmp_path / "secrets.toml")}
    settings = Settings.from_env(variables, dotenv=tmp_path / "no.env")
    assert settings.sign_in
    assert len(settings.audiences) == 3
    assert settings.trusted_services == ("microsoft",)
