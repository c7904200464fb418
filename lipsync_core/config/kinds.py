"""The kinds of values that variables have. Each reads a text, which is stripped and not empty, or says what to give.

Every function here, and every one that they return, takes a variable's name and its text. It raises `SettingsError`
with a sentence that begins with the name and shows the value.
"""

from __future__ import annotations

import base64
import re
import ssl
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import url2pathname
from zoneinfo import ZoneInfo

from lipsync_core.config.secret_strength import weakness
from lipsync_core.db.ledger_file import ON_SERVER, is_on_server, ledger_file
from lipsync_core.errors import FetchError, SettingsError
from lipsync_core.net.outlet import NO_PROXY, Proxy, trusted
from lipsync_core.providers.keys import Keys

_ON = frozenset({"1", "true", "yes", "on"})
_OFF = frozenset({"0", "false", "no", "off"})
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?)(?::(?P<port>\d{1,5}))?")
_MAILBOX = re.compile(r"[^\s@,;<>]+@[^\s@,;<>/:]+\.[^\s@,;<>/:]+")
_DOMAIN = re.compile(r"@?[^\s@,;<>/:*]+\.[^\s@,;<>/:*]+")


def switch(name: str, text: str) -> bool:
    """Return whether a switch is on."""
    if text.lower() in _ON:
        return True
    if text.lower() in _OFF:
        return False
    raise SettingsError(f"{name} is “{text}”. Give 1 (on) or 0 (off), or leave it out.")


def number(*, most: float) -> Callable[[str, str], float]:
    """Return the reader of a number above 0 and up to ``most``."""

    def read(name: str, text: str) -> float:
        if re.fullmatch(r"\d{1,20}(\.\d{1,20})?", text, re.ASCII) and 0 < float(text) <= most:
            return float(text)
        raise SettingsError(f"{name} is “{text}”. Give a number above 0 and up to {most:,.0f}, or leave it out.")

    return read


def count(*, most: int, least: int = 1) -> Callable[[str, str], int]:
    """Return the reader of a whole number from ``least`` to ``most``."""

    def read(name: str, text: str) -> int:
        if re.fullmatch(r"\d{1,9}", text, re.ASCII) and least <= int(text) <= most:
            return int(text)
        raise SettingsError(f"{name} is “{text}”. Give a whole number from {least} to {most:,}, or leave it out.")

    return read


def choice(*words: str) -> Callable[[str, str], str]:
    """Return the reader of one of some words; of any word if there are none."""

    def read(name: str, text: str) -> str:
        if words and text not in words:
            raise SettingsError(f"{name} is “{text}”. Give {' or '.join(words)}, or leave it out.")
        return text

    return read


def word(name: str, text: str) -> str:
    """Return a text without spaces."""
    if re.search(r"\s", text):
        raise SettingsError(f"{name} is “{text}”. Give one name without spaces, or leave it out.")
    return text


def token(name: str, text: str) -> str:
    """Return a secret that other programs name in a header: at least 16 letters, digits and signs."""
    if not re.fullmatch(r"[!-~]{16,200}", text):
        raise SettingsError(
            f"{name} is not a safe token. Give 16 to 200 letters and digits without spaces, for instance the output "
            "of: openssl rand -hex 24"
        )
    return text


def words(_name: str, text: str) -> str:
    """Return any text."""
    return text


def entries(_name: str, text: str) -> tuple[str, ...]:
    """Return the entries of a list with commas between them."""
    return tuple(entry.strip() for entry in text.split(",") if entry.strip())


def hosts(name: str, text: str) -> tuple[str, ...]:
    """Return a list of hosts, each with or without a port."""
    for entry in (found := entries(name, text)):
        if not _is_host(entry):
            raise SettingsError(
                f"{name} holds “{entry}”. Give hosts only, such as files.example.org or files.example.org:8080, with "
                "commas between them: without https://, without a path and without a wildcard."
            )
    return found


