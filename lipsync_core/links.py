"""Links to stored media: signed, expiring, and the same for hours, so that a player does not start over."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from itsdangerous import BadSignature, URLSafeSerializer

from lipsync_core.media import Kind, MediumFacts, Variant

MEDIA_ROUTE = "/app/static/media"
"""The one relative prefix that Streamlit's players take is ``/app/static``."""

PERIOD_S = 6 * 3600
"""A link is good for one to two of these."""

ZIP_ROUTE = "/app/static/zip"
REVIEW_ROUTE = "/review"


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
        self._reviews = URLSafeSerializer(secret, salt="review")
        self._zips = URLSafeSerializer(secret, salt="zip")

    def to(
        self,
        facts: MediumFacts,
        variant: Variant = "file",
        *,
        name: str,
        download: bool = False,
        until: int | None = None,
    ) -> str:
        """A relative link to a medium, which a browser saves as ``name`` where ``download``.

        It is good for hours, or until that second.
        """
        token = self._serializer.dumps([facts.sha256, facts.kind, variant, until or _for_hours()])
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

    def to_review(self, job_id: int, sha256: str, until: int) -> str:
        """A relative link to the page that shows one video of one job until that second."""
        return f"{REVIEW_ROUTE}/{self._reviews.dumps([job_id, sha256, until])}"

    def read_review(self, token: str) -> tuple[int, str, int] | None:
        """The job, the video and the last second that a review's token names; None where it is forged or over."""
        try:
            job_id, sha256, until = self._reviews.loads(token)
        except (BadSignature, ValueError, TypeError):
            return None
        return (job_id, sha256, until) if time.time() < until else None

    def to_zip(self, job_ids: Sequence[int], *, name: str) -> str:
        """A relative link that saves the videos of these jobs as one ZIP; good for hours."""
        return f"{ZIP_ROUTE}/{self._zips.dumps([list(job_ids), _for_hours()])}/{quote(name, safe='')}"

    def read_zip(self, token: str) -> list[int] | None:
        """The jobs that a ZIP's token names; None where it is forged or over."""
        try:
            job_ids, until = self._zips.loads(token)
        except (BadSignature, ValueError, TypeError):
            return None
        return list(job_ids) if time.time() < until else None


def _for_hours() -> int:
    """The second until which a link made now is good: the same for hours."""
    return (int(time.time()) // PERIOD_S + 2) * PERIOD_S
