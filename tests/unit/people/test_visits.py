"""What a thread does for a visit is judged by that visit, inside the transaction that does it."""

from __future__ import annotations

import contextvars
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lipsync_core import Brief, NotAllowedError, Role, Settings, Studio, act_for
from lipsync_core.samples import PORTRAITS
from tests import corpus
from tests.oidc import claims_of, secrets_file

pytestmark = pytest.mark.usefixtures("stocked")

ADMIN, MAKER = "mia@studio.test", "max@studio.test"


@pytest.fixture
def studio(environment: dict[str, str], tmp_path: Path) -> Studio:
    secrets = secrets_file(tmp_path)
    variables = environment | {"STREAMLIT_SECRETS_FILES": str(secrets), "STUDIO_ADMIN": ADMIN, "STUDIO_SANDBOX": "1"}
    studio = Studio(Settings.from_env(variables, dotenv=Path("no.env")))
    studio.people.enter(claims_of(ADMIN))
    studio.people.invite(MAKER, Role.MAKER, by=ADMIN)
    return studio


def within(claims: dict[str, Any] | None, studio: Studio, do: Callable[[], object]) -> object:
    """Do it as a page's thread does: bound to a visit that entered, or to none."""
    context = contextvars.copy_context()
    context.run(act_for, None if claims is None else studio.people.enter(claims).visit)
    return context.run(do)


def test_nothing_is_written_for_a_visit_that_was_signed_out(studio: Studio) -> None:
    claims = claims_of(ADMIN)
    brief = Brief(engine="draft/portrait", image=PORTRAITS[0].path, audio=corpus.wav(seconds=0.4))
    job = studio.submit(brief, by=ADMIN, hold_s=3600)
    acts: dict[str, Callable[[], object]] = {
        "invite": lambda: studio.people.invite("thief@evil.test", Role.ADMIN, by=ADMIN),
        "role": lambda: studio.people.set_role(MAKER, Role.ADMIN, by=ADMIN),
        "told": lambda: studio.people.set_notify(ADMIN, "https://evil.test", by=ADMIN),
        "cap": lambda: studio.budgets.set_cap("team", 1, ADMIN),
        "rate": lambda: studio.desk(ADMIN).rates.set("joypix", None),
        "press": lambda: studio.submit(brief, by=ADMIN),
        "brief": lambda: studio.desk(ADMIN).briefs.change("b", name="x"),
        "withdraw": lambda: studio.desk(ADMIN).jobs.withdraw(job.id),
        "approve": lambda: studio.desk(ADMIN).approvals.approve(job.id),
        "audit": lambda: studio.audit.export(by=ADMIN),
        "any write": lambda: studio.audit.note(ADMIN, "did", "job", str(job.id)),
    }

    def everything() -> None:
        studio.people.sign_out(claims)  # which works for a visit that is over, too
        for act, do in acts.items():
            with pytest.raises(NotAllowedError, match=r"You signed out\. Sign in again to continue\."):
                do()
                pytest.fail(f"{act} was carried out")

    within(claims, studio, everything)
    assert [person.email for person in studio.people.everyone("2026-11")] == [MAKER, ADMIN]
    assert [job.id for job in studio.jobs()] == [job.id]
    within(None, studio, lambda: studio.desk(ADMIN).briefs.change("b", name="x"))  # what no visit asks for goes on
    within(claims_of(ADMIN, nonce="another"), studio, lambda: studio.desk(ADMIN).jobs.withdraw(job.id))


def test_nothing_is_written_for_a_visit_that_has_expired(studio: Studio) -> None:
    claims = claims_of(ADMIN, iat=time.time() - 12 * 3600 + 0.5)

    def invite() -> None:
        time.sleep(0.6)
        studio.people.invite("thief@evil.test", Role.ADMIN, by=ADMIN)

    with pytest.raises(NotAllowedError, match="Your sign-in has expired"):
        within(claims, studio, invite)


def test_a_visit_acts_in_its_own_name_only(studio: Studio) -> None:
    with pytest.raises(NotAllowedError, match=f"You are signed in as {MAKER}"):
        within(claims_of(MAKER), studio, lambda: studio.people.invite("thief@evil.test", Role.ADMIN, by=ADMIN))
