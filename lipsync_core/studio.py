"""The studio's front door: what pages, notebooks and scripts call. Needs no server and no Streamlit."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

from lipsync_core import workers
from lipsync_core.brief import (
    MEDIA_FIELDS,
    Brief,
    KeptMedium,
    Medium,
    MouthBox,
    mouth_box_error,
    option_errors,
)
from lipsync_core.briefs import BriefDesk, OpenBrief, new_brief_id
from lipsync_core.database import Database
from lipsync_core.engines import ENGINES, Engine
from lipsync_core.errors import BriefError, MediaError
from lipsync_core.job import Job, JobEvent, JobState
from lipsync_core.ledger import Filter, Ledger
from lipsync_core.links import Links
from lipsync_core.media import Kind, MediaStore, MediumFacts, Variant
from lipsync_core.naming import download_name
from lipsync_core.pricing import Qualifier, Quote
from lipsync_core.settings import Settings
from lipsync_core.tracker import STALE_S, Tracker

KINDS: Mapping[str, Kind] = {"image": "image", "audio": "audio"}
"""Which kind of medium each of a brief's fields takes."""

MISSING = {"image": "Add a picture.", "audio": "Add a voice."}
MAX_LINK_BYTES = 200 * 1024 * 1024
LINK_TIMEOUT_S = 60.0


