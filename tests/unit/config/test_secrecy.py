"""Secrets that are none stop the start, and what the studio keeps is its owner's alone."""

from __future__ import annotations

import base64
import os
import re
import secrets
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from lipsync_core import ROOT, Settings, SettingsError
from lipsync_core.config.private_files import keep_private
from lipsync_core.config.secret_strength import weakness
from tests.oidc import secrets_file

GUESSED = {
    "": "",
    "x": "has 1 bytes",
    "short": "has 31 bytes",
    "one letter": "repeats itself or counts up",
    "a piece again": "repeats itself or counts up",
    "digits": "repeats itself or counts up",
    "the alphabet": "repeats itself or counts up",
    "ours": "is printed in the studio's own files",
    "ours, longer": "is printed in the studio's own files",
}
VALUES = {
    "x": "x",
    "short": secrets.token_urlsafe(48)[:31],
    "one letter": "a" * 64,
    "a piece again": "Tr0ub4dor&3xyz!" * 4,
    "digits": "0123456789" * 5,
    "the alphabet": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "ours": "replace this by 32 random bytes or more",
    "ours, longer": "replace this" + secrets.token_urlsafe(48),
}


@pytest.mark.parametrize("kind", GUESSED)
def test_a_guessable_cookie_secret_stops_the_start(environment: dict[str, str], tmp_path: Path, kind: str) -> None:
    file = tmp_path / "secrets.toml"
    line = f'cookie_secret = "{VALUES[kind]}"' if kind else ""
    file.write_text(f'[auth]\nclient_id = "studio"\n{line}\n', encoding="utf-8")
    variables = environment | {"STREAMLIT_SECRETS_FILES": str(file)}
    with pytest.raises(SettingsError, match=f"cookie_secret {GUESSED[kind] or 'is missing'}") as refused:
        Settings.from_env(variables, dotenv=tmp_path / "no.env")
    assert kind not in ("short", "ours, longer") or VALUES[kind] not in str(refused.value)


def test_the_server_says_so_and_does_not_start(environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text((ROOT / ".streamlit" / "secrets.toml.example").read_text(encoding="utf-8"), encoding="utf-8")
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py")]
    variables = os.environ | environment | {"STREAMLIT_SECRETS_FILES": str(file), "STREAMLIT_SERVER_PORT": "0"}
    ended = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode != 0
    assert "cookie_secret is printed in the studio's own files" in ended.stderr + ended.stdout


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("", "is missing or not Base64"),
        ("whsec_!", "is missing or not Base64"),
        (b"x" * 32, "repeats itself"),
        (bytes(range(32)), "counts up"),
        (secrets.token_bytes(31), "has 31 bytes"),
        (secrets.token_bytes(65), "has more than 64 bytes"),
        ("whsec_bm90IGEgc2VjcmV0OiByZXBsYWNlIHRoaXMgb25l", "is printed in the studio's own files"),
    ],
    ids=lambda value: value[:8] if isinstance(value, str) else "bytes",
)
def test_a_guessable_secret_for_messages_stops_the_start(
    environment: dict[str, str], tmp_path: Path, secret: str | bytes, why: str
) -> None:
    text = secret if isinstance(secret, str) else f"whsec_{base64.b64encode(secret).decode()}"
    variables = environment | {"STUDIO_NOTIFY_URL": "https://chat.test", "STUDIO_NOTIFY_SECRET": text}
    with pytest.raises(SettingsError, match=f"STUDIO_NOTIFY_SECRET {why}|STUDIO_NOTIFY_SECRET repeats .* {why}"):
        Settings.from_env(variables, dotenv=tmp_path / "no.env")


def test_nothing_that_our_own_files_print_is_taken_as_a_secret() -> None:
    printed: list[str] = []
    files = [
        *(path for path in ROOT.iterdir() if path.is_file()),
        *(ROOT / ".streamlit").glob("*.example"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "lipsync_core").rglob("*.py"),
        *(ROOT / "pages").rglob("*.py"),
    ]
    for file in files:
        if file.name in (".env", "secrets.toml"):
            continue  # the owner's own
        text = file.read_text(encoding="utf-8", errors="replace")
        printed += re.findall(r"cookie_secret *= *[\"']([^\"']+)[\"']", text)
        printed += re.findall(r"whsec_[A-Za-z0-9+/=]*", text)
    assert len(printed) >= 4, "nothing was read"
    assert [secret for secret in printed if weakness(secret) is None] == []


def test_what_chance_makes_is_taken(environment: dict[str, str], tmp_path: Path) -> None:
    for make in (secrets.token_urlsafe, secrets.token_hex, lambda size: base64.b85encode(secrets.token_bytes(size))):
        for size in (32, 48):
            for _ in range(300):
                made = make(size)
                assert weakness(made if isinstance(made, str) else made.decode()) is None
    variables = environment | {"STREAMLIT_SECRETS_FILES": str(secrets_file(tmp_path))}
    assert Settings.from_env(variables, dotenv=tmp_path / "no.env").sign_in


def test_what_went_wrong_in_a_page_is_for_the_log_and_not_for_its_visitor() -> None:
    """A traceback holds paths, and may hold what was being worked with."""
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["client"]["showErrorDetails"] == "none"


# Files


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_what_is_there_is_made_private_and_what_comes_is(environment: dict[str, str], tmp_path: Path) -> None:
    settings = Settings.from_env(environment, dotenv=tmp_path / "no.env")
    ledger = Path(settings.database_url.removeprefix("sqlite:///"))
    beside = ledger.with_name("somebody-elses.txt")
    old = [ledger, ledger.with_name(f"{ledger.name}-wal"), settings.rates_file, settings.media_dir / "ab" / "face.png"]
    for file in (*old, beside):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
        file.chmod(0o644)
    settings.media_dir.chmod(0o755)
    (settings.media_dir / "ab").chmod(0o755)

    before = os.umask(0o022)
    try:
        keep_private(settings)
        new = settings.media_dir / "new.png"
        new.write_bytes(b"x")
        keep_private(settings)  # the next start
    finally:
        os.umask(before)
    for path in (*old, new):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    for folder in (settings.media_dir, settings.media_dir / "ab"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
    assert stat.S_IMODE(beside.stat().st_mode) == 0o644
