"""Who may enter, what each role may do, and what a limit, a removal or a decision does to a job: all in the core."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lipsync_core import (
    Brief,
    BriefError,
    Filter,
    Job,
    JobState,
    NotAllowedError,
    Override,
    PriceRoseError,
    Quote,
    Role,
    Settings,
    SettingsError,
    Studio,
    VendorError,
)
from lipsync_core.db.database import Database
from lipsync_core.ledger.approvals import ApprovalRules, Approvals
from lipsync_core.ledger.claims import Claims
from lipsync_core.people.roles import Action, Reach, may
from tests import corpus
from tests.behind import ledger_file
from tests.oidc import ISSUER, secrets_file

pytestmark = pytest.mark.usefixtures("stocked")

DOLLAR = 1_000_000
ADMIN, APPROVER, OTHER, MAKER, SECOND, VIEWER = (
    f"{name}@studio.test" for name in ("mia", "ada", "abe", "max", "moe", "vic")
)
TEAM = {ADMIN: Role.ADMIN, APPROVER: Role.APPROVER, OTHER: Role.APPROVER, MAKER: Role.MAKER, SECOND: Role.MAKER}
TEAM |= {VIEWER: Role.VIEWER}


def claims(email: str, **more: Any) -> dict[str, Any]:
    now = int(time.time())
    account = {"iss": ISSUER, "sub": email.lower()}
    return {"email": email, "email_verified": True, "aud": "studio", "iat": now, "nonce": "n1"} | account | more


@pytest.fixture
def signed_in(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The variables of a studio where people sign in."""
    return environment | {
        "STREAMLIT_SECRETS_FILES": str(secrets_file(tmp_path)),
        "STUDIO_ADMIN": ADMIN,
        "STUDIO_ALLOWED_DOMAINS": "studio.test",
        "STUDIO_SANDBOX": "1",
        "STUDIO_SANDBOX_SPEED": "500",
    }


def open_studio(variables: dict[str, str]) -> Studio:
    return Studio(Settings.from_env(variables, dotenv=Path("no.env")))


