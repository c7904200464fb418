"""Links to stored media: signed, expiring, and unchanged for hours, so that a player does not restart.

If people sign in, a link is bound to one person and their visit: it ends at once when that person signs out or is
removed, and otherwise after one to two hours. A much shorter time would break the download button of a tab left open
over lunch, without improving security.
Two kinds of links are for others. A vendor's link outlives the vendor's queue, because a paid job needs it. A review
link outlives its maker's visit, but not their membership: a removed person leaves no access behind.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from itsdangerous import BadSignature, URLSafeSerializer

from lipsync_core.brief import MouthBox
from lipsync_core.media.made import FILES, What, made_of
from lipsync_core.media.store import MediaStore
from lipsync_core.medium import Kind, MediumFacts, Variant
from lipsync_core.people.rights import Person
from lipsync_core.people.team import People

MEDIA_ROUTE = "/app/static/media"
"""Streamlit's players accept only one relative prefix: ``/app/static``."""

PERIOD_S = 6 * 3600
"""A link is valid for one to two of these periods."""
SIGNED_IN_PERIOD_S = 3600
"""The same period if people sign in."""
VENDOR = "*"
"""The person in a link with which a vendor fetches a file."""
_MARK = 16
"""Length of the hash that stands for a person or a visit in a link; neither can be derived from it."""

MADE_ROUTE = "/app/static/made"
ZIP_ROUTE = "/app/static/zip"
REVIEW_ROUTE = "/review"


@dataclass(frozen=True, slots=True)
class MediaRef:
    """The target of a link."""

    sha256: str
    kind: Kind
    variant: Variant


@dataclass(frozen=True, slots=True)
class MadeRef:
    """The target of a link to what is made of a medium."""

    sha256: str
    kind: Kind
    what: What
    box: MouthBox | None = None
    """Where the mouth is, in the picture's pixels."""


@dataclass(frozen=True, slots=True)
class ReviewRef:
    """The target of a review link, its end, and its maker."""

    job_id: int
    sha256: str
    until: int
    by: str
    """The maker's mark."""