def networks(name: str, text: str) -> tuple[str, ...]:
    """Return a list of IP addresses or networks such as 10.0.0.0/8."""
    for entry in (found := entries(name, text)):
        try:
            ip_network(entry)
        except ValueError:
            raise SettingsError(
                f"{name} holds “{entry}”. Give IP addresses, or networks such as 10.0.0.0/8, with commas between them."
            ) from None
    return found


def mailbox(name: str, text: str) -> str:
    """Return one email address."""
    if not _MAILBOX.fullmatch(text):
        raise SettingsError(f"{name} is “{text}”. Give one email address, such as mia@example.org, or leave it out.")
    return text


def mailboxes(name: str, text: str) -> tuple[str, ...]:
    """Return a list of email addresses."""
    for entry in (found := entries(name, text)):
        if not _MAILBOX.fullmatch(entry):
            raise SettingsError(f"{name} holds “{entry}”. Give email addresses with commas between them.")
    return found


def domains(name: str, text: str) -> tuple[str, ...]:
    """Return a list of the domains of email addresses."""
    for entry in (found := entries(name, text)):
        if not _DOMAIN.fullmatch(entry):
            raise SettingsError(
                f"{name} holds “{entry}”. Give the domains of email addresses, such as example.org, with commas "
                "between them and without a wildcard."
            )
    return found


def address(name: str, text: str) -> str:
    """Return a web address without a final slash."""
    text = text.rstrip("/")
    try:
        url = urlsplit(text)
        usable = url.scheme in ("http", "https") and url.hostname and url.port != 0
    except ValueError:
        usable = False
    if not usable or url.query or url.fragment or url.username or re.search(r"\s", text):
        shown = "…" if "@" in text else text  # the text before an @ may be a password
        raise SettingsError(f"{name} is “{shown}”. Give an address like https://studio.example.org, or leave it out.")
    return text


def proxy(name: str, text: str) -> Proxy:
    """Return a proxy from its address."""
    try:
        return Proxy.at(text)
    except ValueError as error:  # the address is not shown: it may contain a password
        raise SettingsError(
            f"{name} {error}. Give one like http://proxy.example.org:3128 or "
            "http://name:password@proxy.example.org:3128, with special characters of a password as %40 for @, or leave "
            "it out."
        ) from None


def proxy_or_none(name: str, text: str) -> Proxy | None:
    """Return a proxy from its address; None for the word “none”."""
    return None if text.lower() == NO_PROXY else proxy(name, text)


def certificates(name: str, text: str) -> str:
    """Return a file, or a folder, of certificates."""
    try:
        trusted((text,))
    except ssl.SSLError:
        raise SettingsError(f"{name} names “{text}”, which holds no certificates in PEM format.") from None
    except OSError as error:
        why = error.strerror or "it cannot be read"
        raise SettingsError(
            f"{name} names “{text}”: {why}. Name a file of certificates, or remove the variable."
        ) from None
    return text


def receiver(name: str, text: str) -> str:
    """Return the web address that messages are posted to; it may hold a secret."""
    from lipsync_core.net.guard import checked_link  # it loads an HTTP client

    try:
        checked_link(text, (urlsplit(text).netloc,))
    except (FetchError, ValueError):
        raise SettingsError(f"{name} is not a web address. Give one that begins with https://.") from None
    return text


def signing_secret(name: str, text: str) -> str:
    """Return the secret that signs messages."""
    try:
        held = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        held = b""
    why = (
        "is missing or not Base64" if not held else "has more than 64 bytes" if len(held) > 64 else weakness(text, held)
    )
    if why:
        raise SettingsError(f"{name} {why}. {HOW_TO_SIGN}")
    return text


HOW_TO_SIGN = (
    "Put “whsec_” and 32 to 64 random bytes in Base64 there, as in the Standard Webhooks scheme. From Python: "
    'import base64, secrets; print("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())'
)


def key(name: str, text: str) -> str:
    """Return a vendor's key as it was given, if it can be one."""
    Keys({name: text})
    return text


def timezone(name: str, text: str) -> str:
    """Return the name of a time zone."""
    try:
        ZoneInfo(text)
    except (ValueError, KeyError, OSError):
        raise SettingsError(f"{name} is “{text}”. Give a name like Europe/Berlin, or leave it out for UTC.") from None
    return text