@pytest.fixture
def team(signed_in: dict[str, str]) -> Studio:
    """Six people; both makers may spend ten cents, approvers a dollar."""
    studio = open_studio(signed_in)
    for email in (ADMIN, APPROVER, OTHER, MAKER, SECOND, VIEWER):
        studio.people.enter(claims(email))
    for email, role in TEAM.items():
        studio.people.set_role(email, role, by=ADMIN)
    for email, limit in ((MAKER, DOLLAR // 10), (SECOND, DOLLAR // 10), (APPROVER, DOLLAR), (OTHER, DOLLAR)):
        studio.people.set_limit(email, limit, by=ADMIN)
    return studio


def draft(brief: Brief) -> Brief:
    return replace(brief, engine="draft/portrait")


def put(ledger: Path, job: Job, state: JobState) -> None:
    """Bring a job's row into a state, as if a tracker had."""
    with sqlite3.connect(ledger) as connection:
        connection.execute("UPDATE jobs SET state = ?, due_ms = NULL WHERE id = ?", (state, job.id))
    connection.close()


# Entering


def test_the_first_admin_is_the_one_whom_the_settings_name(signed_in: dict[str, str]) -> None:
    people = open_studio(signed_in).people
    assert people.enter(claims("vic@studio.test")).role is Role.MAKER
    mia = people.enter(claims("Mia@Studio.Test", name="Mia  M."))
    assert (mia.role, mia.email, mia.name, mia.limit_usd_micros) == (Role.ADMIN, ADMIN, "Mia M.", None)


@pytest.mark.parametrize(("setting", "role"), [("", Role.MAKER), ("maker", Role.MAKER), ("Viewer", Role.VIEWER)])
def test_a_newcomer_may_spend_nothing(signed_in: dict[str, str], setting: str, role: Role) -> None:
    person = open_studio(signed_in | {"STUDIO_ENTRY_ROLE": setting}).people.enter(claims("new@studio.test"))
    assert (person.role, person.limit_usd_micros) == (role, 0)


@pytest.mark.parametrize("role", ["admin", "approver", "nobody"])
def test_nobody_enters_with_a_higher_role(signed_in: dict[str, str], role: str) -> None:
    with pytest.raises(SettingsError, match="STUDIO_ENTRY_ROLE"):
        open_studio(signed_in | {"STUDIO_ENTRY_ROLE": role})


def test_a_newcomer_plays_in_a_sandbox_of_their_own_and_asks_for_what_costs(
    signed_in: dict[str, str], brief: Brief
) -> None:
    vendors = {"STUDIO_SANDBOX": "0", "JOYPIX_API_KEY": "jp-key-1", "STUDIO_PUBLIC_URL": "https://studio.example.org"}
    studio = open_studio(signed_in | vendors)
    new = studio.people.enter(claims("new@studio.test")).email
    played = studio.desk(new, sandbox=True).submit(brief)
    asked = studio.desk(new, sandbox=False).submit(brief)
    drawn = studio.desk(new).submit(draft(brief))
    assert (played.state, played.sandbox) == (JobState.QUEUED, True)
    assert (asked.state, drawn.state) == (JobState.AWAITING_APPROVAL, JobState.QUEUED)
    assert claimed(signed_in, rehearses=False) == [played.id]


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "eve@elsewhere.test"},
        {"email": "eve@studio.test.elsewhere.test"},
        {"email": "eve@sub.studio.test"},
        {"email": "mia@studio.test@elsewhere.test"},
        {"email": "m\u0456a@studio.test"},  # a Cyrillic letter
        {"email": "\uff4dia@studio.test"},  # a full-width letter, which NFKC would turn into the admin's
        {"email": "mia@\u212atudio.test"},  # the Kelvin sign
        {"email": "mia@studio.t\u00e9st"},
        {"email": "mia @studio.test"},
        {"email": "mia\u200b@studio.test"},
        {"email": "mia@studio.test\nevil@elsewhere.test"},
        {"email": "m\u0131a@studio.test"},  # without its dot, which upper case would turn into the admin's
        {"email": "mia@studio.test\0"},
        {"email": '"mia@studio.test"@elsewhere.test'},
        {"email": "mia@studio.test,eve@elsewhere.test"},
        {"email": ["mia@studio.test"]},
        {"email": "<mia@studio.test>"},
        {"email": "mia@studio-test"},
        {"email": "x" * 200 + "@studio.test"},
        {"email": ""},
        {"email": None},
        {"email_verified": False},
        {"email_verified": "false"},
        {"email_verified": 0},
        {"aud": "another"},
        {"aud": ["another", "third"]},
        {"iat": 1_700_000_000},
        {"iat": 9_999_999_999},
        {"iat": None},
        {"iat": "now"},
        {"iat": True},
    ],
    ids=repr,
)
def test_whom_nobody_vouches_for_does_not_enter(signed_in: dict[str, str], wrong: dict[str, Any]) -> None:
    people = open_studio(signed_in).people
    with pytest.raises(NotAllowedError):
        people.enter(claims("mia@studio.test") | wrong)
    assert people.everyone("2026-11") == []


def test_one_enters_by_domain_address_or_group_and_by_nothing_else(signed_in: dict[str, str]) -> None:
    rules = {
        "STUDIO_ALLOWED_DOMAINS": "@Studio.test",
        "STUDIO_ALLOWED_EMAILS": "Ben@elsewhere.test",
        "STUDIO_ALLOWED_GROUPS": "video",
        "STUDIO_GROUPS_CLAIM": "teams",
    }
    people = open_studio(signed_in | rules).people
    for good in (claims("a@studio.test"), claims("ben@elsewhere.test"), claims("c@third.test", teams=["x", "video"])):
        people.enter(good)
    for bad in (
        claims("c2@third.test", teams="video"),
        claims("c2@third.test", teams={"video": True}),
        claims("c2@third.test", teams=[["video"], {"name": "video"}]),
        claims("c2@third.test", groups=["video"]),
        claims("b@elsewhere.test"),
    ):
        with pytest.raises(NotAllowedError, match="is not in the team"):
            people.enter(bad)


