"""What a downloaded video is called: ``project-name-engine-date.mp4``, in words a person typed."""

from __future__ import annotations

import re
import unicodedata

from lipsync_core.job import Job

_LONGEST = 60


def download_name(job: Job) -> str:
    """A file name that every system takes, such as ``weekly-update-47-draft-2026-11-21.mp4``."""
    words = [_plain(job.brief.project), _plain(job.brief.name) or f"job-{job.id}"]
    kind = "draft" if job.is_draft else _plain(job.engine)
    return "-".join([*filter(None, words), kind, f"{job.created_at:%Y-%m-%d}"]) + ".mp4"


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKC", text).lower()
    return re.sub(r"[^\w]+", "-", letters).strip("-_")[:_LONGEST]