class Links:
    """Makes and reads media links with the studio's own secret; ``people`` is the team if people sign in.

    Making a link reads no database, so lists may do it. ``clock`` gives seconds and is the same whoever sets the
    computer's clock, so that a link neither ends early nor comes back to life when that is set.
    """

    def __init__(self, secret: bytes, people: People | None = None, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock or (lambda: time.time())
        self._secret = secret
        self._people = people
        self._serializer = URLSafeSerializer(secret, salt="media")
        self._reviews = URLSafeSerializer(secret, salt="review")
        self._made = URLSafeSerializer(secret, salt="made")
        self._zips = URLSafeSerializer(secret, salt="zip")

    def to(
        self,
        facts: MediumFacts,
        variant: Variant = "file",
        *,
        name: str,
        person: Person | None = None,
        download: bool = False,
    ) -> str:
        """Return a relative link to a medium for ``person``; with ``download``, a browser saves it as ``name``."""
        token = self._serializer.dumps([facts.sha256, facts.kind, variant, self._until(), *self._bound(person)])
        return f"{MEDIA_ROUTE}/{token}/{quote(name, safe='')}{'?download' if download else ''}"

    def path_for(self, facts: MediumFacts, good_for_s: float) -> str:
        """Return ``/token/name`` for a vendor that fetches the medium itself within ``good_for_s`` seconds."""
        until = int(self._clock() + good_for_s)
        token = self._serializer.dumps([facts.sha256, facts.kind, "file", until, VENDOR, ""])
        return f"/{token}/{facts.kind}{facts.extension}"

    def read(self, token: str) -> MediaRef | None:
        """Return the target of a token; None if it is forged or expired, or its person no longer has access."""
        try:
            sha256, kind, variant, *bounds = self._serializer.loads(token)
            return MediaRef(sha256, kind, variant) if self._is_open(*bounds) else None
        except (BadSignature, ValueError, TypeError):
            return None

    def to_made(
        self,
        facts: MediumFacts,
        what: What,
        *,
        box: MouthBox | None = None,
        person: Person | None = None,
        name: str = "",
        download: bool = False,
    ) -> str:
        """Return a relative link for ``person`` to what is made of a medium when the link is followed.

        With ``download``, a browser saves it as ``name``, with its own extension.
        """
        token = self._made.dumps([facts.sha256, facts.kind, what, box, self._until(), *self._bound(person)])
        called = quote(f"{name or what}{FILES[what][0]}", safe="")
        return f"{MADE_ROUTE}/{token}/{called}{'?download' if download else ''}"

    def read_made(self, token: str) -> MadeRef | None:
        """Return the target of such a token; None if it is forged or expired, or its person has no access."""
        try:
            sha256, kind, what, box, *bounds = self._made.loads(token)
            return MadeRef(sha256, kind, what, box and tuple(box)) if self._is_open(*bounds) else None
        except (BadSignature, ValueError, TypeError):
            return None

    def to_review(self, job_id: int, sha256: str, good_for_s: float, *, by: str) -> str:
        """Return a relative link, made by ``by``, to the page that shows one video of one job for so many seconds."""
        until = int(self._clock() + good_for_s)
        return f"{REVIEW_ROUTE}/{self._reviews.dumps([job_id, sha256, until, self._mark(by)])}"

    def read_review(self, token: str) -> ReviewRef | None:
        """Return the target of a review's token; None if it is forged or expired, or its maker was removed."""
        try:
            job_id, sha256, until, by = self._reviews.loads(token)
            return ReviewRef(job_id, sha256, until, by) if self._is_open(until, by, "") else None
        except (BadSignature, ValueError, TypeError):
            return None

    def to_reviewed(self, facts: MediumFacts, review: ReviewRef) -> str:
        """Return a relative link to a review's video, which ends with the review."""
        token = self._serializer.dumps([facts.sha256, facts.kind, "file", review.until, review.by, ""])
        return f"{MEDIA_ROUTE}/{token}/video{facts.extension}"

    def to_reviewed_captions(self, facts: MediumFacts, review: ReviewRef) -> str:
        """Return a relative link to the captions of a review's video, which ends with the review."""
        token = self._made.dumps([facts.sha256, facts.kind, "vtt", None, review.until, review.by, ""])
        return f"{MADE_ROUTE}/{token}/captions.vtt"

    def to_zip(self, job_ids: Sequence[int], *, name: str, person: Person | None = None) -> str:
        """Return a relative link for ``person`` that saves the videos of these jobs as one ZIP."""
        token = self._zips.dumps([list(job_ids), self._until(), *self._bound(person)])
        return f"{ZIP_ROUTE}/{token}/{quote(name, safe='')}"

    def read_zip(self, token: str) -> list[int] | None:
        """Return the jobs in a ZIP's token; None if it is forged or expired, or its person has no access."""
        try:
            job_ids, *bounds = self._zips.loads(token)
            return list(job_ids) if self._is_open(*bounds) else None
        except (BadSignature, ValueError, TypeError):
            return None

    def end_of(self, review: ReviewRef) -> datetime:
        """Return when a review ends, as the calendar clock shows it now."""
        return datetime.now(UTC) + timedelta(seconds=review.until - self._clock())

    def _until(self) -> int:
        """Return the second until which a link made now is valid; it is the same for a whole period."""
        period_s = PERIOD_S if self._people is None else SIGNED_IN_PERIOD_S
        return (int(self._clock()) // period_s + 2) * period_s

    def _bound(self, person: Person | None) -> tuple[str, str]:
        if person is None:
            return "", ""
        return self._mark(person.email), "" if person.visit is None else person.visit.id[:_MARK]

    def _mark(self, email: str) -> str:
        return hmac.new(self._secret, email.encode(), hashlib.sha256).hexdigest()[:_MARK] if email else ""

    def _is_open(self, until: int, who: str, visit: str) -> bool:
        if self._clock() >= until:
            return False
        if self._people is None or who == VENDOR:
            return True
        if visit and self._people.has_ended(visit):
            return False
        return any(self._mark(email) == who for email in self._people.here())


def file_of(ref: MediaRef, store: MediaStore) -> tuple[Path, str] | None:
    """Return the stored file that a link leads to, and its content type; None if it is gone. Raises `BucketError`."""
    if ref.variant != "file":  # a list's thumbnail may outlive the file it shows
        path = store.picture(MediumFacts(ref.sha256, ref.kind, "", ".jpg", "image/jpeg", 0), ref.variant)
        return None if path is None else (path, "image/jpeg")
    facts = store.get(ref.sha256, ref.kind)
    path = None if facts is None else store.file(facts)
    return None if facts is None or path is None else (path, facts.mime)


def made_file(ref: MadeRef, store: MediaStore) -> tuple[Path, str] | None:
    """Return the file that was made of a medium, and its content type; None if there is none. Raises `BucketError`."""
    facts = store.get(ref.sha256, ref.kind)
    path = None if facts is None else made_of(store, facts, ref.what, ref.box)
    return None if path is None else (path, FILES[ref.what][1])
