"""Settings: what the environment says, and a clear word where it cannot be."""

import os
from pathlib import Path

import pytest

from lipsync_core import ROOT, Settings, SettingsError
from lipsync_core.providers.registry import providers_from


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
        ("STUDIO_POLL_INTERVAL_S", "1_0"),
        ("STUDIO_POLL_INTERVAL_S", "0,5"),
        ("STUDIO_DRAFT_SLOTS", "0"),
        ("STUDIO_DRAFT_SLOTS", "0.5"),
        ("STUDIO_DRAFT_SLOTS", "two"),
        ("STUDIO_SANDBOX", "enabled"),
        ("STUDIO_SANDBOX", "y"),
        ("STUDIO_SANDBOX", "2"),
        ("STUDIO_SANDBOX", "“1”"),
        ("STUDIO_ALLOW_OPEN", "nope"),
        ("STUDIO_APPROVE_OWN", "t"),
        ("STUDIO_SANDBOX_SPEED", "inf"),
        ("STUDIO_SIGN_IN_HOURS", "1e300"),
        ("STUDIO_APPROVAL_DAYS", "999999999"),
        ("STUDIO_PUBLIC_URL", "https://studio.example.org:99999"),
        ("STUDIO_PUBLIC_URL", "https://[::1"),
        ("STUDIO_PUBLIC_URL", "studio.example.org"),
        ("STUDIO_FETCH_ALLOW", "https://files.example/"),
        ("STUDIO_FETCH_ALLOW", "files.example/clips"),
        ("STUDIO_FETCH_ALLOW", "*.example"),
        ("STUDIO_FETCH_ALLOW", "a.example b.example"),
        ("STUDIO_FETCH_ALLOW", "a.example:0"),
        ("STUDIO_FETCH_ALLOW", "a.example:web"),
        ("STUDIO_FETCH_ALLOW", "[::1"),
        ("STUDIO_FETCH_ALLOW", "a.example, ana@b.example"),
        ("JOYPIX_MAX_JOBS", "0"),
        ("JOYPIX_MAX_JOBS", "two"),
        ("CREATIFY_MAX_JOBS", "1001"),
        ("JOYPIX_BASE_URL", "openapi.joypix.ai"),
        ("AIMLAPI_BASE_URL", "https://api.aimlapi.com/?x=1"),
    ],
)
def test_an_impossible_value_is_refused_by_name_and_shown(name: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        read({name: value}, folder=tmp_path)
    assert value.split(", ")[-1].split("://")[0] in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"), [("CREATIFY_PROGRESS_SCALE", "percent"), ("CREATIFY_ASPECT_SEPARATOR", "/")]
)
def test_a_word_of_a_vendors_is_one_of_those_that_it_can_be(name: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"{name} is “{value}”"):
        providers_from(read({name: value}, folder=tmp_path).vendors)


@pytest.mark.parametrize(
    ("value", "on"),
    [("1", True), (" True ", True), ("yes", True), ("ON", True), ("0", False), ("off", False), ("No", False)],
)
def test_a_switch_takes_the_usual_words_and_no_others(value: str, on: bool, tmp_path: Path) -> None:
    assert read({"STUDIO_SANDBOX": value}, folder=tmp_path).sandbox is on
    assert read({}, f"STUDIO_SANDBOX={value}", folder=tmp_path).sandbox is on


@pytest.mark.parametrize("name", ["STUDIO_SANBOX", "STUDIO_SAND_BOX", "studio_sandbox", "STUDIO_USE_SANDBOX"])
def test_the_switch_that_keeps_from_paying_is_not_passed_over_for_a_slip_of_the_pen(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"{name} is not a variable.*you mean STUDIO_SANDBOX"):
        read({name: "1"}, folder=tmp_path)


@pytest.mark.parametrize("name", ["STUDIO_SANDBOX", "STUDIO_MEDIA_URL", "JOYPIX_MAX_JOBS", "AWS_REGION"])
@pytest.mark.parametrize("value", ['"1"', "'1'", '"1', "1'", '""'])
def test_quotation_marks_that_docker_keeps_stop_the_start(name: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        read({name: value}, folder=tmp_path)
    assert value in str(caught.value)


@pytest.mark.parametrize("name", ["JOYPIX_API_KEY", "CREATIFY_API_ID", "AWS_SECRET_ACCESS_KEY", "STUDIO_NOTIFY_SECRET"])
def test_a_key_in_quotation_marks_stops_the_start_and_is_not_shown(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        read({name: '"very-private"'}, folder=tmp_path)
    assert "private" not in str(caught.value)


def test_dotenv_takes_quotation_marks_away_and_fills_nothing_in(tmp_path: Path) -> None:
    dotenv = "STUDIO_SANDBOX=\"1\"\nJOYPIX_API_KEY='a${HOME}b'\nAIMLAPI_API_KEY=${STUDIO_SANDBOX}\n"
    settings = read({}, dotenv, folder=tmp_path)
    assert settings.sandbox
    assert settings.vendors == {"JOYPIX_API_KEY": "a${HOME}b", "AIMLAPI_API_KEY": "${STUDIO_SANDBOX}"}


def test_what_would_have_to_be_filled_in_is_refused_where_it_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"STUDIO_MEDIA_URL is “\$\{HOME\}/clips”"):
        read({}, "STUDIO_MEDIA_URL=${HOME}/clips", folder=tmp_path)


@pytest.mark.parametrize("line", ["STUDIO_SANDBOX", "STUDIO_SANDBOX: 1", 'STUDIO_SANDBOX="1', 'STUDIO_SANDBOX="1" x'])
def test_a_line_of_dotenv_that_cannot_be_read_is_not_passed_over(line: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"\.env, line 3, cannot be read"):
        read({}, f"# The sandbox\n\n{line}\nSTUDIO_DRAFT_SLOTS=1\n", folder=tmp_path)


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, r"^\.env exists but cannot be read: "), ("STUDIO_SANDBOX=1".encode("utf-16"), r"^\.env is not UTF-8 text")],
)
def test_a_dotenv_that_cannot_be_read_stops_the_start(content: bytes | None, why: str, tmp_path: Path) -> None:
    """Docker makes a folder where a file that it was to bring in is not there."""
    path = tmp_path / ".env"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=why):
        Settings.from_env({}, dotenv=path)


def test_a_dotenv_may_begin_with_a_byte_order_mark_and_end_its_lines_as_windows_does(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfSTUDIO_SANDBOX=1\r\nexport JOYPIX_MAX_JOBS=2 # two\r\n")
    settings = Settings.from_env({}, dotenv=tmp_path / ".env")
    assert settings.sandbox
    assert settings.vendors == {"JOYPIX_MAX_JOBS": "2"}


@pytest.mark.parametrize("allow", ["files.example", "files.example:8080", "10.0.0.7", "[fd00::7]:80", "fd00::7"])
def test_what_may_be_fetched_from_is_a_host_or_a_host_and_a_port(allow: str, tmp_path: Path) -> None:
    assert read({"STUDIO_FETCH_ALLOW": allow}, folder=tmp_path).fetch_allow == (allow,)
