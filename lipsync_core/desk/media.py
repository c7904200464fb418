"""Pictures, voices and videos: bringing them in, and links to them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from lipsync_core.brief import KeptMedium, Medium, MouthBox
from lipsync_core.delivery.file_names import download_name
from lipsync_core.desk.rooms import Part
from lipsync_core.errors import MediaError
from lipsync_core.job import Job
from lipsync_core.media.origin import Came
from lipsync_core.media.trim import trim
from lipsync_core.medium import Kind, MediumFacts, Variant
from lipsync_core.people.roles import Action
from lipsync_core.worker import process


class DeskMedia(Part):
    """Where people sign in, a link is for this visit alone and ends with it (`lipsync_core.delivery.links`)."""

    def keep(self, source: Path | bytes | BinaryIO, kind: Kind, name: str, *, came: Came = "file") -> MediumFacts:
        """Store a file that arrived. Raises `MediaError` and `NotAllowedError`; then nothing is kept."""
        self.seat.check(Action.MAKE)
        facts = self.rooms.store.keep(source, kind, name)
        self.rooms.library.arrived(facts, came, by=self.by)
        return facts

    def keep_link(self, url: str, kind: Kind) -> MediumFacts:
        """Fetch a link through the guard and store what it leads to.

        Raises `MediaError` (`FetchError`) and `NotAllowedError`.
        """
        self.seat.check(Action.MAKE)
        facts = self.rooms.intake.keep_link(url, kind)
        self.rooms.library.arrived(facts, "link", by=self.by)
        return facts

    def trim(self, whole: MediumFacts, start_s: float, end_s: float, *, listed: bool = True) -> MediumFacts:
        """The part of a kept voice or video between two instants, kept too.

        Raises `MediaError` and `NotAllowedError`.

        What is not ``listed`` is there to be listened to, and is not offered as an earlier one.
        """
        self.seat.check(Action.MAKE)
        return trim(self.rooms.store, whole, start_s, end_s, listed=listed)

    def facts(self, medium: Medium | None, kind: Kind) -> MediumFacts | None:
        """The facts of a stored medium under the name it was chosen by; None where it is not stored."""
        return self.rooms.intake.medium(medium, kind)

    def recent(self, kind: Kind, limit: int = 12) -> list[MediumFacts]:
        """What arrived lately, latest first."""
        return self.rooms.store.recent(kind, limit)

    def has_thumbnail(self, facts: MediumFacts) -> bool:
        """Whether there is a small picture of it: not of a voice, nor of a draft."""
        return self.rooms.store.path(facts, "thumb").is_file()

    def preview(self, facts: MediumFacts) -> bytes:
        """A stored picture as a JPEG of at most 960 pixels, upright. Raises `MediaError` where it is gone."""
        path = self.rooms.store.picture(facts, "preview")
        if path is None:
            raise MediaError("No longer here", f"“{facts.name}” is not in the media store. Choose it again.")
        return path.read_bytes()

    def mouth_still(self, image: MediumFacts, box: MouthBox) -> bytes:
        """One JPEG frame with the mouth open at ``box``. Raises `RenderError` or `WorkerError`."""
        with self.rooms.store.scratch() as scratch:
            out = scratch / "still.jpg"
            arguments = {"image": str(self.rooms.store.file(image) or ""), "mouth_box": box, "out": str(out)}
            process.run("show_mouth", arguments, process.Limits(memory_mb=2048, seconds=30))
            return out.read_bytes()

    def link(self, facts: MediumFacts, variant: Variant = "file") -> str:
        """A relative link to a stored medium."""
        name = f"{variant}{facts.extension if variant == 'file' else '.jpg'}"
        return self.rooms.links.to(facts, variant, name=name, person=self.seat.visit)

    def thumbnail_link(self, job: Job) -> str | None:
        """A relative link to the job's picture, 224 pixels square; asks nothing of the ledger, so that a list may.

        That of the picture or video it is made from, else of the finished video, unless that one cannot be played.
        """
        brief, output = job.brief, job.output_sha256 if job.error is None else None
        facts = MediumFacts(output or "", "video", "", ".mp4", "video/mp4", 0)
        if isinstance(brief.image, KeptMedium):
            facts = MediumFacts(brief.image.sha256, "image", "", ".jpg", "image/jpeg", 0)
        elif isinstance(brief.video, KeptMedium):
            facts = replace(facts, sha256=brief.video.sha256)
        return self.rooms.links.to(facts, "thumb", name="thumb.jpg", person=self.seat.visit) if facts.sha256 else None

    def output_link(self, job: Job, *, download: bool = False) -> str | None:
        """A relative link to a job's video; None where it has none."""
        if job.output_sha256 is None:
            return None
        return self.rooms.links.to(
            video_facts(job.output_sha256), name=download_name(job), person=self.seat.visit, download=download
        )


def video_facts(sha256: str) -> MediumFacts:
    """What a finished video is to the store."""
    return MediumFacts(sha256, "video", "", ".mp4", "video/mp4", 0)
