"""Pictures, voices and videos: adding them, and links to them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePath
from typing import BinaryIO, Literal

from lipsync_core.brief import KeptMedium, Medium, MouthBox
from lipsync_core.delivery.file_names import download_name
from lipsync_core.desk.rooms import Part
from lipsync_core.errors import MediaError
from lipsync_core.job import Job
from lipsync_core.media.origin import Came
from lipsync_core.media.trim import trim
from lipsync_core.medium import Kind, MediumFacts, Variant
from lipsync_core.people.roles import Action

Captions = Literal["vtt", "srt"]
"""WebVTT, as browsers show it, and SubRip, as most editors take it."""


PLAYED = frozenset(
    {"audio/wav", "audio/mpeg", "audio/mp4", "audio/aac", "audio/flac", "audio/ogg", "audio/webm"}
    | {"video/mp4", "video/webm", "video/quicktime"}
)
"""The types that Chrome, Firefox and Safari play."""


class DeskMedia(Part):
    """Media of the store. If people sign in, a link works for this visit only (`lipsync_core.delivery.links`)."""

    def keep(self, source: Path | bytes | BinaryIO, kind: Kind, name: str, *, came: Came = "file") -> MediumFacts:
        """Store an added file. Raises `MediaError` and `NotAllowedError`; then nothing is stored."""
        self.seat.check(Action.MAKE)
        facts = self.rooms.store.keep(source, kind, name)
        self.rooms.library.arrived(facts, came, by=self.by)
        return facts

    def keep_link(self, url: str, kind: Kind) -> MediumFacts:
        """Fetch a link through the guard and store the file.

        Raises `MediaError` (`FetchError`) and `NotAllowedError`.
        """
        self.seat.check(Action.MAKE)
        facts = self.rooms.intake.keep_link(url, kind)
        self.rooms.library.arrived(facts, "link", by=self.by)
        return facts

    def trim(self, whole: MediumFacts, start_s: float, end_s: float, *, listed: bool = True) -> MediumFacts:
        """Store the part of a stored voice or video between two times, and return it.

        A part that is not ``listed`` is only a preview and is not offered among the recent media.

        Raises `MediaError` and `NotAllowedError`.
        """
        self.seat.check(Action.MAKE)
        return trim(self.rooms.store, whole, start_s, end_s, listed=listed)

    def facts(self, medium: Medium | None, kind: Kind) -> MediumFacts | None:
        """Return the facts of a stored medium under the name it was chosen by; None if it is not stored."""
        return self.rooms.intake.medium(medium, kind)

    def recent(self, kind: Kind, limit: int = 12) -> list[MediumFacts]:
        """Return recently added media, latest first."""
        return self.rooms.store.recent(kind, limit)

    def has_thumbnail(self, facts: MediumFacts) -> bool:
        """Return whether there is a thumbnail: voices and drafts have none."""
        return self.rooms.store.path(facts, "thumb").is_file()

    def preview(self, facts: MediumFacts) -> bytes:
        """Return a stored picture as an upright JPEG of at most 960 pixels. Raise `MediaError` if it is gone."""
        path = self.rooms.store.picture(facts, "preview")
        if path is None:
            raise MediaError("No longer here", f"“{facts.name}” is not in the media store. Choose it again.")
        return path.read_bytes()

    def link(self, facts: MediumFacts, variant: Variant = "file") -> str:
        """Return a relative link to a stored medium."""
        name = f"{variant}{facts.extension if variant == 'file' else '.jpg'}"
        return self.rooms.links.to(facts, variant, name=name, person=self.seat.visit)

    def player_link(self, facts: MediumFacts) -> tuple[str, str] | None:
        """Return a relative link to a voice or a video as browsers play it, and its content type.

        A voice that they do not play is made a WAV when it is first fetched; None for such a video.
        """
        if facts.mime in PLAYED:
            return self.link(facts), facts.mime
        if facts.kind == "video":
            return None
        return self.rooms.links.to_made(facts, "playable", person=self.seat.visit), "audio/wav"

    def waveform_link(self, facts: MediumFacts) -> str:
        """Return a relative link to the outline of a stored sound: up to 600 numbers from 0 to 100, as JSON.

        It is made when it is first fetched, so a page that draws the link does not wait for it.
        """
        return self.rooms.links.to_made(facts, "waveform", person=self.seat.visit)

    def speaking_link(self, image: MediumFacts, box: MouthBox) -> str:
        """Return a relative link to a short silent video in which the mouth at ``box`` opens and closes.

        It is made when it is first fetched, so a page that draws the link does not wait for it.
        """
        return self.rooms.links.to_made(image, "speaking", box=box, person=self.seat.visit)

    def opened_link(self, seen: MediumFacts, box: MouthBox) -> str:
        """Return a relative link to a JPEG of a picture, or of a video's first one, whose mouth at ``box`` is open.

        It is made when it is first fetched, so a page that draws the link does not wait for it.
        """
        return self.rooms.links.to_made(seen, "opened", box=box, person=self.seat.visit)

    def thumbnail_link(self, job: Job) -> str | None:
        """Return a relative link to the job's thumbnail, 224 pixels square; reads no ledger, so lists may call it.

        It shows the picture or video that the job is made from, else the finished video unless it cannot be played.
        """
        brief, output = job.brief, job.output_sha256 if job.error is None else None
        facts = MediumFacts(output or "", "video", "", ".mp4", "video/mp4", 0)
        if isinstance(brief.image, KeptMedium):
            facts = MediumFacts(brief.image.sha256, "image", "", ".jpg", "image/jpeg", 0)
        elif isinstance(brief.video, KeptMedium):
            facts = replace(facts, sha256=brief.video.sha256)
        return self.rooms.links.to(facts, "thumb", name="thumb.jpg", person=self.seat.visit) if facts.sha256 else None

    def output_link(self, job: Job, *, download: bool = False) -> str | None:
        """Return a relative link to a job's video; None if it has none."""
        if job.output_sha256 is None:
            return None
        return self.rooms.links.to(
            video_facts(job.output_sha256), name=download_name(job), person=self.seat.visit, download=download
        )

    def captions_link(self, job: Job, what: Captions = "vtt", *, download: bool = False) -> str | None:
        """Return a relative link to the captions of a text that a draft spoke; None if a job has none."""
        if not (job.is_draft and job.brief.is_written and job.output_sha256):
            return None
        name = PurePath(download_name(job)).stem
        facts = video_facts(job.output_sha256)
        return self.rooms.links.to_made(facts, what, person=self.seat.visit, name=name, download=download)


def video_facts(sha256: str) -> MediumFacts:
    """Return a finished video's facts as the store needs them."""
    return MediumFacts(sha256, "video", "", ".mp4", "video/mp4", 0)