def test_a_rule_that_is_dropped_shuts_out_whom_it_let_in(signed_in: dict[str, str]) -> None:
    open_studio(signed_in).people.enter(claims("ana@studio.test"))
    with pytest.raises(NotAllowedError, match="not in the team"):
        open_studio(signed_in | {"STUDIO_ALLOWED_DOMAINS": ""}).people.enter(claims("ana@studio.test"))


def test_an_invited_person_enters_against_the_rules_and_a_removed_one_does_not(team: Studio) -> None:
    team.people.invite("Guest@Elsewhere.test", Role.MAKER, by=ADMIN)
    assert team.people.enter(claims("guest@elsewhere.test")).role is Role.MAKER
    team.people.remove("guest@elsewhere.test", by=ADMIN)
    team.people.remove(VIEWER, by=ADMIN)
    for email in ("guest@elsewhere.test", VIEWER):
        with pytest.raises(NotAllowedError, match="removed from the team"):
            team.people.enter(claims(email))
        assert team.people.who(email) is None
    team.people.invite(VIEWER, Role.VIEWER, by=ADMIN)
    team.people.enter(claims(VIEWER))


def test_signing_out_ends_the_visit_in_every_tab_and_for_every_copy_of_its_cookie(team: Studio) -> None:
    here, elsewhere = claims(MAKER), claims(MAKER, nonce="n2")
    team.people.enter(here)
    team.people.sign_out(here)
    team.people.sign_out(here)
    with pytest.raises(NotAllowedError, match="You signed out"):
        team.people.enter(dict(reversed(here.items())))
    team.people.enter(elsewhere)


def test_the_last_admin_stays(team: Studio) -> None:
    with pytest.raises(NotAllowedError, match="the last admin"):
        team.people.remove(ADMIN, by=ADMIN)
    with pytest.raises(NotAllowedError, match="the last admin"):
        team.people.set_role(ADMIN, Role.MAKER, by=ADMIN)
    team.people.set_role(APPROVER, Role.ADMIN, by=ADMIN)
    team.people.remove(ADMIN, by=ADMIN)
    with pytest.raises(NotAllowedError, match="not in the team"):
        team.people.set_role(APPROVER, Role.VIEWER, by=ADMIN)
    with pytest.raises(NotAllowedError, match="the last admin"):
        team.people.remove(APPROVER, by=APPROVER)


@pytest.mark.parametrize("limit", [-1, 10**13])
def test_a_tampered_limit_is_refused(team: Studio, limit: int) -> None:
    with pytest.raises(NotAllowedError, match="Nothing was changed"):
        team.people.set_limit(MAKER, limit, by=ADMIN)


def test_without_sign_in_one_person_may_do_everything(studio: Studio, brief: Brief) -> None:
    job = studio.submit(draft(brief), by="ana")
    assert studio.desk("somebody else").jobs.withdraw(job.id)
    studio.budgets.set_cap("team", DOLLAR, "ana")


# Roles, actions and states

LIVE_STATES = (JobState.AWAITING_APPROVAL, JobState.QUEUED, JobState.UNCONFIRMED, JobState.DONE)

ON_A_JOB: dict[str, Callable[[Studio, Job, str], Any]] = {
    "withdraw": lambda studio, job, by: studio.desk(by).jobs.withdraw(job.id),
    "hide": lambda studio, job, by: studio.desk(by).jobs.hide(job.id),
    "unhide": lambda studio, job, by: studio.desk(by).jobs.unhide(job.id),
    "ask now": lambda studio, job, by: studio.desk(by).jobs.ask_now(job.id),
    "not taken": lambda studio, job, by: studio.desk(by).outcomes.not_taken(job.id),
    "undo not taken": lambda studio, job, by: studio.desk(by).outcomes.undo_not_taken(job.id),
    "write off": lambda studio, job, by: studio.desk(by).outcomes.write_off(job.id),
    "approve": lambda studio, job, by: studio.desk(by).approvals.approve(job.id),
    "decline": lambda studio, job, by: studio.desk(by).approvals.decline(job.id, "no"),
}
DECISIONS = ("approve", "decline")
WORKS_IN = {
    "withdraw": (JobState.AWAITING_APPROVAL, JobState.QUEUED),
    "not taken": (JobState.UNCONFIRMED,),
    "write off": (JobState.UNCONFIRMED,),
    "approve": (JobState.AWAITING_APPROVAL,),
    "decline": (JobState.AWAITING_APPROVAL,),
}
"""The states in which an action that says whether it was done does something."""