class Studio:
    """Quotes, submits, waits for and lists jobs. Thread-safe."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        database = Database(settings.database_url)
        database.migrate()
        self._ledger = Ledger(database)
        self._desk = BriefDesk(database)
        self._store = MediaStore(settings.media_dir, database)
        self._links = Links(self._ledger.secret("links", secrets.token_bytes(32)))

    @classmethod
    def from_env(cls) -> Studio:
        """The studio that ``.env`` and the environment describe. Raises `SettingsError`."""
        return cls(Settings.from_env())

    # Quoting and submitting

    def quotes(self, brief: Brief) -> list[Quote]:
        """One quote for every engine that fits the brief's scene and media, cheapest first.

        Raises:
            BriefError: the media themselves cannot be used.
        """
        media = self._media(brief, keep=False)
        eligible = [engine for engine in ENGINES.values() if brief.engine in (None, engine.id)]
        quotes = [_quote(engine, brief, media) for engine in eligible if engine.scene == brief.scene]
        return sorted(quotes, key=lambda quote: (quote.usd_micros is None, quote.usd_micros or 0))

    def submit(self, brief: Brief, *, by: str, nonce: str | None = None) -> Job:
        """Queue one job for the brief. Its media are stored before the job exists.

        A nonce seen before returns that press's job; without one, identical briefs are different jobs.

        Raises:
            BriefError: the brief cannot be rendered; nothing was queued.
        """
        engine = ENGINES.get(brief.engine or "")
        if engine is None:
            raise BriefError({"engine": f"Choose an engine: {', '.join(ENGINES)}."})
        errors = option_errors(brief, engine)
        errors |= {field: MISSING[field] for field in MEDIA_FIELDS if getattr(brief, field) is None}
        if errors:
            raise BriefError(errors)
        media = self._media(brief, keep=True)
        quote = _quote(engine, brief, media)
        if quote.problems:
            raise BriefError({"mouth_box": " ".join(quote.problems)})
        kept: dict[str, Any] = {field: KeptMedium(facts.sha256, facts.name) for field, facts in media.items()}
        seed = secrets.randbelow(2**31) if brief.seed == -1 else brief.seed
        frozen = replace(brief, **kept, seed=seed, name=brief.name.strip(), project=brief.project.strip())
        return self._whole(self._ledger.add(frozen, quote, by=by, nonce=nonce))

    def _media(self, brief: Brief, *, keep: bool) -> dict[str, MediumFacts]:
        media: dict[str, MediumFacts] = {}
        errors: dict[str, str] = {}
        for field, kind in KINDS.items():
            medium: Medium | None = getattr(brief, field)
            if medium is None:
                continue
            try:
                media[field] = self._medium(medium, kind, keep=keep)
            except MediaError as error:
                errors[field] = str(error)
        image = media.get("image")
        if brief.mouth_box is not None and image is not None:
            problem = mouth_box_error(brief.mouth_box, image.width, image.height)
            if problem is not None:
                errors["mouth_box"] = problem
        if errors:
            raise BriefError(errors)
        return media

    def _medium(self, medium: Medium, kind: Kind, *, keep: bool) -> MediumFacts:
        if isinstance(medium, KeptMedium):
            facts = self._store.get(medium.sha256, kind)
            if facts is None:
                raise MediaError("No longer here", f"“{medium.name}” is not in the media store. Choose it again.")
            return replace(facts, name=medium.name)
        if isinstance(medium, str) and medium.lower().startswith(("http://", "https://")):
            return self.keep_link(medium, kind)
        if isinstance(medium, bytes):
            source: Path | bytes = medium
            name: str = kind
        else:
            source = Path(medium)
            name = source.name
            if not source.is_file():
                raise MediaError("No such file", f"There is no file at {medium}.")
        return self._store.keep(source, kind, name) if keep else self._store.look(source, kind, name)

    # Waiting and listing

    def wait(self, job_id: int, timeout_s: float = 600.0) -> Job:
        """The job, once it is in a state that it cannot leave by itself.

        Where no server tends the ledger, this does the work itself.

        Raises:
            TimeoutError: it is still pending after ``timeout_s`` seconds; it goes on all the same.
            UnknownJobError: there is no such job.
        """
        deadline = time.monotonic() + timeout_s
        while (job := self.job(job_id)).pending:
            if time.monotonic() >= deadline:
                raise TimeoutError(f"Job {job_id} is still {job.state} after {timeout_s:.0f} s. It was not stopped.")
            if self.tracker_alive():
                time.sleep(0.2)
            else:
                self._tend(job_id, deadline)
        return job

    def _tend(self, job_id: int, deadline: float) -> None:
        def ended() -> bool:
            return time.monotonic() >= deadline or not self._ledger.job(job_id).pending

        # A thread of its own, because the caller (a notebook) may already have a running event loop.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(lambda: asyncio.run(self.tracker().run(ended))).result()

    def jobs(self) -> Iterator[Job]:
        """All jobs, newest first."""
        return (self._whole(job) for job in self._ledger.all())

    def job(self, job_id: int) -> Job:
        """One job. Raises `UnknownJobError`."""
        return self._whole(self._ledger.job(job_id))

    def page(self, which: Filter, *, limit: int, offset: int = 0) -> list[Job]:
        """Some of the jobs that the filter lets through, newest first."""
        return [self._whole(job) for job in self._ledger.page(which, limit=limit, offset=offset)]

    def count(self, which: Filter) -> int:
        """How many jobs the filter lets through."""
        return self._ledger.count(which)

    def pending(self, limit: int = 12) -> list[Job]:
        """Jobs that are still being worked on, the next in line first."""
        return self._ledger.pending(limit)

    def ahead_of(self, job: Job) -> int:
        """How many pending jobs are older than this one."""
        return self._ledger.ahead_of(job.id)

    def history(self, job_id: int) -> list[JobEvent]:
        """What happened to a job, oldest first."""
        return self._ledger.history(job_id)

    def makers(self) -> list[str]:
        """Everybody who has made a job."""
        return self._ledger.makers()

    def withdraw(self, job_id: int, *, by: str) -> bool:
        """Take a job back, free of charge; False where that is no longer possible."""
        job = self._ledger.job(job_id)
        note = "withdrawn; nothing was charged"
        return job.can_withdraw and self._ledger.move(job_id, job.state, JobState.WITHDRAWN, by=by, note=note)

    def _whole(self, job: Job) -> Job:
        if job.output_sha256 is None:
            return job
        output = MediumFacts(job.output_sha256, "video", "", ".mp4", "video/mp4", 0)
        return replace(job, output=self._store.path(output))

    # Briefs being filled in

    def open_brief(self, brief_id: str) -> OpenBrief | None:
        """A brief that somebody is filling in, or None where nothing was entered under this id."""
        return self._desk.open(brief_id)

    def change_brief(self, brief_id: str, *, by: str, **changes: Any) -> None:
        """Set fields of a brief that is being filled in; media as `MediumFacts` or None."""
        values = {
            key: {"sha256": value.sha256, "name": value.name} if isinstance(value, MediumFacts) else value
            for key, value in changes.items()
        }
        self._desk.change(brief_id, by, values)

    def use_again(self, job_id: int, *, by: str) -> str:
        """Start a new brief with a job's media and options; returns its id. Raises `UnknownJobError`."""
        brief_id = new_brief_id()
        self._desk.change(brief_id, by, self._ledger.job(job_id).brief.to_dict())
        return brief_id

    def render(self, brief_id: str, *, engine: str, by: str) -> Job:
        """Submit an open brief. While it is pending unchanged, pressing again returns the same job.

        Raises:
            BriefError: the brief cannot be rendered; nothing was queued.
        """
        open_brief = self._desk.open(brief_id)
        if open_brief is None:
            raise BriefError(MISSING)
        brief = replace(open_brief.brief, engine=engine)
        last = None if open_brief.job_id is None else self.job(open_brief.job_id)
        if last is not None and last.pending and _same(last.brief, brief):
            return last
        job = self.submit(brief, by=by, nonce=f"{brief_id}.{open_brief.job_id or 0}")
        self._desk.rendered_as(brief_id, job.id)
        return job

    # Media

    def keep_medium(self, source: Path | bytes | BinaryIO, kind: Kind, name: str) -> MediumFacts:
        """Store a file that arrived. Raises `MediaError`; then nothing is kept."""
        return self._store.keep(source, kind, name)

    def keep_link(self, url: str, kind: Kind) -> MediumFacts:
        """Fetch a link through the guard and store what it leads to. Raises `MediaError` (`FetchError`)."""
        from lipsync_core.fetch import fetch

        with self._store.scratch("link") as scratch:
            path = scratch / "fetched"
            allow = self._settings.fetch_allow
            with ThreadPoolExecutor(1) as thread:
                request = fetch(url, path, allow=allow, max_bytes=MAX_LINK_BYTES, timeout_s=LINK_TIMEOUT_S)
                thread.submit(lambda: asyncio.run(request)).result()
            name = unquote(urlsplit(url).path).rsplit("/", 1)[-1]
            return self._store.keep(path, kind, name or kind)

    def medium(self, medium: Medium | None, kind: Kind) -> MediumFacts | None:
        """The facts of a stored medium under the name it was chosen by; None where it is not stored."""
        if not isinstance(medium, KeptMedium):
            return None
        facts = self._store.get(medium.sha256, kind)
        return None if facts is None else replace(facts, name=medium.name)

    def recent_media(self, kind: Kind, limit: int = 12) -> list[MediumFacts]:
        """What arrived lately, latest first."""
        return self._store.recent(kind, limit)

    def media_link(self, facts: MediumFacts, variant: Variant = "file") -> str:
        """A relative link to a stored medium, good for hours."""
        return self._links.to(facts, variant, name=f"{variant}{facts.extension if variant == 'file' else '.jpg'}")

    def thumbnail_link(self, job: Job) -> str | None:
        """A relative link to the job's picture, 224 pixels square; asks nothing of the ledger, so that a list may."""
        image = job.brief.image
        if not isinstance(image, KeptMedium):
            return None
        return self._links.to(
            MediumFacts(image.sha256, "image", "", ".jpg", "image/jpeg", 0), "thumb", name="thumb.jpg"
        )

    def preview(self, facts: MediumFacts) -> bytes:
        """A stored picture as a JPEG of at most 960 pixels, upright."""
        return self._store.path(facts, "preview").read_bytes()

    def output_link(self, job: Job, *, download: bool = False) -> str | None:
        """A relative link to a job's video; None where it has none."""
        if job.output_sha256 is None:
            return None
        facts = MediumFacts(job.output_sha256, "video", "", ".mp4", "video/mp4", 0)
        return self._links.to(facts, name=download_name(job), download=download)

    def linked_file(self, token: str) -> tuple[Path, str] | None:
        """The stored file and content type that a link's token leads to; None where it leads nowhere."""
        ref = self._links.read(token)
        facts = None if ref is None else self._store.get(ref.sha256, ref.kind)
        if ref is None or facts is None:
            return None
        path = self._store.path(facts, ref.variant)
        return (path, facts.mime if ref.variant == "file" else "image/jpeg") if path.is_file() else None

    def mouth_still(self, image: MediumFacts, box: MouthBox) -> bytes:
        """One JPEG frame with the mouth open at ``box``. Raises `RenderError` or `WorkerError`."""
        with self._store.scratch() as scratch:
            out = scratch / "still.jpg"
            arguments = {"image": str(self._store.path(image)), "mouth_box": box, "out": str(out)}
            workers.run("show_mouth", arguments, workers.Limits(memory_mb=2048, seconds=30))
            return out.read_bytes()

    # The tracker

    def tracker(self) -> Tracker:
        """A tracker for this studio's jobs; the server runs one for as long as it lives."""
        settings = self._settings
        return Tracker(self._ledger, self._store, slots=settings.draft_slots, poll_s=settings.poll_interval_s)

    def tracker_seen(self) -> datetime | None:
        """When a tracker last said that it is alive."""
        return self._ledger.tracker_seen()

    def tracker_alive(self) -> bool:
        """Whether some tracker said so lately enough to be believed."""
        seen = self.tracker_seen()
        return seen is not None and (datetime.now(UTC) - seen).total_seconds() < STALE_S


