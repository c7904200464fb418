"""The settings from the environment and ``.env``: read once, frozen, and never written back to ``os.environ``.

Keys therefore stay out of the environment that worker processes inherit.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lipsync_core.config import ROOT, known
from lipsync_core.config.kinds import HOW_TO_SIGN
from lipsync_core.config.processors import processors
from lipsync_core.config.sign_in_services import sign_in
from lipsync_core.config.variables import Given
from lipsync_core.db.ledger_file import is_on_server
from lipsync_core.net.outlet import Proxy


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
    """``STUDIO_DRAFT_SLOTS``: how many drafts are rendered at once. Default: one per two processors that the
    studio may use, see `processors`. With 0, only others that share the ledger render drafts."""
    bucket: tuple[str, str] | None = None
    """``STUDIO_MEDIA_URL`` as ``s3://bucket/prefix``: the bucket, and the prefix of its object names."""
    aws: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Credentials for the bucket: boto3's own variables that are set; never shown."""
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
    cookie_digest: bytes | None = field(default=None, repr=False)
    """The SHA-256 of that table's ``cookie_secret``, by which servers compare theirs; never shown."""
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
    entry_role: str = "maker"
    """``STUDIO_ENTRY_ROLE``: the role of people who enter for the first time: maker, with a limit of $0, or viewer."""
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
    metrics_token: str | None = field(default=None, repr=False)
    """``STUDIO_METRICS_TOKEN``: what a program that reads ``/api/metrics`` has to name."""
    json_log: bool = False
    """``STUDIO_LOG=json``: the log is one JSON object a line."""
    keys: tuple[str, ...] = field(default=(), repr=False)
    """The values of all secret variables, which no log may contain; never shown."""
    proxy: Proxy | None = None
    """``STUDIO_PROXY``: the proxy through which vendors, pasted links and notifications are reached."""
    certificates: tuple[str, ...] = ()
    """``SSL_CERT_FILE`` and the like: files and folders of certificates that are trusted, too."""
    vendors: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The values of the vendors' own variables, including keys; never shown."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, dotenv: Path = ROOT / ".env") -> Settings:
        """Read ``environ`` (default: that of the process), which overrides ``dotenv``.

        Raises:
            SettingsError: a variable has a value that cannot be used; the text names it.
        """
        given = Given.of(os.environ if environ is None else environ, dotenv)
        table = known.known(given)
        given.check(table, known.PREFIXES)
        return cls(
            database_url=given.value(known.DATABASE_URL) or f"sqlite:///{ROOT / 'data' / 'studio.db'}",
            **_media(given),
            fetch_allow=given.value(known.FETCH_ALLOW) or (),
            poll_interval_s=given.value(known.POLL_INTERVAL_S),
            allow_open=given.value(known.ALLOW_OPEN) or False,
            draft_slots=_draft_slots(given),
            sandbox=given.value(known.SANDBOX) or False,
            sandbox_speed=given.value(known.SANDBOX_SPEED) or 20.0,
            public_url=given.value(known.PUBLIC_URL),
            hosts=given.value(known.HOSTS) or (),
            proxies=given.value(known.PROXIES) or (),
            rates_file=_rates_file(given),
            timezone=given.value(known.TIMEZONE) or "UTC",
            **sign_in(_secrets_files(given)),
            admin=given.value(known.ADMIN),
            allowed_domains=given.value(known.ALLOWED_DOMAINS) or (),
            allowed_emails=given.value(known.ALLOWED_EMAILS) or (),
            allowed_groups=given.value(known.ALLOWED_GROUPS) or (),
            entry_role=given.value(known.ENTRY_ROLE) or "maker",
            groups_claim=given.value(known.GROUPS_CLAIM) or "groups",
            sign_in_hours=given.value(known.SIGN_IN_HOURS) or 12.0,
            approval_days=given.value(known.APPROVAL_DAYS) or 7.0,
            approve_own=given.value(known.APPROVE_OWN) or False,
            notify_allow=given.value(known.NOTIFY_ALLOW) or (),
            **_notify(given),
            metrics_token=given.value(known.METRICS_TOKEN),
            json_log=given.value(known.LOG) == "json",
            keys=tuple(filter(None, (given.text(one.name) for one in table.values() if one.secret))),
            proxy=given.value(known.PROXY),
            certificates=tuple(dict.fromkeys(filter(None, map(given.value, known.CERTIFICATES)))),
            vendors={name: given.text(name) for name in table if name not in known.OWN and given.text(name)},
        )


def _draft_slots(given: Given) -> int:
    slots = given.value(known.DRAFT_SLOTS)
    return max(1, processors() // 2) if slots is None else slots


def _secrets_files(given: Given) -> list[Path]:
    """Return the files in which Streamlit looks for the ``[auth]`` table."""
    named = [Path(name).expanduser() for name in given.text("STREAMLIT_SECRETS_FILES").split()]
    return named or [Path.home() / ".streamlit" / "secrets.toml", ROOT / ".streamlit" / "secrets.toml"]


def _notify(given: Given) -> dict[str, Any]:
    url, secret = given.value(known.NOTIFY_URL), given.value(known.NOTIFY_SECRET)
    if url is None:
        return {}
    if secret is None:
        why = f"{known.NOTIFY_SECRET.name} is missing or not Base64. {HOW_TO_SIGN}"
        raise given.refused(known.NOTIFY_URL.name, why)
    return {"notify_url": url, "notify_secret": secret}


def _rates_file(given: Given) -> Path:
    ledger = given.text(known.DATABASE_URL.name).partition(":///")
    in_file = ledger[2] and not is_on_server(given.text(known.DATABASE_URL.name))
    beside = Path(ledger[2]).with_name("rates.toml") if in_file else ROOT / "data" / "rates.toml"
    return given.value(known.RATES_FILE) or beside


def _media(given: Given) -> dict[str, Any]:
    """Return where media are stored: in a folder, or in a bucket with working copies in a folder."""
    default = (ROOT / "data" / "media").resolve()
    place = given.value(known.MEDIA_URL) or default
    if isinstance(place, Path):
        return {"media_dir": place}
    access = {one.name: given.text(one.name) for one in known.AWS if given.text(one.name)}
    return {"media_dir": given.value(known.MEDIA_CACHE) or default, "bucket": place, "aws": access}