@pytest.mark.parametrize("what", ON_A_JOB)
def test_role_by_action_by_state(team: Studio, brief: Brief, what: str, signed_in: dict[str, str]) -> None:
    makers, approvers = (team.submit(brief, by=who) for who in (MAKER, APPROVER))
    may_do = (ADMIN, OTHER) if what in DECISIONS else (ADMIN, APPROVER, OTHER, MAKER)
    for state in LIVE_STATES:
        for who in (ADMIN, APPROVER, OTHER, MAKER, SECOND, VIEWER, "eve@elsewhere.test", "", "tracker"):
            job = approvers if who == APPROVER else makers  # an approver's own
            put(ledger_file(signed_in), job, state)
            if who not in may_do:
                with pytest.raises(NotAllowedError):
                    ON_A_JOB[what](team, job, who)
                assert team.job(job.id).state is state, (who, state)
                continue
            done = ON_A_JOB[what](team, job, who)
            assert what not in WORKS_IN or done is (state in WORKS_IN[what]), (who, state)


@pytest.mark.parametrize(
    ("what", "roles"),
    [
        (lambda studio, by, brief: studio.submit(draft(brief), by=by), (ADMIN, APPROVER, MAKER)),
        (lambda studio, by, brief: studio.submit(brief, by=by), (ADMIN, APPROVER, MAKER)),
        (lambda studio, by, brief: studio.desk(by).submit_all([brief], batch="b"), (ADMIN, APPROVER, MAKER)),
        (lambda studio, by, brief: studio.desk(by).briefs.change("b", text="x"), (ADMIN, APPROVER, MAKER)),
        (lambda studio, by, brief: studio.desk(by).media.keep(corpus.wav(0.2), "audio", "a.wav"), (APPROVER, MAKER)),
        (lambda studio, by, brief: studio.budgets.set_cap("team", DOLLAR, by), (ADMIN,)),
        (lambda studio, by, brief: studio.budgets.set_invoices("2026-11", {"joypix": 1}, by), (ADMIN,)),
        (lambda studio, by, brief: studio.desk(by).rates.set("creatify", Override(plan="pro")), (ADMIN,)),
        (lambda studio, by, brief: studio.vendors.resume("joypix", sandbox=True, by=by), (ADMIN,)),
        (lambda studio, by, brief: studio.vendors.check("joypix", sandbox=True, by=by), (ADMIN,)),
        (lambda studio, by, brief: studio.vendors.balance("joypix", sandbox=True, by=by), (ADMIN,)),
        (lambda studio, by, brief: studio.audit.entries(limit=1, by=by), (ADMIN,)),
        (lambda studio, by, brief: studio.audit.count(by=by), (ADMIN,)),
        (lambda studio, by, brief: studio.audit.export(by=by), (ADMIN,)),
        (lambda studio, by, brief: studio.people.invite("n@studio.test", Role.ADMIN, by=by), (ADMIN,)),
        (lambda studio, by, brief: studio.people.set_role(VIEWER, Role.MAKER, by=by), (ADMIN,)),
        (lambda studio, by, brief: studio.people.set_limit(VIEWER, None, by=by), (ADMIN,)),
        (lambda studio, by, brief: studio.people.remove(SECOND, by=by), (ADMIN,)),
    ],
    ids=[
        "draft",
        "paid",
        "batch",
        "brief",
        "medium",
        "cap",
        "invoice",
        "rate",
        "resume",
        "check",
        "balance",
        "audit",
        "audit count",
        "audit export",
        "invite",
        "role",
        "limit",
        "remove",
    ],
)
def test_role_by_action(
    team: Studio, brief: Brief, what: Callable[[Studio, str, Brief], Any], roles: tuple[str, ...]
) -> None:
    before = team.people.everyone("2026-11"), team.count(Filter()), team.budgets.caps("2026-11")
    for who in {VIEWER, MAKER, APPROVER, "eve@elsewhere.test", ""} - set(roles):
        with pytest.raises(NotAllowedError):
            what(team, who, brief)
    assert before == (team.people.everyone("2026-11"), team.count(Filter()), team.budgets.caps("2026-11"))
    for who in roles:
        what(team, who, brief)


