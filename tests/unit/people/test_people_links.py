"""Where people sign in, a link ends with the visit it was made for; what is made for others ends with its maker."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from itsdangerous import URLSafeSerializer

from lipsync_core import Action, MediumFacts, NotAllowedError, Person, Role, Settings
from lipsync_core.db.database import Database
from lipsync_core.delivery.links import PERIOD_S, SIGNED_IN_PERIOD_S, Links
from lipsync_core.people.team import People
from tests.oidc import claims_of

FACTS = MediumFacts("c" * 64, "video", "x", ".mp4", "video/mp4", 1)
MAX, MIA = "max@studio.test", "mia@studio.test"


def claims(email: str, nonce: str = "n1") -> dict[str, object]:
    return claims_of(email, nonce=nonce)


@pytest.fixture
def people(environment: dict[str, str], tmp_path: Path) -> People:
    settings = replace(
        Settings.from_env(environment, dotenv=tmp_path / "no.env"),
        sign_in=True,
        admin=MIA,
        allowed_domains=("studio.test",),
    )
    database = Database(settings.database_url)
    database.migrate()
    return People(database, settings)


@pytest.fixture
def links(people: People) -> Links:
    return Links(b"secret", people)


def token(link: str) -> str:
    return link.split("/")[-2]


def opens_a_medium(links: Links, person: Person) -> Callable[[], object]:
    made = token(links.to(FACTS, name="a.mp4", person=person))
    return lambda: links.read(made)


def opens_a_zip(links: Links, person: Person) -> Callable[[], object]:
    made = token(links.to_zip([1], name="a.zip", person=person))
    return lambda: links.read_zip(made)


MADE = {"medium": opens_a_medium, "zip": opens_a_zip}


@pytest.mark.parametrize("kind", MADE)
def test_a_link_ends_at_once_when_its_person_is_removed(people: People, links: Links, kind: str) -> None:
    people.enter(claims(MIA))
    opens = MADE[kind](links, people.enter(claims(MAX)))
    assert opens()
    people.remove(MAX, by=MIA)
    assert opens() is None
    people.invite(MAX, Role.VIEWER, by=MIA)
    assert opens()


@pytest.mark.parametrize("kind", MADE)
def test_a_link_ends_at_once_when_its_visit_ends_and_another_visit_s_does_not(
    people: People, links: Links, kind: str
) -> None:
    here, there = claims(MAX), claims(MAX, "n2")
    ends, stays = (MADE[kind](links, people.enter(visit)) for visit in (here, there))
    people.sign_out(here)
    assert ends() is None
    assert stays()


def test_a_link_that_was_made_for_nobody_opens_nothing_where_people_sign_in(people: People, links: Links) -> None:
    people.enter(claims(MAX))
    for made_for_nobody in (links, Links(b"secret")):
        assert links.read(token(made_for_nobody.to(FACTS, name="a.mp4"))) is None
        assert links.read_zip(token(made_for_nobody.to_zip([1], name="a"))) is None


def test_a_link_names_its_person_to_nobody_and_is_no_longer_good_for_hours(people: People, links: Links) -> None:
    person = people.enter(claims(MAX))
    made = links.to(FACTS, name="a.mp4", person=person)
    assert made == links.to(FACTS, name="a.mp4", person=person)
    told = URLSafeSerializer(b"secret", salt="media").loads(token(made))
    assert "max" not in str(told)
    assert SIGNED_IN_PERIOD_S < PERIOD_S
    until = told[3]
    assert until - time.time() <= 2 * SIGNED_IN_PERIOD_S


def test_a_vendor_s_link_outlives_everybody(people: People, links: Links) -> None:
    assert links.read(links.path_for(FACTS, 60).split("/")[1]) is not None


def test_a_review_link_outlives_the_visit_of_its_maker_and_ends_when_they_are_removed(
    people: People, links: Links
) -> None:
    visit = claims(MAX)
    people.enter(claims(MIA))
    people.enter(visit)
    made = links.to_review(7, FACTS.sha256, 60, by=MAX).split("/")[-1]
    meant = links.read_review(made)
    assert meant is not None
    source = token(links.to_reviewed(FACTS, meant))
    people.sign_out(visit)
    assert links.read_review(made) == meant
    assert links.read(source) is not None
    people.remove(MAX, by=MIA)
    assert links.read_review(made) is None
    assert links.read(source) is None


def test_what_a_page_draws_is_what_the_core_says(people: People) -> None:
    admin, viewer = people.enter(claims(MIA)), people.enter(claims(MAX))
    for person in (admin, viewer):
        for action in Action:
            why = people.why_not(person, action)
            try:
                people.check(person.email, action)
            except NotAllowedError as error:
                assert why is not None
                assert str(error).startswith(why)
            else:
                assert why is None
    assert people.why_not(None, Action.PEOPLE) is None
    assert people.who_may(Action.DECIDE) == [MIA]
    assert people.who_may(Action.DECIDE, besides=MIA) == []
