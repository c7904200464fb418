"""The settings from the environment and ``.env``: read once, frozen, and never written back to ``os.environ``.

Keys therefore stay out of the environment that worker processes inherit.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname
from zoneinfo import ZoneInfo

from lipsync_core.config import ROOT
from lipsync_core.config.secret_strength import weakness
from lipsync_core.config.sign_in_services import sign_in
from lipsync_core.config.variables import (
    address,
    all_given,
    count,
    entries,
    hosts,
    networks,
    number,
    refuse_misspelt,
    switch,
)
from lipsync_core.errors import FetchError, SettingsError
from lipsync_core.providers import VENDORS, variable_prefix

VENDOR_PREFIXES = tuple(map(variable_prefix, VENDORS))
"""The prefixes of the vendors' variables."""

MOST_SLOTS = 1_000
"""The most jobs that may be at a vendor at once."""

AWS_VARIABLES = (
    *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"),
)
"""boto3's own variables, which may also be in ``.env``."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The studio's settings; each field names its variable."""

    database_url: str
    """``STUDIO_DATABASE_URL``: a SQLAlchemy URL. Default: SQLite in ``data/studio.db``."""
    media_dir: Path
    """``STUDIO_MEDIA_URL``: a plain path or a ``file://`` URL. Default: ``data/media``. If media are in a bucket, the
    folder of their working copies: ``STUDIO_MEDIA_CACHE``."""
    fetch_allow: tuple[str, ...]
    """``STUDIO_FETCH_ALLOW``: private hosts, or host:port, that media may be fetched from."""
    poll_interval_s: float | None
    """``STUDIO_POLL_INTERVAL_S``: the longest wait between two rounds of the tracker, in seconds."""
    allow_open: bool
    """``STUDIO_ALLOW_OPEN``: listen beyond loopback although sign-in is off."""
    draft_slots: int
    """``STUDIO_DRAFT_SLOTS``: how many drafts are rendered at once. Default: one per two processors."""
    bucket: tuple[str, str] | None = None
    """``STUDIO_MEDIA_URL`` as ``s3://bucket/prefix``: the bucket, and the prefix of its object names."""
    aws: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Credentials for the bucket: those of `AWS_VARIABLES` that are set; never shown."""
    sandbox: bool = False
    """``STUDIO_SANDBOX``: every new paid job of this studio goes to the sandbox; no key is used."""
    sandbox_speed: float = 20.0
    """``STUDIO_SANDBOX_SPEED``: how many times faster than the vendors the sandbox works."""
    public_url: str | None = None
    """``STUDIO_PUBLIC_URL``: where vendors reach this server; enables webhooks and links to local files."""
    hosts: tuple[str, ...] = ()
    """``STUDIO_HOSTS``: host names of this server, in addition to those of its public addresses."""
    proxies: tuple[str, ...] = ()
    """``STUDIO_PROXIES``: addresses of the reverse proxies whose statements about the client are trusted."""
    rates_file: Path = ROOT / "data" / "rates.toml"
    """``STUDIO_RATES_FILE``: this server's copy of the rates that the team set itself. Default: ``rates.toml`` beside
    the ledger, or in ``data/``."""
    timezone: str = "UTC"
    """``STUDIO_TIMEZONE``: the time zone of the months of caps, such as ``Europe/Berlin``."""
    sign_in: bool = False
    """Whether people must sign in: Streamlit's secrets file has an ``[auth]`` table."""
    audiences: tuple[str, ...] = ()
    """The client ids in that table: the allowed audiences of a sign-in."""
    trusted_services: tuple[str, ...] = ()
    """The services in that table that are trusted although they do not say whether an address is verified."""
    admin: str | None = None
    """``STUDIO_ADMIN``: the address of the first admin."""
    allowed_domains: tuple[str, ...] = ()
    """``STUDIO_ALLOWED_DOMAINS``: domains whose addresses may sign in."""
    allowed_emails: tuple[str, ...] = ()
    """``STUDIO_ALLOWED_EMAILS``: other addresses that may sign in."""
    allowed_groups: tuple[str, ...] = ()
    """``STUDIO_ALLOWED_GROUPS``: groups whose members may sign in."""
    groups_claim: str = "groups"
    """``STUDIO_GROUPS_CLAIM``: the provider's claim with the list of a person's groups."""
    sign_in_hours: float = 12.0
    """``STUDIO_SIGN_IN_HOURS``: how long a sign-in is valid."""
    approval_days: float = 7.0
    """``STUDIO_APPROVAL_DAYS``: how long a job waits for approval."""
    approve_own: bool = False
    """``STUDIO_APPROVE_OWN``: approvers may approve their own jobs."""
    notify_allow: tuple[str, ...] = ()
    """``STUDIO_NOTIFY_ALLOW``: private hosts, or host:port, that may receive notifications."""
    notify_url: str | None = field(default=None, repr=False)
    """``STUDIO_NOTIFY_URL``: where the team is notified of the results of jobs."""
    notify_secret: str | None = field(default=None, repr=False)
    """``STUDIO_NOTIFY_SECRET``: the key that signs these notifications."""
    vendors: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The values of the vendors' own variables, including keys; never shown."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, dotenv: Path = ROOT / ".env") -> Settings:
        """Read ``environ`` (default: that of the process), which overrides ``dotenv``.

        Raises:
            SettingsError: a variable has a value that cannot be used; the text names it.
        """
        ours = ("STUDIO_", *VENDOR_PREFIXES, *AWS_VARIABLES)
        given = all_given(os.environ if environ is None else environ, dotenv, ours)
        # The only switch whose misspelling costs money.
        refuse_misspelt(given, "STUDIO_SANDBOX", ("STUDIO_SANDBOX_SPEED",))
        return cls(
            database_url=given.get("STUDIO_DATABASE_URL") or f"sqlite:///{ROOT / 'data' / 'studio.db'}",
            **_media(given),
            fetch_allow=hosts(given, "STUDIO_FETCH_ALLOW"),
            poll_interval_s=number(given, "STUDIO_POLL_INTERVAL_S", most=86_400),
            allow_open=switch(given, "STUDIO_ALLOW_OPEN"),
            draft_slots=count(given, "STUDIO_DRAFT_SLOTS", most=256) or max(1, (os.cpu_count() or 1) // 2),
            sandbox=switch(given, "STUDIO_SANDBOX"),
            sandbox_speed=number(given, "STUDIO_SANDBOX_SPEED", most=1_000_000) or 20.0,
            public_url=address(given, "STUDIO_PUBLIC_URL"),
            hosts=hosts(given, "STUDIO_HOSTS"),
            proxies=networks(given, "STUDIO_PROXIES"),
            rates_file=_rates_file(given),
            timezone=_timezone(given, "STUDIO_TIMEZONE"),
            **sign_in(_secrets_files(given)),
            admin=given.get("STUDIO_ADMIN", "").strip() or None,
            allowed_domains=entries(given, "STUDIO_ALLOWED_DOMAINS"),
            allowed_emails=entries(given, "STUDIO_ALLOWED_EMAILS"),
            allowed_groups=entries(given, "STUDIO_ALLOWED_GROUPS"),
            groups_claim=given.get("STUDIO_GROUPS_CLAIM", "").strip() or "groups",
            sign_in_hours=number(given, "STUDIO_SIGN_IN_HOURS", most=8_760) or 12.0,
            approval_days=number(given, "STUDIO_APPROVAL_DAYS", most=3_650) or 7.0,
            approve_own=switch(given, "STUDIO_APPROVE_OWN"),
            notify_allow=hosts(given, "STUDIO_NOTIFY_ALLOW"),
            **_notify(given),
            vendors=_vendors(given),
        )


def _secrets_files(given: Mapping[str, str]) -> list[Path]:
    """Return the files in which Streamlit looks for the ``[auth]`` table."""
    named = [Path(name).expanduser() for name in given.get("STREAMLIT_SECRETS_FILES", "").split()]
    return named or [Path.home() / ".streamlit" / "secrets.toml", ROOT / ".streamlit" / "secrets.toml"]


def _notify(given: Mapping[str, str]) -> dict[str, Any]:
    url, secret = given.get("STUDIO_NOTIFY_URL", "").strip(), given.get("STUDIO_NOTIFY_SECRET", "").strip()
    if not url:
        return {}
    from lipsync_core.net.guard import checked_link  # it loads an HTTP client

    try:
        checked_link(url, (urlsplit(url).netloc,))
    except (FetchError, ValueError):
        raise SettingsError("STUDIO_NOTIFY_URL is not a web address. Give one that begins with https://.") from None
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    why = (
        "is missing or not Base64" if not key else "has more than 64 bytes" if len(key) > 64 else weakness(secret, key)
    )
    if why:
        raise SettingsError(
            f"STUDIO_NOTIFY_SECRET {why}. Put “whsec_” and 32 to 64 random bytes in Base64 there, as in the Standard "
            "Webhooks scheme. From Python: "
            'import base64, secrets; print("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())'
        )
    return {"notify_url": url, "notify_secret": secret}


def _rates_file(given: Mapping[str, str]) -> Path:
    named = given.get("STUDIO_RATES_FILE", "").strip()
    if named:
        return Path(named).expanduser().resolve()
    ledger = given.get("STUDIO_DATABASE_URL", "").partition(":///")
    return Path(ledger[2]).with_name("rates.toml") if ledger[2] else ROOT / "data" / "rates.toml"


def _vendors(given: Mapping[str, str]) -> dict[str, str]:
    """Return the vendors' own variables. Those used only later are parsed here too, so that errors show at start."""
    found = {name: value for name, value in given.items() if name.startswith(VENDOR_PREFIXES)}
    for name in found:
        if name.endswith("_BASE_URL"):
            address(found, name)
        elif name.endswith("_MAX_JOBS"):
            count(found, name, most=MOST_SLOTS)
    return found


def _timezone(given: Mapping[str, str], name: str) -> str:
    text = given.get(name, "").strip() or "UTC"
    try:
        ZoneInfo(text)
    except (ValueError, KeyError, OSError):
        raise SettingsError(f"{name} is “{text}”. Give a name like Europe/Berlin, or leave it out for UTC.") from None
    return text


def _media(given: Mapping[str, str]) -> dict[str, Any]:
    """Return where media are stored: in a folder, or in a bucket with working copies in a folder."""
    default, url = str(ROOT / "data" / "media"), given.get("STUDIO_MEDIA_URL", "").strip()
    if not url.lower().startswith("s3:"):
        return {"media_dir": _folder(url or default)}
    name, _, prefix = url[3:].removeprefix("//").partition("/")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{2,62}", name) or not re.fullmatch(r"[\w./=-]*", prefix):
        raise SettingsError(f"STUDIO_MEDIA_URL is “{url}”. Give a bucket as s3://bucket or s3://bucket/prefix.")
    access = {variable: given[variable] for variable in AWS_VARIABLES if given.get(variable)}
    return {"media_dir": _folder(given.get("STUDIO_MEDIA_CACHE") or default), "bucket": (name, prefix), "aws": access}


def _folder(value: str) -> Path:
    # "C:\clips" is a path although it starts like a URL; a scheme has at least two letters.
    url = urlsplit(value)
    if len(url.scheme) < 2:
        return Path(value).expanduser().resolve()
    if url.scheme == "file":
        return Path(url2pathname(url.path)).resolve()
    raise SettingsError(
        f"STUDIO_MEDIA_URL starts with “{url.scheme}://”, where media cannot be stored. "
        "Give a folder or s3://bucket/prefix, or leave it out for data/media."
    )