def test_what_needs_a_job_or_the_network_is_refused_before_either(team: Studio, brief: Brief) -> None:
    job = team.submit(draft(brief), by=MAKER)
    for refused in (
        lambda: team.sharing.review_link(job, by=VIEWER),
        lambda: team.desk(VIEWER).briefs.use_again(job.id),
        lambda: team.desk(VIEWER).media.keep_link("http://127.0.0.1:1/a.png", "image"),
        lambda: team.vendors.published_rate("aimlapi", by=APPROVER),
        lambda: team.desk(VIEWER).outcomes.adopt("joypix/motion-2", "x"),
    ):
        with pytest.raises(NotAllowedError, match="Nothing was sent"):
            refused()
    assert team.sharing.review_link(job, by=MAKER) is None  # there is no video yet


@pytest.mark.parametrize("given", ["..", ".", " .. ", "a\nb", "", "x" * 400])
def test_what_cannot_be_a_vendors_id_is_not_asked_for(team: Studio, given: str) -> None:
    with pytest.raises(VendorError, match=r"That cannot be one of JoyPix’s ids\. Nothing was asked"):
        team.desk(MAKER).outcomes.adopt("joypix/motion-2", given)


def test_whoever_only_looks_is_told_nothing_elsewhere_but_can_stop_it(team: Studio) -> None:
    team.people.set_notify(MAKER, "https://chat.test/x", by=MAKER)
    team.people.set_role(MAKER, Role.VIEWER, by=ADMIN)
    with pytest.raises(NotAllowedError, match="cannot create clips"):
        team.people.set_notify(MAKER, "https://chat.test/y", by=MAKER)
    assert team.people.set_notify(MAKER, None, by=MAKER) is None


def test_the_table_of_rights_grows_with_the_role() -> None:
    reaches = [Reach.NONE, Reach.OWN, Reach.OTHERS, Reach.ALL]
    for action in Action:
        rank = [reaches.index(Reach(reach)) for reach in (_reach(role, action) for role in Role)]
        assert rank == sorted(rank), action
    assert not any(may(Role.VIEWER, action) for action in Action if action is not Action.SEE)


def _reach(role: Role, action: Action) -> Reach:
    own, others = may(role, action, own=True), may(role, action)
    return {(False, False): Reach.NONE, (True, False): Reach.OWN, (False, True): Reach.OTHERS}.get(
        (own, others), Reach.ALL
    )


# Limits and decisions


def test_what_is_above_the_limit_waits_and_is_sent_once_approved(team: Studio, brief: Brief) -> None:
    job = team.submit(brief, by=MAKER, hold_s=5)
    assert (job.state, job.due_at) == (JobState.AWAITING_APPROVAL, None)
    assert "limit is $0.10" in (job.decided_why or "")
    assert job.decide_by is not None
    assert [waiting.id for waiting in team.desk().approvals.waiting()] == [job.id]
    assert team.desk(APPROVER).approvals.approve(job.id)
    assert not team.desk(OTHER).approvals.approve(job.id)
    done = team.wait(job.id, timeout_s=600)
    assert (done.state, done.decided_by, done.quote) == (JobState.DONE, APPROVER, job.quote)
    assert [(event.state, event.by) for event in team.history(job.id)][:2] == [
        (JobState.AWAITING_APPROVAL, MAKER),
        (JobState.QUEUED, APPROVER),
    ]


