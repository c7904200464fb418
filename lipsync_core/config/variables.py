"""Read the variables of the environment and ``.env`` strictly: a misread switch can cost money.

An unreadable value stops the start with a `SettingsError` that names the variable, shows its value (never that of a
key) and says what to set. Unreadable values never count as “not set”.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Mapping
from difflib import SequenceMatcher
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from dotenv.parser import parse_stream

from lipsync_core.errors import SettingsError

_ON = frozenset({"1", "true", "yes", "on"})
_OFF = frozenset({"", "0", "false", "no", "off"})
_QUOTES = ('"', "'")
_SECRET = re.compile(r"(KEY|SECRET|TOKEN|PASSWORD|_ID)$|^STUDIO_(DATABASE|NOTIFY)_")
"""Names of variables whose values are never shown: keys, and addresses that may contain a password."""
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?)(?::(?P<port>\d{1,5}))?")


def all_given(environ: Mapping[str, str], dotenv: Path, prefixes: tuple[str, ...]) -> dict[str, str]:
    """Return the variables of ``environ``, which override those of the file ``dotenv``; the file need not exist.

    Values of variables whose names begin with one of ``prefixes`` must not start or end with a quotation mark:
    Docker’s ``--env-file`` keeps quotation marks that a shell and ``.env`` remove. ``${…}`` is never expanded.

    Raises:
        SettingsError: the file cannot be read, or a value has such a quotation mark.
    """
    given = _in_file(dotenv) | dict(environ)
    for name, value in given.items():
        if name.startswith(prefixes):
            _check_plain(name, value.strip())
    return given


def refuse_misspelt(given: Mapping[str, str], name: str, known: Collection[str]) -> None:
    """Raise `SettingsError` for a variable whose name is similar to ``name`` and not among the ``known`` ones."""
    for other in sorted(given):
        alike = other[:6].upper() == name[:6] and SequenceMatcher(None, other.upper(), name).ratio() > 0.85
        if alike and other != name and other not in known:
            raise SettingsError(f"{other} is not a variable of the studio. Did you mean {name}?")


def switch(given: Mapping[str, str], name: str) -> bool:
    """Return whether a switch is on; off if it is not set or empty. Raises `SettingsError`."""
    text = given.get(name, "").strip()
    if text.lower() in _ON:
        return True
    if text.lower() in _OFF:
        return False
    raise SettingsError(f"{name} is “{text}”. Give 1 (on) or 0 (off), or leave it out.")


def number(given: Mapping[str, str], name: str, *, most: float) -> float | None:
    """Return a number above 0 and up to ``most``; None if it is not set. Raises `SettingsError`."""
    text = given.get(name, "").strip()
    if not text:
        return None
    if re.fullmatch(r"\d{1,20}(\.\d{1,20})?", text, re.ASCII) and 0 < float(text) <= most:
        return float(text)
    raise SettingsError(f"{name} is “{text}”. Give a number above 0 and up to {most:,.0f}, or leave it out.")


def count(given: Mapping[str, str], name: str, *, most: int) -> int | None:
    """Return a whole number from 1 to ``most``; None if it is not set. Raises `SettingsError`."""
    text = given.get(name, "").strip()
    if not text:
        return None
    if re.fullmatch(r"\d{1,9}", text, re.ASCII) and 0 < int(text) <= most:
        return int(text)
    raise SettingsError(f"{name} is “{text}”. Give a whole number from 1 to {most:,}, or leave it out.")


def entries(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return the entries of a comma-separated list."""
    return tuple(entry.strip() for entry in given.get(name, "").split(",") if entry.strip())


def hosts(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return a list of hosts, each with or without a port. Raises `SettingsError`."""
    for entry in (found := entries(given, name)):
        if not _is_host(entry):
            raise SettingsError(
                f"{name} holds “{entry}”. Give hosts only, such as files.example.org or files.example.org:8080, with "
                "commas between them: without https://, without a path and without a wildcard."
            )
    return found


def networks(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return a list of IP addresses or networks such as 10.0.0.0/8. Raises `SettingsError`."""
    for entry in (found := entries(given, name)):
        try:
            ip_network(entry)
        except ValueError:
            raise SettingsError(
                f"{name} holds “{entry}”. Give IP addresses, or networks such as 10.0.0.0/8, with commas between them."
            ) from None
    return found


def address(given: Mapping[str, str], name: str) -> str | None:
    """Return a web address without a final slash; None if it is not set. Raises `SettingsError`."""
    text = given.get(name, "").strip().rstrip("/")
    if not text:
        return None
    try:
        url = urlsplit(text)
        usable = url.scheme in ("http", "https") and url.hostname and url.port != 0
    except ValueError:
        usable = False
    if not usable or url.query or url.fragment or url.username or re.search(r"\s", text):
        shown = "…" if "@" in text else text  # the text before an @ may be a password
        raise SettingsError(f"{name} is “{shown}”. Give an address like https://studio.example.org, or leave it out.")
    return text


def _in_file(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise SettingsError(f"{path.name} exists but cannot be read: {error.strerror}.") from None
    except ValueError:
        raise SettingsError(f"{path.name} is not UTF-8 text. Save it as UTF-8.") from None
    found: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
        unread = binding.error or (binding.key is not None and binding.value is None)
        if unread:
            told = binding.original.string
            line = binding.original.line + len(re.findall(r"\r\n|\n|\r", told[: len(told) - len(told.lstrip())]))
            raise SettingsError(
                f"{path.name}, line {line}, cannot be read. Write NAME=value, with a quotation mark at both ends of "
                "the value or at neither, or put # before it."
            )
        if binding.key is not None and binding.value is not None:
            found[binding.key] = binding.value
    return found


def _check_plain(name: str, value: str) -> None:
    shown = "" if _SECRET.search(name) else f" “{value}”:"
    if value.startswith(_QUOTES) or value.endswith(_QUOTES):
        raise SettingsError(
            f"{name} is{shown or ' given'} with a quotation mark that counts as part of it (Docker keeps them in an "
            "--env-file). Remove it."
        )
    if "${" in value and shown:
        raise SettingsError(f"{name} is{shown} ${{…}} is not expanded. Write out its value.")


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
