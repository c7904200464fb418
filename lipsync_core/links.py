"""Links to stored media: signed, expiring, and the same for hours, so that a player does not start over."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import quote

from itsdangerous import BadSignature, URLSafeSerializer

from lipsync_core.media import Kind, MediumFacts, Variant

MEDIA_ROUTE = "/app/static/media"
"""The one relative prefix that Streamlit's players take is ``/app/static``."""

PERIOD_S = 6 * 3600
"""A link is good for one to two of these."""


@dataclass(frozen=True, slots=True)
class MediaRef:
    """What a link leads to."""

    sha256: str
    kind: Kind
    variant: Variant


class Links:
    """Makes and reads media links with the studio's own secret."""

    def __init__(self, secret: bytes) -> None:
        self._serializer = URLSafeSerializer(secret, salt="media")

    def to(self, facts: MediumFacts, variant: Variant = "file", *, name: str, download: bool = False) -> str:
        """A relative link to a medium, which a browser saves as ``name`` where ``download``."""
        until = (int(time.time()) // PERIOD_S + 2) * PERIOD_S
        token = self._serializer.dumps([facts.sha256, facts.kind, variant, until])
        return f"{MEDIA_ROUTE}/{token}/{quote(name, safe='')}{'?download' if download else ''}"

    def path_for(self, facts: MediumFacts, good_for_s: float) -> str:
        """``/token/name`` for somebody who fetches the medium itself within ``good_for_s`` seconds."""
        until = int(time.time() + good_for_s)
        token = self._serializer.dumps([facts.sha256, facts.kind, "file", until])
        return f"/{token}/{facts.kind}{facts.extension}"

    def read(self, token: str) -> MediaRef | None:
        """What a token leads to; None where it is forged or has expired."""
        try:
            sha256, kind, variant, until = self._serializer.loads(token)
        except (BadSignature, ValueError, TypeError):
            return None
        return MediaRef(sha256, kind, variant) if time.time() < until else None
