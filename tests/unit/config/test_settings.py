"""Settings: what the environment says, and a clear word where it cannot be."""

import os
import re
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
    dotenv = "STUDIO_MEDIA_URL=/from/dotenv\nSTUDIO_FETCH_ALLOW=a.example, b.example:8080\nCREATIFY_API_ID=probe\n"
    settings = read({"STUDIO_MEDIA_URL": "/from/environment"}, dotenv, folder=tmp_path)
    assert settings.media_dir == Path("/from/environment")
    assert settings.fetch_allow == ("a.example", "b.example:8080")
    assert settings.vendors == {"CREATIFY_API_ID": "probe"}
    assert "CREATIFY_API_ID" not in os.environ


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
        ("STUDIO_DRAFT_SLOTS", "-1"),
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
        ("CREATIFY_PROGRESS_SCALE", "percent"),
        ("STUDIO_ADMIN", "mia"),
        ("STUDIO_ALLOWED_EMAILS", "ana@example.org;ben@example.org"),
        ("STUDIO_ALLOWED_DOMAINS", "*.example.org"),
        ("STUDIO_ALLOWED_DOMAINS", "example.org, ana@example.org"),
        ("STUDIO_ENTRY_ROLE", "admin"),
        ("STUDIO_GROUPS_CLAIM", "groups and roles"),
        ("STUDIO_TIMEZONE", "Berlin"),
        ("STUDIO_MEDIA_URL", __file__),
        ("STUDIO_MEDIA_CACHE", __file__),
        ("STUDIO_RATES_FILE", str(ROOT)),
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
    settings = read({}, "STUDIO_SANDBOX=\"1\"\nJOYPIX_API_KEY='a$HOME$b'\n", folder=tmp_path)
    assert settings.sandbox
    assert settings.vendors == {"JOYPIX_API_KEY": "a$HOME$b"}


@pytest.mark.parametrize("value", ["${HOME}/clips", "$HOME/clips", "$(pwd)/clips", "%USERPROFILE%/clips"])
def test_what_would_have_to_be_filled_in_is_refused(value: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"STUDIO_MEDIA_URL is “{re.escape(value)}”.* is not expanded"):
        read({}, f"STUDIO_MEDIA_URL={value}", folder=tmp_path)


@pytest.mark.parametrize("value", ["${SECRETS}", "'abc${HOME}def'", "$(cat key)", "two words", "Bearer", "ä-key", "…"])
def test_what_cannot_be_a_vendors_key_stops_the_start_and_is_not_shown(value: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^In \.env, line 1: JOYPIX_API_KEY ") as caught:
        read({}, f"JOYPIX_API_KEY={value}", folder=tmp_path)
    assert value.strip("'$") not in str(caught.value)


@pytest.mark.parametrize("line", ["STUDIO_SANDBOX", "STUDIO_SANDBOX: 1", 'STUDIO_SANDBOX="1', 'STUDIO_SANDBOX="1" x'])
def test_a_line_of_dotenv_that_cannot_be_read_is_not_passed_over(line: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"\.env, line 3, cannot be read"):
        read({}, f"# The sandbox\n\n{line}\nSTUDIO_DRAFT_SLOTS=1\n", folder=tmp_path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, r"^\.env exists but cannot be read: "),
        (b"STUDIO_SANDBOX=1\n\0\0\0\0", r"^\.env is not UTF-8 text"),
        ("STUDIO_MEDIA_URL=/Büro/Clips".encode("utf-16")[:-1], r"^\.env is not UTF-8 text"),
    ],
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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_dotenv_is_read_in_each_unicode_that_editors_and_shells_write(encoding: str, tmp_path: Path) -> None:
    """PowerShell's “>” writes UTF-16."""
    (tmp_path / ".env").write_bytes("# Prüfstand\r\nSTUDIO_MEDIA_URL=/srv/Büro\r\n".encode(encoding))
    assert Settings.from_env({}, dotenv=tmp_path / ".env").media_dir == Path("/srv/Büro")


