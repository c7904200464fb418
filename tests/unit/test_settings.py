"""Settings: what the environment says, and a clear word where it cannot be."""

import os
from pathlib import Path

import pytest

from lipsync_core import ROOT, Settings, SettingsError


def read(environ: dict[str, str], dotenv: str = "", *, folder: Path) -> Settings:
    path = folder / ".env"
    path.write_text(dotenv)
    return Settings.from_env(environ, dotenv=path)


def test_with_nothing_set_everything_lies_under_data(tmp_path: Path) -> None:
    settings = read({}, folder=tmp_path)
    assert settings.database_url == f"sqlite:///{ROOT / 'data' / 'studio.db'}"
    assert settings.media_dir == ROOT / "data" / "media"
    assert settings.draft_slots >= 1
    assert not settings.allow_open


def test_the_environment_wins_over_dotenv_and_dotenv_never_enters_it(tmp_path: Path) -> None:
    dotenv = "STUDIO_MEDIA_URL=/from/dotenv\nSTUDIO_FETCH_ALLOW=a.example, b.example:8080\nSTUDIO_SECRET_PROBE=1\n"
    settings = read({"STUDIO_MEDIA_URL": "/from/environment"}, dotenv, folder=tmp_path)
    assert settings.media_dir == Path("/from/environment")
    assert settings.fetch_allow == ("a.example", "b.example:8080")
    assert "STUDIO_SECRET_PROBE" not in os.environ


@pytest.mark.parametrize("value", ["/srv/my clips", "file:///srv/my%20clips"])
def test_media_may_be_a_path_or_a_file_url(value: str, tmp_path: Path) -> None:
    assert read({"STUDIO_MEDIA_URL": value}, folder=tmp_path).media_dir == Path("/srv/my clips")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STUDIO_MEDIA_URL", "ftp://host/clips"),
        ("STUDIO_MEDIA_URL", "s3://"),
        ("STUDIO_MEDIA_URL", "s3://bucket/clips?versions"),
        ("STUDIO_POLL_INTERVAL_S", "soon"),
        ("STUDIO_POLL_INTERVAL_S", "nan"),
        ("STUDIO_POLL_INTERVAL_S", "-1"),
        ("STUDIO_DRAFT_SLOTS", "0"),
    ],
)
def test_an_impossible_value_is_refused_by_name(name: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=name):
        read({name: value}, folder=tmp_path)