def test_a_maker_reads_of_their_own_limit_and_the_approver_of_theirs_with_the_reason(
    team: Studio, brief: Brief
) -> None:
    assert (team.desk(MAKER).above_limit(150_000) or "").endswith("your limit is $0.10.")
    job = team.desk(MAKER).submit(brief, reason="For Monday’s\nlaunch\u202e")
    assert (job.decided_why or "").endswith("limit is $0.10. Reason: “For Monday’s launch”")
    assert (job.decided_why or "-") in (team.history(job.id)[0].note or "")
    assert team.desk(APPROVER).approvals.decline(job.id, "Next week")
    assert team.job(job.id).decided_why == "Next week"


def test_what_is_within_the_limit_goes_at_once_and_a_draft_always(team: Studio, brief: Brief) -> None:
    team.people.set_limit(MAKER, 150_000, by=ADMIN)
    assert team.submit(brief, by=MAKER).state is JobState.QUEUED
    team.people.set_limit(MAKER, 149_999, by=ADMIN)
    assert team.submit(brief, by=MAKER).state is JobState.AWAITING_APPROVAL
    assert team.submit(draft(brief), by=MAKER).state is JobState.QUEUED


def test_a_batch_counts_as_one_press(team: Studio, brief: Brief) -> None:
    team.people.set_limit(MAKER, 200_000, by=ADMIN)
    states = [job.state for job in team.desk(MAKER).submit_all([brief, draft(brief), brief], batch="b1")]
    assert states == [JobState.AWAITING_APPROVAL, JobState.QUEUED, JobState.AWAITING_APPROVAL]


def test_an_unknown_price_is_above_every_limit(team: Studio, brief: Brief) -> None:
    unknown = replace(
        brief, engine="creatify/lipsync", scene="presenter", image=None, audio=None, resolution="",
        creator="3c90c3cc-0d44-4b50-8888-8dd25736052a", text="Hello there.", aspect_ratio="9:16",
    )  # fmt: skip
    (quote,) = team.quotes(unknown)
    assert quote.usd_micros is None
    assert team.submit(unknown, by=MAKER).state is JobState.AWAITING_APPROVAL
    assert team.submit(unknown, by=ADMIN).state is JobState.QUEUED


def test_a_decline_takes_it_back_with_a_reason(team: Studio, brief: Brief) -> None:
    job = team.submit(brief, by=MAKER)
    assert team.desk(APPROVER).approvals.decline(job.id, " too \n dear ")
    job = team.job(job.id)
    assert (job.state, job.decided_by, job.decided_why) == (JobState.WITHDRAWN, APPROVER, "too dear")
    assert job.was_declined(team.history(job.id))
    assert not team.desk(ADMIN).approvals.approve(job.id)


def test_what_its_maker_takes_back_was_not_declined_before_and_after_it_was_approved(
    team: Studio, brief: Brief
) -> None:
    waiting, approved = team.submit(brief, by=MAKER), team.submit(brief, by=MAKER)
    assert team.desk(APPROVER).approvals.approve(approved.id, hold_s=60.0)
    for job in (waiting, approved):
        assert team.desk(MAKER).jobs.withdraw(job.id)
        assert not team.job(job.id).was_declined(team.history(job.id))


def test_approvers_decide_about_their_own_only_where_that_is_configured(
    team: Studio, brief: Brief, signed_in: dict[str, str]
) -> None:
    team.people.set_limit(APPROVER, 0, by=ADMIN)
    job = team.submit(brief, by=APPROVER)
    for decide in (team.desk(APPROVER).approvals.approve, team.desk(APPROVER).approvals.decline):
        with pytest.raises(NotAllowedError, match="Somebody else"):
            decide(job.id)
    assert open_studio(signed_in | {"STUDIO_APPROVE_OWN": "1"}).desk(APPROVER).approvals.approve(job.id)