def database(name: str, text: str) -> str:
    """Return the address of the ledger's database."""
    if is_on_server(text):
        return _server(name, text)
    scheme, _, rest = text.partition("://")
    path, _, query = rest.partition("?")
    how = f"Give sqlite:///path/to/studio.db or {ON_SERVER}://user:password@host/database, or leave it out."
    if ledger_file(text) is None and not path.startswith("/file:"):
        raise SettingsError(f"{name} names no file, and a ledger that is not on disk forgets what was paid. {how}")
    if scheme.lower() not in ("sqlite", "sqlite+pysqlite"):
        raise SettingsError(f"{name} names a driver that the studio does not have. {how}")
    if path.startswith("/~"):
        raise SettingsError(f"{name} begins its path with “~”, which is not expanded there. Write the path out.")
    if query and not re.fullmatch(r"timeout=\d{1,4}|.*uri=true.*", query, re.ASCII):
        raise SettingsError(f"{name} has “?{query}”, which the studio does not know. {how}")
    return text


_SERVER_OPTIONS = {"host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "service", "passfile"}
"""What may follow the “?” of a server's address. All else is the studio's own business."""


def _server(name: str, text: str) -> str:
    """Return the address of a PostgreSQL database. No refusal shows it, as it may hold a password."""
    how = f"Give {ON_SERVER}://user:password@host/database."
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise SettingsError(
            f"{name} cannot be read as an address. {how} Write “@”, “/”, “:” and “%” in a password as %40, %2F, %3A "
            "and %25."
        ) from None
    if not parts.path.strip("/"):
        raise SettingsError(f"{name} names no database on its server. {how}")
    for option in parse_qs(parts.query, keep_blank_values=True):
        if option not in _SERVER_OPTIONS:
            raise SettingsError(
                f"{name} has “?{option}”, which the studio does not pass on. It passes on: "
                f"{', '.join(sorted(_SERVER_OPTIONS))}."
            )
    return text


def folder(name: str, text: str) -> Path:
    """Return a folder, which need not exist, from its path or its ``file://`` URL."""
    # "C:\clips" is a path although it starts like a URL; a scheme has at least two letters.
    url = urlsplit(text)
    if len(url.scheme) >= 2 and url.scheme != "file":
        raise SettingsError(
            f"{name} starts with “{url.scheme}://”, where media cannot be stored. "
            "Give a folder or s3://bucket/prefix, or leave it out for data/media."
        )
    path = Path(url2pathname(url.path)) if url.scheme == "file" else Path(text).expanduser()
    if path.is_file():
        raise SettingsError(f"{name} is “{text}”, which is a file. Give a folder, or leave it out.")
    return path.resolve()


def file(name: str, text: str) -> Path:
    """Return a file, which need not exist."""
    path = Path(text).expanduser()
    if path.is_dir():
        raise SettingsError(f"{name} is “{text}”, which is a folder. Give a file, or leave it out.")
    return path.resolve()


def storage(name: str, text: str) -> Path | tuple[str, str]:
    """Return the folder of media; or a bucket, and the prefix of the names in it."""
    if not text.lower().startswith("s3:"):
        return folder(name, text)
    bucket, _, prefix = text[3:].removeprefix("//").partition("/")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{2,62}", bucket) or not re.fullmatch(r"[\w./=-]*", prefix):
        raise SettingsError(f"{name} is “{text}”. Give a bucket as s3://bucket or s3://bucket/prefix.")
    return bucket, prefix


def role(name: str, text: str) -> str:
    """Return the role with which people enter."""
    if text.lower() not in ("viewer", "maker"):
        raise SettingsError(
            f"{name} is “{text}”. Give maker (drafts and the sandbox; what costs waits for approval) or viewer. "
            "Higher roles are given on the Team page."
        )
    return text.lower()


def _is_host(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        found = _HOST.fullmatch(text)
    if found is None or not 0 < int(found["port"] or 1) < 65_536:
        return False
    if not found["name"].startswith("["):
        return True
    try:
        return bool(ip_address(found["name"].strip("[]")))
    except ValueError:
        return False
