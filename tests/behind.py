"""What lies behind a studio, opened beside it by the same variables: its ledger, its media store, its sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from lipsync_core import Settings, Studio
from lipsync_core.db.database import Database
from lipsync_core.db.ledger_file import is_on_server
from lipsync_core.media.bucket import Bucket
from lipsync_core.media.store import MediaStore
from lipsync_core.sandbox.embedded import origin_of


def settings_of(variables: Mapping[str, str]) -> Settings:
    """The settings that these variables make, whatever `.env` says."""
    return Settings.from_env(dict(variables), dotenv=Path("no.env"))


def ledger_file(variables: Mapping[str, str]) -> Path:
    """Where a studio's ledger lies. A test that opens the file itself is left out where there is none."""
    if is_on_server(variables["STUDIO_DATABASE_URL"]):
        pytest.skip("opens the ledger's file")
    return Path(variables["STUDIO_DATABASE_URL"].removeprefix("sqlite:///"))


def store_of(variables: Mapping[str, str]) -> MediaStore:
    """A media store on a studio's folder, bucket and ledger."""
    settings = settings_of(variables)
    bucket = None if settings.bucket is None else Bucket(*settings.bucket, settings.aws)
    return MediaStore(settings.media_dir, Database(settings.database_url), bucket=bucket)


def sandbox_of(studio: Studio, variables: Mapping[str, str]) -> str:
    """The address of the sandbox inside a studio, which starts it where it does not run yet."""
    settings = settings_of(variables)
    return origin_of(settings.media_dir / ".sandbox", studio.linked_file, studio.webhook, settings.sandbox_speed)