def test_a_price_that_rose_is_frozen_anew_and_asks_again(team: Studio, brief: Brief, signed_in: dict[str, str]) -> None:
    job = team.submit(brief, by=MAKER)
    with sqlite3.connect(ledger_file(signed_in)) as connection:  # as if it had been cheaper when it was made
        quote = json.dumps(json.loads(connection.execute("SELECT quote FROM jobs").fetchone()[0]) | {"usd_micros": 9})
        connection.execute("UPDATE jobs SET quote = ?, quoted_usd_micros = 9", (quote,))
    connection.close()
    with pytest.raises(PriceRoseError) as caught:
        team.desk(APPROVER).approvals.approve(job.id)
    risen = team.job(job.id)
    assert (risen.state, risen.quote) == (JobState.AWAITING_APPROVAL, caught.value.quote)
    assert "approved again" in team.history(job.id)[-1].note
    stale: Quote = replace(risen.quote, usd_micros=9)
    with pytest.raises(PriceRoseError):  # somebody else's page still shows the old price
        team.desk(OTHER).approvals.approve(job.id, agreed=stale)
    assert team.desk(APPROVER).approvals.approve(job.id, agreed=risen.quote)


def test_what_nobody_decides_about_in_time_is_withdrawn(team: Studio, brief: Brief, signed_in: dict[str, str]) -> None:
    late, in_time = team.submit(brief, by=MAKER), team.submit(brief, by=MAKER)
    with sqlite3.connect(ledger_file(signed_in)) as connection:
        connection.execute("UPDATE jobs SET decide_by_ms = 1 WHERE id = ?", (late.id,))
    connection.close()
    approvals = Approvals(Database(signed_in["STUDIO_DATABASE_URL"]), ApprovalRules(7, False), sign_in=True)
    assert (approvals.lapse(), approvals.lapse()) == (1, 0)
    assert team.job(late.id).state is JobState.WITHDRAWN
    assert team.job(in_time.id).state is JobState.AWAITING_APPROVAL


def test_what_a_cap_does_not_hold_is_not_approved(signed_in: dict[str, str], team: Studio, brief: Brief) -> None:
    live = open_studio(signed_in | {"STUDIO_SANDBOX": "", "JOYPIX_API_KEY": "k", "STUDIO_PUBLIC_URL": "https://s.test"})
    job = live.submit(brief, by=MAKER)
    assert (job.state, job.sandbox) == (JobState.AWAITING_APPROVAL, False)
    live.budgets.set_cap("team", 149_999, ADMIN)
    with pytest.raises(BriefError, match="Over the monthly cap"):
        live.desk(APPROVER).approvals.approve(job.id)
    assert live.job(job.id).state is JobState.AWAITING_APPROVAL
    live.budgets.set_cap("team", 150_000, ADMIN)
    assert live.desk(APPROVER).approvals.approve(job.id)


# Right before paying


def claimed(variables: dict[str, str], *, rehearses: bool = True) -> list[int]:
    terms = ApprovalRules(7, False, rehearses)
    claims = Claims(Database(variables["STUDIO_DATABASE_URL"]), "UTC", terms)
    due = claims.claim_due("t", lease_s=60, send_lease_s=60, slots=lambda _provider: 9, limit=9)
    return [job.id for job in due.to_send]


def test_a_person_who_was_removed_meanwhile_pays_nothing(team: Studio, brief: Brief, signed_in: dict[str, str]) -> None:
    team.people.set_limit(MAKER, None, by=ADMIN)
    job = team.submit(brief, by=MAKER)
    team.people.remove(MAKER, by=ADMIN)
    assert claimed(signed_in) == []
    job = team.job(job.id)
    assert (job.state, job.sent_at) == (JobState.REJECTED, None)
    assert "Nothing was sent" in (job.error or "")


def test_a_maker_who_became_a_viewer_pays_nothing(team: Studio, brief: Brief, signed_in: dict[str, str]) -> None:
    team.people.set_limit(MAKER, None, by=ADMIN)
    job = team.submit(brief, by=MAKER)
    team.people.set_role(MAKER, Role.VIEWER, by=ADMIN)
    assert claimed(signed_in) == []
    assert team.job(job.id).state is JobState.REJECTED


