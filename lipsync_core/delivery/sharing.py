"""Finished videos for other people: a review link that shows one, and a ZIP of several."""

from __future__ import annotations

from collections.abc import Sequence

from lipsync_core.delivery.file_names import download_name
from lipsync_core.delivery.links import Links
from lipsync_core.delivery.review_page import Reviewed
from lipsync_core.delivery.zip_stream import Packed
from lipsync_core.errors import UnknownJobError
from lipsync_core.job import Job
from lipsync_core.ledger.jobs import Ledger
from lipsync_core.media.store import MediaStore
from lipsync_core.people.rights import Guard, Person, everybody
from lipsync_core.people.roles import Action

MOST_DAYS = 90.0
MOST_ZIPPED = 500
"""The most jobs in one ZIP: their numbers are part of its link."""
_DAY_S = 86_400


class Sharing:
    """Makes such links, and returns their targets."""

    def __init__(self, ledger: Ledger, links: Links, store: MediaStore, guard: Guard = everybody) -> None:
        self._ledger = ledger
        self._links = links
        self._store = store
        self._guard = guard

    def review_link(self, job: Job, *, days: float = 7.0, by: str = "") -> str | None:
        """Return a relative link to a page that shows the job's video to anyone who has it; None without a video.

        It shows that video only, even if the job has another one later, and ends early if ``by`` is removed from the
        team. Raises `NotAllowedError` if ``by`` may not make clips, `ValueError` for a time that is not above zero, or
        is beyond `MOST_DAYS`.
        """
        self._guard(by, Action.MAKE)
        if not 0 < days <= MOST_DAYS:
            raise ValueError(f"a review link is valid for up to {MOST_DAYS:.0f} days, not for {days}")
        if job.output_sha256 is None:
            return None
        return self._links.to_review(job.id, job.output_sha256, days * _DAY_S, by=by)

    def reviewed(self, token: str) -> Reviewed | None:
        """Return what a review link shows; None if it is forged or has ended, or its video is no longer kept."""
        if (meant := self._links.read_review(token)) is None:
            return None
        facts = self._store.get(meant.sha256, "video")
        try:
            job = self._ledger.job(meant.job_id)
        except UnknownJobError:
            return None
        if facts is None or job.output_sha256 != meant.sha256 or self._store.file(facts) is None:
            return None
        spoken = job.is_draft and job.brief.is_written
        return Reviewed(
            name=job.brief.title or f"Video {job.id}",
            source=self._links.to_reviewed(facts, meant),
            until=self._links.end_of(meant),
            captions=self._links.to_reviewed_captions(facts, meant) if spoken else "",
            language=job.brief.language,
            remark="A draft, for judging timing and wording." if job.is_draft else _SANDBOX if job.sandbox else "",
        )

    def zip_link(self, jobs: Sequence[Job], *, name: str, person: Person | None = None) -> str | None:
        """Return a relative link for ``person`` that saves the videos of these jobs as one ZIP; None if there are none.

        Raises `ValueError` for more than `MOST_ZIPPED` jobs.
        """
        with_video = [job.id for job in jobs if job.output_sha256 is not None]
        if len(with_video) > MOST_ZIPPED:
            raise ValueError(f"a ZIP holds up to {MOST_ZIPPED} videos, not {len(with_video)}")
        return self._links.to_zip(with_video, name=name, person=person) if with_video else None

    def zipped(self, token: str) -> list[Packed] | None:
        """Return the files of a ZIP's link that are still kept; None if it is forged or has expired."""
        if (job_ids := self._links.read_zip(token)) is None:
            return None
        files = []
        for job in map(self._ledger.job, job_ids):
            facts = None if job.output_sha256 is None else self._store.get(job.output_sha256, "video")
            if facts is not None and (path := self._store.file(facts)) is not None:
                name = download_name(job).removesuffix(".mp4") + facts.extension
                files.append(Packed(name, path, job.finished_at or job.created_at))
        return files


_SANDBOX = "Made in the sandbox, for trying things out: no vendor rendered it."
