"""Who somebody is: one account of a sign-in service, whatever its address; and whose word for an address counts."""

from __future__ import annotations

import math
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from lipsync_core import NotAllowedError, Role, Settings, SettingsError, Studio
from lipsync_core.db.database import Database
from tests.behind import ledger_file
from tests.oidc import claims_of, secrets_file

ADMIN, MAKER, NEW = "mia@studio.test", "max@studio.test", "maxine@studio.test"
ENTRA = "https://login.microsoftonline.com/{}/v2.0/.well-known/openid-configuration"


def open_studio(environment: dict[str, str], folder: Path, more: str = "") -> Studio:
    variables = environment | {
        "STREAMLIT_SECRETS_FILES": str(secrets_file(folder, more)),
        "STUDIO_ADMIN": ADMIN,
        "STUDIO_ALLOWED_DOMAINS": "studio.test",
    }
    return Studio(Settings.from_env(variables, dotenv=Path("no.env")))


@pytest.fixture
def studio(environment: dict[str, str], tmp_path: Path) -> Studio:
    studio = open_studio(environment, tmp_path)
    studio.people.enter(claims_of(ADMIN))
    studio.people.enter(claims_of(MAKER, sub="17"))
    return studio


@pytest.mark.parametrize("other", [{"sub": "18"}, {"iss": "https://another.test"}], ids=["subject", "issuer"])
def test_an_address_that_another_account_brings_does_not_enter(studio: Studio, other: dict[str, str]) -> None:
    with pytest.raises(NotAllowedError, match=f"{MAKER} signed in with another account .* reset the sign-in"):
        studio.people.enter(claims_of(MAKER, **({"sub": "17"} | other)))
    assert studio.people.enter(claims_of(MAKER, sub="17", nonce="later")).email == MAKER
    person = studio.people.who(MAKER)
    assert person is not None
    assert person.issuer == claims_of(MAKER)["iss"]


def test_an_admin_can_bind_anew_and_the_next_sign_in_counts(studio: Studio) -> None:
    old = claims_of(MAKER, sub="17", iat=int(time.time()) - 2)
    with pytest.raises(NotAllowedError, match=r"cannot change the team\. Ask an admin"):
        studio.people.release(MAKER, by=MAKER)
    studio.people.release(MAKER, by=ADMIN)
    with pytest.raises(NotAllowedError, match="Sign in again"):
        studio.people.enter(old)  # or an open tab of the old account would take it back at once
    studio.people.enter(claims_of(MAKER, sub="18"))
    with pytest.raises(NotAllowedError, match="another account"):
        studio.people.enter(claims_of(MAKER, sub="17"))
    said = [(entry.by, entry.did) for entry in studio.audit.entries(limit=2, by=ADMIN)]
    assert said == [(MAKER, "was bound to an account"), (ADMIN, "sign-in was reset")]


def test_one_account_is_one_person(studio: Studio) -> None:
    with pytest.raises(NotAllowedError, match=f"already used here as {MAKER}"):
        studio.people.enter(claims_of(NEW, sub="17"))
    assert studio.people.who(NEW) is None

    # Somebody who was taken off the list does not come back by another address, unless an admin asks them to.
    studio.people.remove(MAKER, by=ADMIN)
    with pytest.raises(NotAllowedError, match=f"already used here as {MAKER}"):
        studio.people.enter(claims_of(NEW, sub="17"))
    studio.people.invite(NEW, Role.MAKER, by=ADMIN)
    assert studio.people.enter(claims_of(NEW, sub="17")).role is Role.MAKER


def test_whoever_is_put_on_the_list_anew_is_bound_anew(studio: Studio) -> None:
    studio.people.remove(MAKER, by=ADMIN)
    studio.people.invite(MAKER, Role.VIEWER, by=ADMIN)  # the mailbox is somebody else's by now
    assert studio.people.enter(claims_of(MAKER, sub="a newcomer's")).role is Role.VIEWER


def test_people_of_before_are_bound_when_they_next_enter(environment: dict[str, str], tmp_path: Path) -> None:
    url = environment["STUDIO_DATABASE_URL"]
    file = ledger_file(environment)
    Database(url).upgrade("0011")
    with sqlite3.connect(file) as connection:
        connection.execute(
            "INSERT INTO people (email, name, role, limit_usd_micros, invited, added_ms, seen_ms) "
            "VALUES (?, 'Max', 'maker', 0, 1, 1, ?)",
            (MAKER, int(time.time() * 1000)),
        )
    connection.close()
    studio = open_studio(environment, tmp_path)
    assert studio.people.enter(claims_of(MAKER, sub="17")).role is Role.MAKER
    with pytest.raises(NotAllowedError, match="another account"):
        studio.people.enter(claims_of(MAKER, sub="18"))


MISSHAPEN: dict[str, tuple[Any, ...]] = {
    "iss": (None, "", 7, "x" * 2000),
    "sub": (None, "", 7, "x" * 300),
    "iat": (math.nan, math.inf, -math.inf, 10**400, -(10**400), 1e300, [], {}),
    "aud": ({}, [{}], [[]], 7, ""),
    "email_verified": (None, 1, "True", []),
    "email": ({}, [], 7),
}


@pytest.mark.parametrize(
    "wrong",
    [{claim: value} for claim, values in MISSHAPEN.items() for value in values],
    ids=lambda wrong: repr(wrong)[:40],
)
def test_claims_that_are_not_what_they_should_be_are_refused_with_a_sentence(
    studio: Studio, wrong: dict[str, Any]
) -> None:
    with pytest.raises(NotAllowedError):
        studio.people.enter(claims_of(ADMIN) | wrong)
    studio.people.enter(claims_of(ADMIN))


# An address of which nobody says whether it is verified


def silent(who: str, service: str) -> dict[str, Any]:
    claims = claims_of(who, provider=service)
    del claims["email_verified"]
    return claims


TWO = """
[auth.microsoft]
client_id = "studio"
server_metadata_url = "{url}"
trust_absent_email_verified = {trusted}
[auth.okta]
client_id = "studio"
"""


def test_a_service_that_does_not_say_is_believed_where_its_own_table_says_so(
    environment: dict[str, str], tmp_path: Path
) -> None:
    trusted = open_studio(environment, tmp_path, TWO.format(url=ENTRA.format("our-tenant"), trusted="true"))
    assert trusted.people.enter(silent(ADMIN, "microsoft")).email == ADMIN
    for service in ("okta", "default", "forged"):
        with pytest.raises(NotAllowedError, match=r"does not say whether .* trust_absent_email_verified = true"):
            trusted.people.enter(silent(MAKER, service))
    with pytest.raises(NotAllowedError, match="is not verified"):
        trusted.people.enter(silent(MAKER, "microsoft") | {"email_verified": False})

    default = open_studio(environment, tmp_path, "trust_absent_email_verified = true")
    assert default.people.enter(silent(MAKER, "default")).email == MAKER


@pytest.mark.parametrize("tenant", ["common", "organizations", "Consumers"])
def test_everybodys_tenant_is_not_trusted(environment: dict[str, str], tmp_path: Path, tenant: str) -> None:
    with pytest.raises(SettingsError, match="Name your own tenant"):
        open_studio(environment, tmp_path, TWO.format(url=ENTRA.format(tenant), trusted="true"))
    open_studio(environment, tmp_path, TWO.format(url=ENTRA.format(tenant), trusted="false"))


def test_trust_is_true_or_false(environment: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"\[auth\.microsoft\]: .* Write true or false"):
        open_studio(environment, tmp_path, TWO.format(url=ENTRA.format("our-tenant"), trusted='"yes"'))