def test_a_limit_that_was_lowered_meanwhile_holds(team: Studio, brief: Brief, signed_in: dict[str, str]) -> None:
    team.people.set_limit(MAKER, None, by=ADMIN)
    jobs = team.desk(MAKER).submit_all([brief, brief], batch="b")
    team.people.set_limit(MAKER, 200_000, by=ADMIN)  # holds each, but not the press
    assert claimed(signed_in) == []
    assert {team.job(job.id).state for job in jobs} == {JobState.AWAITING_APPROVAL}
    for job in jobs:
        assert team.job(job.id).decide_by is not None
        assert team.desk(APPROVER).approvals.approve(job.id)
    assert claimed(signed_in) == [job.id for job in jobs]


# The audit


def test_the_audit_tells_who_did_what_and_holds_no_secret(team: Studio, brief: Brief) -> None:
    job = team.submit(brief, by=MAKER)
    team.desk(APPROVER).approvals.decline(job.id, "=1+1")
    team.budgets.set_cap("team", DOLLAR, ADMIN)
    team.desk(ADMIN).rates.set("creatify", Override(plan="pro"))
    secret = team.people.set_notify(MAKER, "https://chat.test/hook-secret", by=MAKER)
    assert secret is not None
    entries = team.audit.entries(limit=100, by=ADMIN)
    assert [(entry.by, entry.kind, entry.about) for entry in entries[:4]] == [
        (MAKER, "person", MAKER),
        (ADMIN, "rate", "creatify"),
        (ADMIN, "cap", "team"),
        (APPROVER, "job", str(job.id)),
    ]
    text = team.audit.export(by=ADMIN).decode("utf-8-sig")
    assert secret.removeprefix("whsec_") not in text
    assert "hook-secret" not in text
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == len(entries) + 1
    assert not any(cell.startswith("=") for row in rows for cell in row)


@pytest.mark.parametrize("statement", ["UPDATE audit SET made_by = 'x'", "DELETE FROM audit"])
def test_the_audit_only_ever_grows(team: Studio, statement: str, signed_in: dict[str, str]) -> None:
    with (
        sqlite3.connect(ledger_file(signed_in)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="only ever"),
    ):
        connection.execute(statement)
    connection.close()


def test_the_list_of_people_tells_role_last_visit_and_spend(team: Studio) -> None:
    everyone = {person.email: person for person in team.people.everyone(team.month())}
    assert everyone[MAKER].role is Role.MAKER
    assert everyone[MAKER].seen_at is not None
    assert everyone[MAKER].spent_usd_micros == 0


def test_a_secrets_file_that_cannot_be_read_stops_the_studio(signed_in: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "secrets.toml").write_text("[auth", encoding="utf-8")
    with pytest.raises(SettingsError, match="sign-in would not work"):
        open_studio(signed_in)


def test_who_adds_a_job_to_somebodys_batch_may_not_withdraw_the_whole_of_it(team: Studio, brief: Brief) -> None:
    (mine,) = team.desk(MAKER).submit_all([draft(brief)], batch="b")
    team.desk(SECOND).submit_all([draft(brief), draft(brief)], batch="b")
    with pytest.raises(NotAllowedError):
        team.desk(SECOND).jobs.withdraw_batch("b")
    assert team.job(mine.id).state is JobState.QUEUED
    assert team.desk(APPROVER).jobs.withdraw_batch("b") == 2


def test_one_job_of_somebody_else_among_many_stops_all_of_them(team: Studio, brief: Brief) -> None:
    (mine,) = team.desk(SECOND).submit_all([draft(brief)], batch="mine")
    (theirs,) = team.desk(MAKER).submit_all([draft(brief)], batch="theirs")
    both, jobs = [mine.id, theirs.id], team.desk(SECOND).jobs
    for do in (jobs.hide_all, jobs.unhide_all, jobs.withdraw_all):
        with pytest.raises(NotAllowedError):
            do(both)
    with pytest.raises(NotAllowedError):
        jobs.set_projects(dict.fromkeys(both, "p"))
    assert [(job.hidden, job.state) for job in team.listing.of(both)] == [(False, JobState.QUEUED)] * 2
    team.desk(APPROVER).jobs.hide_all(both)
    assert all(job.hidden for job in team.listing.of(both))