def test_letters_of_a_code_page_are_passed_over_in_a_comment_and_never_guessed_in_a_value(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes("# für das Büro\nSTUDIO_SANDBOX=1 # nur geübt\nOTHER=ä\n".encode("cp1252"))
    assert Settings.from_env({}, dotenv=path).sandbox
    path.write_bytes("# für das Büro\nSTUDIO_MEDIA_URL=/srv/Büro\n".encode("cp1252"))
    with pytest.raises(SettingsError, match=r"^In \.env, line 2: STUDIO_MEDIA_URL has a letter that is not UTF-8"):
        Settings.from_env({}, dotenv=path)


def test_a_name_given_twice_stops_the_start_unless_both_lines_agree(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(SettingsError, match=r"^In \.env, lines 1 and 3: STUDIO_SANDBOX is given more than once"):
        read({}, "STUDIO_SANDBOX=1\n\nSTUDIO_SANDBOX=0\n", folder=tmp_path)
    assert read({}, "STUDIO_SANDBOX=1\nSTUDIO_SANDBOX=1\n", folder=tmp_path).sandbox
    assert ".env, lines 1 and 2: STUDIO_SANDBOX is given more than once, with the same value" in caplog.text


def test_a_wrong_value_is_told_with_the_place_that_gave_it(tmp_path: Path) -> None:
    dotenv = "# two\n\nexport STUDIO_DRAFT_SLOTS=two\n"
    with pytest.raises(SettingsError, match=r"^In \.env, line 3: STUDIO_DRAFT_SLOTS is “two”\. Give a whole number"):
        read({}, dotenv, folder=tmp_path)
    with pytest.raises(SettingsError, match=r"^In the environment: STUDIO_DRAFT_SLOTS is “257”\. Give a whole number"):
        read({"STUDIO_DRAFT_SLOTS": "257"}, dotenv, folder=tmp_path)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("STUDIO_SANDBX", "STUDIO_SANDBOX"),
        ("STUDIO-SANDBOX", "STUDIO_SANDBOX"),
        ("STUDO_SANDBOX", "STUDIO_SANDBOX"),
        ("studio_public_url", "STUDIO_PUBLIC_URL"),
        ("$env:STUDIO_SANDBOX", "STUDIO_SANDBOX"),
        ('"STUDIO_TIMEZONE"', "STUDIO_TIMEZONE"),
        ("JOYPIX_APIKEY", "JOYPIX_API_KEY"),
        ("JOIPIX_API_KEY", "JOYPIX_API_KEY"),
        ("CREATIFY_MAX_JOB", "CREATIFY_MAX_JOBS"),
        ("AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
        ("STUDIO_COLOUR", None),
    ],
)
def test_an_unknown_name_that_looks_like_ours_stops_the_start_in_dotenv(
    name: str, meant: str | None, tmp_path: Path
) -> None:
    cure = f"Did you mean {meant}?" if meant else "Correct it, or remove it from .env."
    with pytest.raises(SettingsError) as caught:
        read({}, f"OTHER=1\n{name}=1\n", folder=tmp_path)
    assert str(caught.value) == f"In .env, line 2: {name} is not a variable of the studio. {cure}"


def test_an_unknown_name_in_the_environment_has_a_word_in_the_log_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Docker and Kubernetes give a container such names for every service near it."""
    injected = {
        "STUDIO_PORT_8501_TCP": "tcp://10.0.0.1:8501",
        "STUDIO_SANDBOX_SERVICE_HOST": "10.0.0.2",
        "STUDIO_SANDBOX_PORT": "tcp://10.0.0.2:80",
        "STUDIO_COLOR": "red",
        "JOYPX_API_KEY": "a-key",
        "AWS_ENDPOINT_URL_STS": "https://sts.example.org",
        "POSTGRES_PASSWORD": "secret",
    }
    assert not read(injected, "POSTGRES_DB=other\n", folder=tmp_path).sandbox
    told = "JOYPX_API_KEY, STUDIO_COLOR, STUDIO_PORT_8501_TCP, STUDIO_SANDBOX_PORT, STUDIO_SANDBOX_SERVICE_HOST"
    assert [record.getMessage() for record in caplog.records] == [
        f"these variables in the environment are not the studio's and have no effect: {told}"
    ]


def test_what_is_streamlits_in_dotenv_is_told_as_without_effect(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    read({}, "STREAMLIT_SERVER_PORT=8080\n", folder=tmp_path)
    assert "Streamlit does not read .env, so this has no effect there: STREAMLIT_SERVER_PORT" in caplog.text


def test_a_dotenv_may_begin_with_a_byte_order_mark_and_end_its_lines_as_windows_does(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfSTUDIO_SANDBOX=1\r\nexport JOYPIX_MAX_JOBS=2 # two\r\n")
    settings = Settings.from_env({}, dotenv=tmp_path / ".env")
    assert settings.sandbox
    assert settings.vendors == {"JOYPIX_MAX_JOBS": "2"}


@pytest.mark.parametrize("allow", ["files.example", "files.example:8080", "10.0.0.7", "[fd00::7]:80", "fd00::7"])
def test_what_may_be_fetched_from_is_a_host_or_a_host_and_a_port(allow: str, tmp_path: Path) -> None:
    assert read({"STUDIO_FETCH_ALLOW": allow}, folder=tmp_path).fetch_allow == (allow,)


@pytest.mark.parametrize(
    "url",
    [
        *("sqlite://", "sqlite:///:memory:", "sqlite://studio.db", "sqlite+aiosqlite:///studio.db"),
        *("studio.db", "sqlite:studio.db", "mysql://root:pass-word@db/studio", "sqlite:///~/studio.db"),
        *("sqlite:///studio.db?mode=ro", "${DATABASE_URL}"),
    ],
)
def test_an_address_that_is_no_ledgers_stops_the_start_and_is_not_shown(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^In the environment: STUDIO_DATABASE_URL ") as caught:
        read({"STUDIO_DATABASE_URL": url}, folder=tmp_path)
    assert "pass-word" not in str(caught.value)