def _quote(engine: Engine, brief: Brief, media: Mapping[str, MediumFacts]) -> Quote:
    problems: list[str] = []
    warnings: list[str] = []
    audio, image = media.get("audio"), media.get("image")
    if image is not None and image.mouth is not None and brief.mouth_box is None:
        if not image.mouth.found:
            problems.append("No face was found in the picture: place the mouth yourself.")
        elif not image.mouth.sure:
            warnings.append("We are not sure where the mouth is: check the mouth box.")
    problems += option_errors(brief, engine).values()
    known = brief.resolution in engine.resolutions
    typical, slow = engine.timing.expected_s(audio.duration_s, brief.resolution) if audio and known else (None, None)
    return Quote(
        engine=engine.id,
        usd_micros=0,
        credits=None,
        billed_units=None,
        explanation="Made on this computer: free.",
        qualifier=Qualifier.EXACT,
        expected_s=typical,
        p90_s=slow,
        problems=tuple(problems),
        warnings=tuple(warnings),
    )


def _same(made: Brief, asked: Brief) -> bool:
    """Whether a job's brief is what is asked for now; a random seed was filled in when the job was made."""
    seed = made.seed if asked.seed == -1 else asked.seed
    return made == replace(asked, seed=seed, name=asked.name.strip(), project=asked.project.strip())
