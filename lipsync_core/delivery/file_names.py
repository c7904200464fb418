"""The file name of a downloaded video: ``project-name-engine-date.mp4``, in the words that a person typed."""

from __future__ import annotations

import re
import unicodedata

from lipsync_core.job import Job

_LONGEST = 60


def download_name(job: Job) -> str:
    """Return a file name that works on every system, such as ``weekly-update-47-draft-2026-11-21.mp4``.

    A sandbox video says so at the end: ``weekly-update-47-joypix-motion-2-2026-11-21-sandbox.mp4``.
    """
    words = [_plain(job.brief.project), _plain(job.brief.title) or f"job-{job.id}"]
    kind = "draft" if job.is_draft else _plain(job.engine)
    mark = ["sandbox"] if job.sandbox else []
    return "-".join([*filter(None, words), kind, f"{job.created_at:%Y-%m-%d}", *mark]) + ".mp4"


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKC", text).lower()
    return re.sub(r"[^\w]+", "-", letters).strip("-_")[:_LONGEST]
