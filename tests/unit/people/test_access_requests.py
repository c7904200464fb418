"""Requests for access: who may ask, who may answer, and what an answer ends."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from lipsync_core import AccessRequest, Action, NotAllowedError, Role, Settings, Studio
from tests.oidc import claims_of, secrets_file

ADMIN, MAKER, VIEWER = (f"{name}@studio.test" for name in ("mia", "max", "vic"))


@pytest.fixture
def studio(environment: dict[str, str], tmp_path: Path) -> Studio:
    """An admin, a maker and a viewer."""
    variables = environment | {
        "STREAMLIT_SECRETS_FILES": str(secrets_file(tmp_path)),
        "STUDIO_ADMIN": ADMIN,
        "STUDIO_ALLOWED_DOMAINS": "studio.test",
    }
    studio = Studio(Settings.from_env(variables, dotenv=Path("no.env")))
    for email in (ADMIN, MAKER, VIEWER):
        studio.people.enter(claims_of(email))
    studio.people.set_role(VIEWER, Role.VIEWER, by=ADMIN)
    return studio


def waiting(studio: Studio) -> list[tuple[str, str, Role]]:
    return [(one.email, one.what, one.role) for one in studio.access.waiting(by=ADMIN)]


def test_a_request_names_the_least_role_that_suffices(studio: Studio) -> None:
    studio.access.ask("Create", Action.MAKE, by=VIEWER)
    studio.access.ask("Providers", Action.CHECK, by=MAKER)
    assert waiting(studio) == [(VIEWER, "Create", Role.MAKER), (MAKER, "Providers", Role.ADMIN)]
    assert isinstance(studio.access.waiting(by=ADMIN)[0], AccessRequest)


def test_asking_twice_is_one_request_and_what_was_asked_last_counts(studio: Studio) -> None:
    studio.access.ask("Create", Action.MAKE, by=VIEWER)
    entries = studio.audit.count(by=ADMIN)
    studio.access.ask("Create", Action.MAKE, by=VIEWER)
    assert studio.audit.count(by=ADMIN) == entries
    studio.access.ask("Library", Action.MAKE, by=VIEWER)
    assert waiting(studio) == [(VIEWER, "Library", Role.MAKER)]
    assert studio.access.has_asked("Library", by=VIEWER)
    assert not studio.access.has_asked("Create", by=VIEWER)
    assert not studio.access.has_asked("Library", by=MAKER)


def test_a_new_role_a_removal_and_a_decline_are_answers(studio: Studio) -> None:
    answers: list[Callable[[], None]] = [
        partial(studio.people.set_role, VIEWER, Role.MAKER, by=ADMIN),
        partial(studio.access.decline, VIEWER, by=ADMIN),
        partial(studio.people.remove, VIEWER, by=ADMIN),
    ]
    for answer in answers:
        studio.access.ask("Create", Action.MAKE, by=VIEWER)
        assert len(waiting(studio)) == 1
        answer()
        assert waiting(studio) == []


def test_a_changed_limit_is_no_answer(studio: Studio) -> None:
    studio.access.ask("Providers", Action.CHECK, by=MAKER)
    studio.people.set_limit(MAKER, 1_000_000, by=ADMIN)
    assert len(waiting(studio)) == 1


def test_only_members_ask_and_only_admins_read_and_answer(studio: Studio) -> None:
    studio.access.ask("Create", Action.MAKE, by=VIEWER)
    for by in (VIEWER, MAKER, "eve@elsewhere.test", ""):
        with pytest.raises(NotAllowedError):
            studio.access.waiting(by=by)
        with pytest.raises(NotAllowedError):
            studio.access.decline(VIEWER, by=by)
    with pytest.raises(NotAllowedError):
        studio.access.ask("Create", Action.MAKE, by="eve@elsewhere.test")
    assert len(waiting(studio)) == 1
