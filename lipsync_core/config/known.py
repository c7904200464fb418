"""Every variable that the studio knows: one table, from which the settings are read and unknown names are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lipsync_core.config import kinds
from lipsync_core.config.variables import ALIKE_FROM, Given, Variable, table
from lipsync_core.providers import VENDORS, variable_prefix

MOST_SLOTS = 1_000
"""The most jobs that may be at a vendor at once."""

VENDOR_PREFIXES = tuple(map(variable_prefix, VENDORS))
"""The prefixes of the vendors' variables."""
PREFIXES = ("STUDIO_", *VENDOR_PREFIXES)

SANDBOX = Variable("STUDIO_SANDBOX", kinds.switch)
SANDBOX_SPEED = Variable("STUDIO_SANDBOX_SPEED", kinds.number(most=1_000_000))

PUBLIC_URL = Variable("STUDIO_PUBLIC_URL", kinds.address)
HOSTS = Variable("STUDIO_HOSTS", kinds.hosts)
PROXIES = Variable("STUDIO_PROXIES", kinds.networks)
PROXY = Variable("STUDIO_PROXY", kinds.proxy, secret=True)
FETCH_ALLOW = Variable("STUDIO_FETCH_ALLOW", kinds.hosts)
ALLOW_OPEN = Variable("STUDIO_ALLOW_OPEN", kinds.switch)

ADMIN = Variable("STUDIO_ADMIN", kinds.mailbox)
ENTRY_ROLE = Variable("STUDIO_ENTRY_ROLE", kinds.role)
ALLOWED_DOMAINS = Variable("STUDIO_ALLOWED_DOMAINS", kinds.domains)
ALLOWED_EMAILS = Variable("STUDIO_ALLOWED_EMAILS", kinds.mailboxes)
ALLOWED_GROUPS = Variable("STUDIO_ALLOWED_GROUPS", kinds.entries)
GROUPS_CLAIM = Variable("STUDIO_GROUPS_CLAIM", kinds.word)
SIGN_IN_HOURS = Variable("STUDIO_SIGN_IN_HOURS", kinds.number(most=8_760))
APPROVAL_DAYS = Variable("STUDIO_APPROVAL_DAYS", kinds.number(most=3_650))
APPROVE_OWN = Variable("STUDIO_APPROVE_OWN", kinds.switch)

NOTIFY_URL = Variable("STUDIO_NOTIFY_URL", kinds.receiver, secret=True)
NOTIFY_SECRET = Variable("STUDIO_NOTIFY_SECRET", kinds.signing_secret, secret=True)
NOTIFY_ALLOW = Variable("STUDIO_NOTIFY_ALLOW", kinds.hosts)

METRICS_TOKEN = Variable("STUDIO_METRICS_TOKEN", kinds.token, secret=True)
LOG = Variable("STUDIO_LOG", kinds.choice("text", "json"))

DATABASE_URL = Variable("STUDIO_DATABASE_URL", kinds.database, secret=True)
MEDIA_URL = Variable("STUDIO_MEDIA_URL", kinds.storage)
MEDIA_CACHE = Variable("STUDIO_MEDIA_CACHE", kinds.folder)
RATES_FILE = Variable("STUDIO_RATES_FILE", kinds.file)
TIMEZONE = Variable("STUDIO_TIMEZONE", kinds.timezone)
DRAFT_SLOTS = Variable("STUDIO_DRAFT_SLOTS", kinds.count(most=256, least=0))
POLL_INTERVAL_S = Variable("STUDIO_POLL_INTERVAL_S", kinds.number(most=86_400))

AWS = (
    Variable("AWS_ENDPOINT_URL", kinds.address),
    Variable("AWS_ENDPOINT_URL_S3", kinds.address),
    Variable("AWS_ACCESS_KEY_ID", kinds.word, secret=True),
    Variable("AWS_SECRET_ACCESS_KEY", kinds.word, secret=True),
    Variable("AWS_SESSION_TOKEN", kinds.word, secret=True),
    Variable("AWS_REGION", kinds.word),
    Variable("AWS_DEFAULT_REGION", kinds.word),
    Variable("AWS_PROFILE", kinds.words),
)
"""boto3's own variables, which may also be in ``.env``."""

CERTIFICATES = tuple(
    Variable(name, kinds.certificates)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
)
"""The usual variables of other programs for a file, or a folder, of trusted certificates."""

OWN: Mapping[str, Variable[Any]] = table(
    (*(found for found in list(globals().values()) if isinstance(found, Variable)), *AWS)
)
"""Every variable but the vendors', by name."""


def known(given: Given) -> Mapping[str, Variable[Any]]:
    """Return the table of all variables; the vendors' own code is loaded only if a name that is given may be theirs."""
    starts = tuple({prefix[:ALIKE_FROM] for prefix in VENDOR_PREFIXES})
    theirs = any(name not in OWN for name in given.lines) or any(name.startswith(starts) for name in given.environ)
    return {**OWN, **_of_vendors()} if theirs else OWN


def _of_vendors() -> Mapping[str, Variable[Any]]:
    from lipsync_core.providers.registry import PROVIDERS

    found: list[Variable[Any]] = []
    for provider in PROVIDERS.values():
        found += (Variable(name, kinds.key, secret=True) for name in provider.key_variables)
        found.append(Variable(provider.base_url_variable, kinds.address))
        found.append(Variable(provider.proxy_variable, kinds.proxy_or_none, secret=True))
        found.append(Variable(provider.slots_variable, kinds.count(most=MOST_SLOTS)))
        found += (Variable(one.variable, kinds.choice(*one.choices)) for one in provider.assumptions.values())
    return table(found)
