"""Renders a claimed draft on this computer, in a worker process. It is free and can be repeated."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lipsync_core import logs
from lipsync_core.brief import Brief, KeptMedium
from lipsync_core.errors import StudioError
from lipsync_core.espeak import HOW_TO_GET, LONGEST_S, PACE, PITCH, speaker, speakers
from lipsync_core.job import Job, JobState
from lipsync_core.ledger.claims import Claims
from lipsync_core.ledger.jobs import Ledger
from lipsync_core.media.store import MediaStore
from lipsync_core.medium import Kind, MediumFacts
from lipsync_core.pricing import spoken_s
from lipsync_core.worker.process import Limits, Withdrawn, run

log = logging.getLogger(__name__)

PROGRESS_S = 0.5
_START_S, _MOST_RTF, _MOST_REDUB_RTF = 120.0, 10.0, 60.0
"""How long a render may take: to start, and for each second of its video. A video of 4K at 60 pictures a second takes
26 for each on a busy computer."""

MOST_ATTEMPTS = 4
"""A render that was interrupted this often is given up: it may be what crashes the machine."""


@dataclass(frozen=True, slots=True)
class DraftRenderer:
    """Renders drafts. ``stopping`` returns True once the tracker shuts down."""

    ledger: Ledger
    claims: Claims
    store: MediaStore
    owner: str
    lease_s: float
    stopping: Callable[[], bool]

    def render(self, job: Job) -> None:
        """Render a claimed draft, from its media to the stored video; never raises."""
        with logs.about(job.id):
            self._render(job)

    def _render(self, job: Job) -> None:
        try:
            if job.attempts > MOST_ATTEMPTS:
                self._fail(job, f"The render was interrupted {MOST_ATTEMPTS} times, so it was not started again.")
            else:
                self._draft(job)
        except Withdrawn:
            pass  # a person, a shutdown or another tracker has it now
        except Exception as error:
            log.warning("job %s failed", job.id, exc_info=not isinstance(error, StudioError))
            try:
                self._fail(job, _reason(error))
            except Exception:  # the lease expires and the job is claimed again
                log.exception("job %s: the failure could not be recorded in the ledger", job.id)

    def _draft(self, job: Job) -> None:
        brief = job.brief
        task, asked, most_s = self._asked(brief)
        self.store.sweep(f"job-{job.id}-")
        with self.store.scratch(f"job-{job.id}-") as scratch:
            out = scratch / "video.mp4"
            arguments = {"out": str(out), **asked}
            limits = Limits(memory_mb=2048, seconds=most_s, in_bulk=job.batch is not None)
            hold = _Hold(
                lambda frames: not self.stopping() and self.claims.renew(job.id, self.owner, self.lease_s, frames),
                every_s=self.lease_s / 5,
            )
            found = run(task, arguments, limits, on_frames=hold.frames, wanted=hold.wanted)
            self._keep(job, out, found)

    def _asked(self, brief: Brief) -> tuple[str, dict[str, Any], float]:
        """Return the worker's task, its arguments but for ``out``, and how many seconds it may take at most."""
        match brief.scene:
            case "redub":
                return self._redub(brief)
            case "dialog":
                task, voices, length_s = self._dialog(brief)
            case _:
                task, voices, length_s = self._portrait(brief)
        _, picture = self._stored(brief.image, "image")
        asked = {"image": str(picture), **voices, "resolution": brief.resolution, "seed": brief.seed}
        return task, asked, _START_S + _MOST_RTF * length_s

    def _portrait(self, brief: Brief) -> tuple[str, dict[str, Any], float]:
        voice, length_s = self._voice(brief)
        return "render_draft", {**voice, "mouth_box": brief.mouth_box}, length_s

    def _redub(self, brief: Brief) -> tuple[str, dict[str, Any], float]:
        _, video = self._stored(brief.video, "video")
        voice, audio = self._stored(brief.audio, "audio")
        mask = None if brief.mask_image is None else str(self._stored(brief.mask_image, "image")[1])
        asked = {"video": str(video), "audio": str(audio), "mask": mask, "mouth_box": brief.mouth_box}
        return "render_draft_redub", asked, _START_S + _MOST_REDUB_RTF * voice.duration_s

    def _dialog(self, brief: Brief) -> tuple[str, dict[str, Any], float]:
        boxes = None if brief.left_mouth_box is None else [brief.left_mouth_box, brief.right_mouth_box]
        left, left_s = self._voice(brief, "left_")
        right, right_s = self._voice(brief, "right_")
        spoken = {
            "voices": [voice["audio"] for voice in (left, right)],
            "texts": [None if voice["audio"] is not None else voice for voice in (left, right)],
            "order": brief.order or "left_right",
            "mouth_boxes": boxes,
        }
        return "render_draft_dialog", spoken, left_s + right_s

    def _voice(self, brief: Brief, whose: str = "") -> tuple[dict[str, Any], float]:
        """Return the worker's arguments about what is heard, and about how many seconds that lasts at most.

        ``whose`` is the beginning of the fields of one of two people: ``left_`` or ``right_``.
        """
        text: str = getattr(brief, f"{whose}text")
        its_id: str | None = getattr(brief, f"{whose}speaker")
        if (given := getattr(brief, f"{whose}audio")) is not None:
            recording, audio = self._stored(given, "audio")
            return {"audio": str(audio)}, recording.duration_s
        who = None if its_id is None else speaker(its_id)
        if who is None:
            gone = f"The speaker “{its_id}” is not installed here any more. Choose another, then render again."
            raise StudioError(gone if speakers() else HOW_TO_GET)
        pace = PACE if brief.pace is None else brief.pace
        length_s = min(LONGEST_S, max(spoken_s(text)) * PACE / pace)
        return {
            "audio": None,
            "text": text,
            "speaker": who.voice,
            "pace": pace,
            "pitch": PITCH if brief.pitch is None else brief.pitch,
            "most_s": LONGEST_S,
        }, length_s

    def _keep(self, job: Job, out: Path, found: dict[str, Any]) -> None:
        if job.state is JobState.RENDERING:
            moved = self.ledger.move(job.id, JobState.RENDERING, JobState.ARCHIVING, owner=self.owner)
            if not moved:
                return
        kept = self.store.keep_rendered(out, found)
        done: dict[str, Any] = {
            "output_sha256": kept.sha256,
            "output_ms": round(1000 * kept.duration_s),
            "note": "kept",
        }
        if self.ledger.move(job.id, JobState.ARCHIVING, JobState.DONE, owner=self.owner, **done):
            logs.moved(job.id, JobState.DONE)

    def _stored(self, medium: object, kind: Kind) -> tuple[MediumFacts, Path]:
        facts = self.store.get(medium.sha256, kind) if isinstance(medium, KeptMedium) else None
        path = None if facts is None else self.store.file(facts)
        if facts is None or path is None:
            raise StudioError(f"The {kind} of this job is no longer in the media store.")
        return facts, path

    def _fail(self, job: Job, reason: str) -> None:
        for state in (JobState.RENDERING, JobState.ARCHIVING):
            if self.ledger.move(job.id, state, JobState.FAILED, owner=self.owner, note=reason, error=reason):
                logs.moved(job.id, JobState.FAILED)
                return


class _Hold:
    """Keeps a job's lease while a worker renders it, without a write for every frame."""

    def __init__(self, renew: Callable[[tuple[int, int] | None], bool], every_s: float) -> None:
        self._renew = renew
        self._every_s = every_s
        self._renewed_at = 0.0

    def frames(self, done: int, total: int) -> bool:
        due = done == total or time.monotonic() - self._renewed_at >= PROGRESS_S
        return self._now((done, total)) if due else True

    def wanted(self) -> bool:
        return self._now(None) if time.monotonic() - self._renewed_at >= self._every_s else True

    def _now(self, frames: tuple[int, int] | None) -> bool:
        self._renewed_at = time.monotonic()
        return self._renew(frames)


def _reason(error: Exception) -> str:
    if isinstance(error, StudioError):
        return str(error)
    if isinstance(error, OSError):
        return f"The video could not be written: {error.strerror or 'the disk refused it'}."
    return "An unexpected error stopped this render; the studio’s log has the details."
