"""Settings that all servers of one ledger must have alike: a start that compares, and one sentence for a difference."""

from __future__ import annotations

import logging
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import select, update

from lipsync_core import ROOT, Settings, SettingsError, Studio
from lipsync_core.db.database import Database
from lipsync_core.db.schema import trackers
from lipsync_core.ledger.claims import ALIVE_S
from lipsync_core.ledger.jobs import Ledger
from lipsync_core.ledger.shared_settings import SharedSettings
from lipsync_core.server.refusal import WRONG_SETTING

HERE, THERE = "web-1:4711:aaaa", "web-2:4712:bbbb"
KEY = b"the ledger's own"
BERLIN = {"STUDIO_TIMEZONE": "Europe/Berlin"}


def shared(database: Database, environment: Mapping[str, str]) -> SharedSettings:
    return SharedSettings(database, Settings.from_env(environment, dotenv=Path("no.env")), KEY)


def signed_in(environment: dict[str, str], folder: Path, secret: str) -> dict[str, str]:
    """The environment of a server on which people sign in."""
    file = folder / f"{len(list(folder.glob('*.toml')))}.toml"
    file.write_text(f'[auth]\nclient_id = "studio"\ncookie_secret = "{secret}"\n', encoding="utf-8")
    return environment | {"STREAMLIT_SECRETS_FILES": str(file)}


def alive(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(select(trackers.c.owner).order_by(trackers.c.owner)).scalars())


BUCKET = {"STUDIO_MEDIA_URL": "s3://clips/studio", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (BERLIN, "STUDIO_TIMEZONE is “UTC” here and “Europe/Berlin” for the process 4712 on web-2"),
        (BUCKET, "STUDIO_MEDIA_URL is “a folder” here and “s3://clips/studio” for the process 4712 on web-2"),
    ],
)
def test_a_difference_from_one_that_works_stops_the_start_and_names_both(
    database: Database, environment: dict[str, str], change: dict[str, str], words: str
) -> None:
    shared(database, environment | change).join(THERE)
    with pytest.raises(SettingsError, match=words) as refused:
        shared(database, environment).join(HERE)
    assert "Nothing was sent or changed" in str(refused.value)
    assert alive(database) == [THERE]
    shared(database, environment | change).join(HERE)
    assert alive(database) == [HERE, THERE]


def test_cookie_secrets_are_compared_and_never_shown(
    database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    one, other = secrets.token_urlsafe(48), secrets.token_urlsafe(48)
    for owner in (THERE, HERE):
        shared(database, signed_in(environment, tmp_path, one)).join(owner)
    with pytest.raises(SettingsError, match=r"cookie_secret in this server’s secrets.toml is not that of") as refused:
        shared(database, signed_in(environment, tmp_path, other)).join("web-3:1:cccc")
    settings = Settings.from_env(signed_in(environment, tmp_path, one), dotenv=Path("no.env"))
    assert settings.cookie_digest is not None
    with database.read() as connection:
        kept = "".join(str(row) for row in connection.execute(select(trackers)))
    for hidden in (one, other, settings.cookie_digest.hex()):
        assert hidden not in kept + str(refused.value) + repr(settings)


def test_what_a_worker_does_not_have_is_not_compared(
    database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    shared(database, signed_in(environment, tmp_path, secrets.token_urlsafe(48))).join(HERE)
    shared(database, environment).join(THERE)
    assert alive(database) == [HERE, THERE]


def test_rules_of_approval_may_differ_for_a_while_and_the_log_says_so(
    database: Database, environment: dict[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    team = signed_in(environment, tmp_path, secrets.token_urlsafe(48))
    shared(database, team).join(THERE)
    with caplog.at_level(logging.WARNING):
        shared(database, team | {"STUDIO_APPROVE_OWN": "1"}).join(HERE)
    (line,) = caplog.messages
    assert line.startswith("STUDIO_APPROVE_OWN is “1” here and “0” for the process 4712 on web-2")
    assert alive(database) == [HERE, THERE]


def test_who_stopped_died_or_is_of_an_older_version_stops_nobody(
    database: Database, environment: dict[str, str]
) -> None:
    ledger, berlin = Ledger(database), shared(database, environment | BERLIN)
    berlin.join("stopped:1:a")
    ledger.rest("stopped:1:a")
    berlin.join("died:1:a")
    with database.write() as connection:
        connection.execute(update(trackers).values(seen_ms=trackers.c.seen_ms - int(ALIVE_S * 1000) - 1))
    ledger.beat("older")
    shared(database, environment).join(HERE)
    assert alive(database) == ["died:1:a", "older", HERE]


@pytest.mark.parametrize(
    "command", [["lipsync_core.tracker"], ["streamlit", "run", "app.py"]], ids=["worker", "server"]
)
def test_a_process_with_another_time_zone_ends_with_one_sentence(
    environment: dict[str, str], command: list[str]
) -> None:
    studio = Studio(Settings.from_env(environment, dotenv=Path("no.env")))
    tracker = studio.tracker()
    tracker.show_up()
    variables = os.environ | environment | BERLIN | {"STREAMLIT_SERVER_PORT": "0", "STREAMLIT_SERVER_HEADLESS": "1"}
    ended = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    studio.close()
    assert ended.returncode == WRONG_SETTING, ended.stderr
    assert "STUDIO_TIMEZONE is “Europe/Berlin” here and “UTC” for the process" in ended.stderr
    assert "Traceback" not in ended.stderr
