"""The claims of a sign-in service, and whether they can be trusted. Pure; the team is in `team`.

The claims are those of an ID token whose signature was checked on arrival, so the service wrote them. They are still
read strictly: a claim that is not of the type required by OpenID Connect is refused with an explanation.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lipsync_core.config.settings import Settings
from lipsync_core.config.sign_in_services import DEFAULT_SERVICE, TRUST
from lipsync_core.errors import NotAllowedError
from lipsync_core.people.visits import EXPIRED, Visit
from lipsync_core.plain_text import one_line

LONGEST_ADDRESS = 120
LONGEST_NAME = 80
LONGEST_ISSUER, LONGEST_SUBJECT = 1000, 255
AHEAD_S = 300.0
"""How far a sign-in service's clock may be ahead of ours."""

_ADDRESS = re.compile(r"[a-z0-9.!#$%&'*+/=?^_{|}~-]+@([a-z0-9-]+\.)*[a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Vouched:
    """A person whom a sign-in service vouches for."""

    email: str
    name: str
    """The name, or the address if the service gives no name."""
    account: tuple[str, str]
    """The issuer and its subject, which identify the account even if its address changes."""
    issued_ms: int
    groups: frozenset[str]
    visit: Visit


def vouched(claims: Mapping[str, Any], settings: Settings, now_ms: int) -> Vouched:
    """Return the person of these claims. Raise `NotAllowedError` if the claims are untrustworthy or expired."""
    email = address(str(claims.get("email") or ""))
    _check_verified(email, claims, settings)
    _check_audience(claims.get("aud"), settings)
    issued_ms = _issued_ms(claims.get("iat"))
    until_ms = issued_ms + int(settings.sign_in_hours * 3_600_000)
    if now_ms > until_ms or issued_ms - now_ms > AHEAD_S * 1000:
        raise NotAllowedError(EXPIRED)
    groups = claims.get(settings.groups_claim)
    return Vouched(
        email=email,
        name=one_line(str(claims.get("name") or ""), LONGEST_NAME) or email,
        account=_account(claims),
        issued_ms=issued_ms,
        groups=frozenset(group for group in groups if isinstance(group, str))
        if isinstance(groups, list | tuple)
        else frozenset(),
        visit=Visit(visit_of(claims), email, until_ms),
    )


def address(text: str) -> str:
    """Return an e-mail address in its stored form: lower case, ASCII letters.

    Raises `NotAllowedError` if it is not an address, or has letters beyond ASCII, as some look like others.
    """
    email = text.strip()
    if not email.isascii() or email != unicodedata.normalize("NFKC", email):
        raise NotAllowedError("That address has letters that look like others. Only plain letters are accepted.")
    email = email.lower()
    if len(email) > LONGEST_ADDRESS or not _ADDRESS.fullmatch(email):
        raise NotAllowedError("That is not an e-mail address that this studio accepts.")
    return email


def visit_of(claims: Mapping[str, Any]) -> str:
    """Return a hash that all tabs of one sign-in share: that of its token's claims, which include a nonce."""
    return hashlib.sha256(json.dumps(dict(claims), sort_keys=True, default=str).encode()).hexdigest()


def _check_verified(email: str, claims: Mapping[str, Any], settings: Settings) -> None:
    if "email_verified" not in claims:
        if str(claims.get("provider") or DEFAULT_SERVICE) in settings.trusted_services:
            return
        raise NotAllowedError(
            f"The sign-in service does not say whether {email} is verified. If only its own people have addresses "
            f"there, the operator of this studio can set {TRUST} = true in .streamlit/secrets.toml."
        )
    if claims["email_verified"] is not True and claims["email_verified"] != "true":
        raise NotAllowedError(f"{email} is not verified by the sign-in service. Verify it there and sign in again.")


def _check_audience(audience: object, settings: Settings) -> None:
    """Refuse a token that was made for another application, although that was checked on arrival."""
    if audience is None or not settings.audiences:
        return
    named = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(one, str) and one in settings.audiences for one in named):
        raise NotAllowedError("That sign-in was meant for another application. Sign in again.")


def _issued_ms(issued: object) -> int:
    if isinstance(issued, int | float) and not isinstance(issued, bool):
        try:
            return int(issued * 1000)
        except (ValueError, OverflowError):  # not a number, or infinite
            pass
    raise NotAllowedError("That sign-in does not say when it was made. Sign in again.")


def _account(claims: Mapping[str, Any]) -> tuple[str, str]:
    issuer, subject = claims.get("iss"), claims.get("sub")
    if (
        not isinstance(issuer, str)
        or not isinstance(subject, str)
        or not 0 < len(issuer) <= LONGEST_ISSUER
        or not 0 < len(subject) <= LONGEST_SUBJECT
    ):
        raise NotAllowedError("The sign-in service does not identify the account (iss and sub). Ask its admin.")
    return issuer, subject
