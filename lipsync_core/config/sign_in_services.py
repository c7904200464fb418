"""Facts from the ``[auth]`` table of Streamlit's ``secrets.toml`` that the core needs; its secrets are not kept."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lipsync_core.config.secret_strength import weakness
from lipsync_core.errors import SettingsError

DEFAULT_SERVICE = "default"
"""Streamlit's name of the only sign-in service, whose facts are in ``[auth]`` itself."""
TRUST = "trust_absent_email_verified"
"""The setting that trusts a service which does not say whether an address is verified."""
_SHARED = ("common", "organizations", "consumers")
"""Microsoft's shared tenants accept accounts of every tenant, whose own admin can give them any address."""


def sign_in(files: list[Path]) -> dict[str, Any]:
    """Return fields of `Settings` from the first of these files that has the table; empty if sign-in is off.

    Raises `SettingsError`.
    """
    for file in files:
        try:
            auth = tomllib.loads(file.read_text(encoding="utf-8")).get("auth")
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise SettingsError(f"{file.name} cannot be read, so sign-in would not work: {error}.") from None
        if isinstance(auth, dict):
            services = list(_services(auth))
            return {
                "sign_in": True,
                "cookie_digest": _digest(_cookie_secret(file, auth.get("cookie_secret"))),
                "audiences": tuple(str(table["client_id"]) for _name, table in services if table.get("client_id")),
                "trusted_services": tuple(name for name, table in services if _is_trusted(file, name, table)),
            }
    return {}


def _services(auth: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield DEFAULT_SERVICE, auth
    yield from ((name, table) for name, table in auth.items() if isinstance(table, dict))


def _cookie_secret(file: Path, secret: object) -> str:
    """Return the secret; raise `SettingsError` for one with which anyone could sign in as anyone."""
    given = secret if isinstance(secret, str) else ""
    why = weakness(given) if given else "is missing"
    if why is not None:
        raise SettingsError(
            f"{file.name}, [auth]: cookie_secret {why}. Anyone who knows it can sign in as anyone. Set a new one, "
            'for example from: python -c "import secrets; print(secrets.token_urlsafe(48))"'
        )
    return given


def _digest(secret: str) -> bytes:
    """Return what tells a secret from another one, and does not hold it."""
    return hashlib.sha256(b"Lip-Sync Studio, cookie_secret\0" + secret.encode()).digest()


def _is_trusted(file: Path, name: str, table: Mapping[str, Any]) -> bool:
    trusted = table.get(TRUST, False)
    where = f"{file.name}, [auth{'' if name == DEFAULT_SERVICE else f'.{name}'}]"
    if not isinstance(trusted, bool):
        raise SettingsError(f"{where}: {TRUST} is {trusted!r}. Write true or false, without quotes.")
    if trusted and (shared := _shared_tenant(str(table.get("server_metadata_url") or ""))):
        raise SettingsError(
            f"{where}: {TRUST} is for a service whose own admin assigns its addresses, but “{shared}” is every "
            "Microsoft tenant. Name your own tenant in server_metadata_url."
        )
    return trusted


def _shared_tenant(metadata_url: str) -> str | None:
    try:
        url = urlsplit(metadata_url)
    except ValueError:
        return None
    tenant = url.path.strip("/").partition("/")[0].lower()
    return tenant if (url.hostname or "").startswith("login.") and tenant in _SHARED else None
