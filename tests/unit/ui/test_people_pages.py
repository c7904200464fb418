"""The pages where people sign in: what each role is offered, and that nothing which is refused is silent."""

from __future__ import annotations

import sqlite3
import time
import wave
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lipsync_core import ROOT, Brief, Job, JobState, Role, Settings, Studio
from lipsync_core.db.database import Database
from lipsync_core.ledger.jobs import Ledger
from lipsync_core.samples import PORTRAITS, VOICES
from pages.ui import frame
from pages.ui.text import plain
from tests import corpus
from tests.behind import ledger_file
from tests.oidc import claims_of, secrets_file
from tests.spent import LIPSYNC, add

pytestmark = pytest.mark.usefixtures("stocked")

SCRIPT = str(ROOT / "pages" / "navigation.py")
ADMIN, APPROVER, MAKER, VIEWER = (f"{name}@studio.test" for name in ("mia", "ada", "max", "vic"))
ROLES = {ADMIN: Role.ADMIN, APPROVER: Role.APPROVER, MAKER: Role.MAKER, VIEWER: Role.VIEWER}


def claims(email: str) -> dict[str, Any]:
    return claims_of(email)


@pytest.fixture
def variables(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    return environment | {
        "STREAMLIT_SECRETS_FILES": str(secrets_file(tmp_path)),
        "STUDIO_ADMIN": ADMIN,
        "STUDIO_ALLOWED_DOMAINS": "studio.test",
        "STUDIO_SANDBOX": "1",
    }


@pytest.fixture(autouse=True)
def pages(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Point the pages at the test's own folder."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    frame.studio.clear()
    yield
    frame.studio.clear()


@pytest.fixture
def team(variables: dict[str, str], tmp_path: Path) -> Studio:
    """One person of each role; without approval each but the admin may spend ten cents a press."""
    studio = Studio(Settings.from_env(variables, dotenv=tmp_path / "no.env"))
    for email, role in ROLES.items():
        studio.people.enter(claims(email))
        if role is not Role.ADMIN:
            studio.people.set_role(email, role, by=ADMIN)
            studio.people.set_limit(email, 100_000, by=ADMIN)
    return studio


@pytest.fixture
def waiting(team: Studio) -> Job:
    """A clip of fifteen cents, which waits for approval."""
    voice = corpus.wav(seconds=1.2)
    brief = Brief(engine="joypix/motion-2", image=PORTRAITS[0].path, audio=voice, resolution="480p", name="Intro")
    return team.submit(brief, by=MAKER)


def visit(who: str, page: str | None = None, **query: str) -> AppTest:
    app = AppTest.from_file(SCRIPT, default_timeout=300)
    app.user = {"is_logged_in": True, **claims(who)}
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    if page is not None:
        app.switch_page(page).run()
    assert not app.exception
    return app


def labels(app: AppTest) -> set[str]:
    return {button.label for button in app.button}


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def errors(app: AppTest) -> str:
    return " ".join(error.value for error in app.error)


def test_only_who_may_decide_is_asked_and_its_maker_sees_who_may(team: Studio, waiting: Job) -> None:
    for who in (APPROVER, ADMIN):
        assert {f"Approve job {waiting.id}", f"Decline job {waiting.id}"} <= labels(visit(who, "jobs.py"))
    for who in (MAKER, VIEWER):
        app = visit(who, "jobs.py")
        assert f"Approve job {waiting.id}" not in labels(app)
        assert (f"Withdraw job {waiting.id}" in labels(app)) is (who == MAKER)
        text = next(line.value for line in app.markdown if "may approve it until" in line.value)
        assert "Not sent, nothing charged." in text


def test_an_approver_declines_with_a_reason(team: Studio, waiting: Job) -> None:
    app = visit(APPROVER, "jobs.py")
    app.text_input(key=f"why-{waiting.id}").set_value("Too dear").run()
    press(app, f"Decline job {waiting.id}")
    job = team.job(waiting.id)
    assert (job.state, job.decided_by, job.decided_why) == (JobState.WITHDRAWN, APPROVER, "Too dear")


def test_a_price_that_rose_is_told_in_words_and_asks_again(
    team: Studio, waiting: Job, variables: dict[str, str]
) -> None:
    file = ledger_file(variables)
    with sqlite3.connect(file) as connection:
        connection.execute("""UPDATE jobs SET quote = json_set(quote, '$.usd_micros', 90000)""")
    connection.close()
    app = press(visit(APPROVER, "jobs.py"), f"Approve job {waiting.id}")
    assert "The price is now" in errors(app)
    assert team.job(waiting.id).state is JobState.AWAITING_APPROVAL
    assert team.job(waiting.id).quote.usd_micros == 150_000
    press(app, f"Approve job {waiting.id}")
    assert team.job(waiting.id).state is JobState.QUEUED


def test_a_retry_above_ones_limit_waits_for_approval_again(
    team: Studio, waiting: Job, variables: dict[str, str]
) -> None:
    assert team.desk(APPROVER).approvals.approve(waiting.id, agreed=waiting.quote)
    rows = Ledger(Database(variables["STUDIO_DATABASE_URL"]))
    assert rows.move(waiting.id, JobState.QUEUED, JobState.SUBMITTING)
    assert rows.move(waiting.id, JobState.SUBMITTING, JobState.REJECTED)
    app = press(visit(MAKER, "jobs.py", job=str(waiting.id)), "Try again…")
    assert "The jobs wait until somebody approves them" in " ".join(line.value for line in app.markdown)
    app.button(key="bulk-yes").click().run()
    assert not app.exception
    (again,) = [job for job in team.jobs() if job.id != waiting.id]
    assert (again.state, again.by) == (JobState.AWAITING_APPROVAL, MAKER)


def test_who_decided_first_wins_and_the_other_is_told(team: Studio, waiting: Job) -> None:
    app = visit(APPROVER, "jobs.py")
    team.desk(ADMIN).approvals.decline(waiting.id)
    assert "is no longer waiting" in errors(press(app, f"Approve job {waiting.id}"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda studio: studio.people.set_role(APPROVER, Role.VIEWER, by=ADMIN), "Viewers cannot change this"),
        (
            lambda studio: studio.people.set_role(APPROVER, Role.MAKER, by=ADMIN),
            "Makers cannot change somebody else",
        ),
    ],
)
def test_a_right_that_was_lost_meanwhile_is_told_beside_the_button(
    team: Studio, waiting: Job, change: Callable[[Studio], None], says: str
) -> None:
    app = visit(APPROVER, "jobs.py", job=str(waiting.id))
    change(team)
    press(app, f"Withdraw job {waiting.id}")
    assert says in errors(app)
    assert team.job(waiting.id).state is JobState.AWAITING_APPROVAL


def test_a_press_that_costs_the_page_is_told_on_the_next_one(team: Studio) -> None:
    image = team.desk(MAKER).media.keep(PORTRAITS[0].path, "image", "face.jpg")
    voice = team.desk(MAKER).media.keep(VOICES[0].path, "audio", "voice.flac")
    team.desk(MAKER).briefs.change("brief-0001", image=image, audio=voice)
    app = visit(MAKER, brief="brief-0001")
    team.people.set_role(MAKER, Role.VIEWER, by=ADMIN)
    app.text_input(key="brief-0001.name").set_value("Mine").run()
    assert [title.value for title in app.title] == ["Jobs"]
    assert "cannot create clips" in errors(app)
    app.run()
    assert not app.error


def test_above_the_limit_the_one_dialog_says_that_somebody_has_to_agree(team: Studio) -> None:
    image = team.desk(MAKER).media.keep(PORTRAITS[0].path, "image", "face.jpg")
    voice = team.desk(MAKER).media.keep(corpus.wav(seconds=1.2), "audio", "voice.wav")
    team.desk(MAKER).briefs.change("brief-0002", image=image, audio=voice, engine="joypix/motion-2", resolution="480p")
    app = press(visit(MAKER, brief="brief-0002"), r"Ask for approval · \$0.00 in the sandbox")
    assert any(plain("your limit is $0.10.") in line.value for line in app.markdown)
    assert any("The job waits until somebody approves it" in line.value for line in app.markdown)
    assert list(team.jobs()) == []
    app.text_input(key="brief-0002.reason").set_value("For Monday’s launch")
    press(app, "Ask for approval")
    (job,) = team.jobs()
    assert job.state is JobState.AWAITING_APPROVAL
    assert "limit is $0.10. Reason: “For Monday’s launch”" in (job.decided_why or "")
    approver = visit(APPROVER, "jobs.py", job=str(job.id))
    assert any("Reason: “For Monday’s launch”" in text.value for text in approver.text)


def test_whoever_approves_sees_that_nothing_is_heard(team: Studio) -> None:
    silence = BytesIO()
    with wave.open(silence, "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(64_000))
    brief = Brief(engine="joypix/motion-2", image=PORTRAITS[0].path, audio=silence.getvalue(), resolution="480p")
    job = team.submit(brief, by=MAKER)
    assert job.state is JobState.AWAITING_APPROVAL
    app = visit(APPROVER, "jobs.py", job=str(job.id))
    assert any("Nothing is heard in" in warning.value for warning in app.warning)


def test_a_viewer_is_offered_nothing_that_is_not_theirs(team: Studio, waiting: Job) -> None:
    app = visit(VIEWER)
    assert [title.value for title in app.title] == ["Jobs"]
    assert labels(app) == {"Cards", "Sign out"}
    assert not [expander.label for expander in app.expander if "Import" in expander.label]
    for page in ("estimate.py", "spend.py", "team.py"):
        offered = labels(visit(VIEWER, page)) - {"Sign out", "Start sending", "Ask for access to Create"}
        assert offered == set(), page


def test_the_team_page_adds_changes_and_removes_people(team: Studio) -> None:
    app = visit(ADMIN, "team.py")
    app.text_input(key="invite-address-0").set_value("New@Elsewhere.test").run()
    app.selectbox(key="invite-role-0").set_value(Role.MAKER).run()
    app.text_input(key="invite-limit-0").set_value("2,5").run()
    press(app, "Add to the team")
    person = team.people.who("new@elsewhere.test")
    assert person is not None
    assert (person.role, person.limit_usd_micros) == (Role.MAKER, 2_500_000)
    app.selectbox(key="person-changed").set_value(ADMIN).run()
    app.button(key="remove-person").click().run()
    assert "the last admin" in errors(app)
    assert team.people.who(ADMIN) is not None


def test_the_signing_secret_is_shown_until_it_is_taken_and_never_again(team: Studio) -> None:
    app = visit(MAKER, "team.py")
    app.text_input(key="told-url-0").set_value("https://chat.test/hook").run()
    press(app, "Start sending")
    assert any(code.value.startswith("whsec_") for code in app.code)
    press(app, "I have saved it")
    assert not any(code.value.startswith("whsec_") for code in app.code)
    person = team.people.who(MAKER)
    assert person is not None
    assert person.notify_url == "https://chat.test/hook"


def test_who_approved_is_told_in_red_what_cost_more(team: Studio, waiting: Job, variables: dict[str, str]) -> None:
    app, other = visit(APPROVER, "spend.py"), visit(VIEWER, "spend.py")
    assert team.desk(APPROVER).approvals.approve(waiting.id)
    now = int(time.time() * 1000) + 1
    bill = "above_ms = :now, bill_usd_micros = 9000000, counted_usd_micros = 9000000, finished_ms = :now"
    with sqlite3.connect(ledger_file(variables)) as connection:
        where = "environment = 'live', month = :month, state = 'done'"
        values = {"now": now, "month": team.month(), "id": waiting.id}
        connection.execute(f"UPDATE jobs SET {bill}, {where} WHERE id = :id", values)
    connection.close()
    words = "It was billed \\$9.00, \\$8.85 above its price of \\$0.15."
    app.run()
    assert words in errors(app)  # in the card above the page, and on Spend
    assert any("1 clip cost more than its price" in error.value for error in app.error)
    app.switch_page("estimate.py").run()
    assert words in errors(app)
    job_page = visit(APPROVER, "jobs.py", job=str(waiting.id))
    assert words in errors(job_page)
    other.switch_page("estimate.py").run()
    assert words not in errors(other)
    press(app, "Dismiss")
    app.run()
    assert words not in errors(app)


def test_what_an_unknown_job_cost_is_typed_in_on_its_page(team: Studio, variables: dict[str, str]) -> None:
    database = Database(variables["STUDIO_DATABASE_URL"])
    job_id = add(database, JobState.DONE, LIPSYNC, None, by=MAKER, ceiling_usd_micros=5_000_000)
    spend = visit(ADMIN, "spend.py")
    assert any("enter the real cost on the job" in caption.value for caption in spend.caption)
    page = visit(MAKER, "jobs.py", job=str(job_id))
    assert "Save real cost" not in labels(page)
    page = visit(ADMIN, "jobs.py", job=str(job_id))
    next(field for field in page.text_input if field.label == "Real cost ($)").set_value("1,30").run()
    press(page, "Save real cost")
    assert team.job(job_id).counted_usd_micros == 1_300_000
    assert any("According to lipsync" in caption.value and "1.30" in caption.value for caption in page.caption)


def test_spend_names_people_and_keeps_the_caps_which_team_leads_to(team: Studio, variables: dict[str, str]) -> None:
    add(Database(variables["STUDIO_DATABASE_URL"]), JobState.DONE, by=MAKER)
    team.budgets.set_caps({f"person:{MAKER}": 5_000_000}, ADMIN)
    with sqlite3.connect(ledger_file(variables)) as connection:
        connection.execute("UPDATE people SET name = 'Max Muster' WHERE email = ?", (MAKER,))
    connection.close()
    spend = visit(ADMIN, "spend.py", by="Person")
    (line,) = spend.table[0].value.to_dict("records")
    assert (line["Person"], "max" in line["Address"], line["Clips"]) == ("Max Muster", True, "1")
    assert "Max Muster" in [field.label for field in spend.text_input]
    assert "Save caps" in labels(spend)
    team_page = visit(ADMIN, "team.py")
    assert "Save caps" not in labels(team_page)
    assert "Save caps" not in labels(visit(MAKER, "spend.py"))


def test_what_ended_is_told_on_every_page_until_it_is_dismissed(team: Studio, variables: dict[str, str]) -> None:
    app = visit(MAKER, "spend.py")
    job = team.submit(
        Brief(engine="draft/portrait", image=PORTRAITS[0].path, audio=corpus.wav(seconds=0.3), name="Intro"), by=MAKER
    )
    file = ledger_file(variables)
    with sqlite3.connect(file) as connection:
        ended = int(time.time() * 1000) + 1
        connection.execute("UPDATE jobs SET state = 'failed', finished_ms = ? WHERE id = ?", (ended, job.id))
    connection.close()
    app.run()
    assert any("**Intro** failed" in line.value for line in app.markdown)
    app.switch_page("estimate.py").run()
    assert any("**Intro** failed" in line.value for line in app.markdown)
    assert not any("**Intro** failed" in line.value for line in visit(VIEWER, "spend.py").markdown)
    press(app, "Dismiss")
    app.run()
    assert not any("**Intro** failed" in line.value for line in app.markdown)
