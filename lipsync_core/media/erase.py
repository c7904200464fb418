"""All that is kept of one face or voice: finding it, and deleting it for good.

It is followed from one medium or presenter: to what it was made of and what was made of it, to the jobs whose brief
used any of that, to their finished videos, and on to what was made of those. A voice is followed only where it is
heard: a video whose sound was replaced has lost it. Jobs themselves stay in the ledger, without their videos.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from sqlalchemy import Connection, RowMapping, and_, delete, or_, select

from lipsync_core.brief import MEDIA_FIELDS, VOICE_FIELDS
from lipsync_core.db import audit_log
from lipsync_core.db.database import Database
from lipsync_core.db.schema import arrivals, jobs, library, media
from lipsync_core.errors import BucketError, LibraryError
from lipsync_core.job import LIVE, NEEDS_MEDIA
from lipsync_core.media.cleanup import AT_ONCE, bytes_of, copies_of, forget, media_in, named
from lipsync_core.media.library import Check
from lipsync_core.media.store import MediaStore, from_row
from lipsync_core.medium import Kind, MediumFacts
from lipsync_core.people.roles import Action

"""The fields of a brief that are heard."""

_NOTE = "The video was cleaned up: it was deleted with all else that was kept of a face or a voice."


@dataclass(frozen=True, slots=True)
class Root:
    """What a search begins with: an entry of the library, or a stored medium."""

    item_id: int | None = None
    sha256: str = ""
    kind: Kind = "image"


@dataclass(frozen=True, slots=True)
class Traces:
    """All that is kept of a face or a voice."""

    root: Root
    name: str
    media: tuple[MediumFacts, ...] = ()
    """What can go: brought files, parts and other formats of them, finished videos."""
    jobs: tuple[int, ...] = ()
    """Every job that was made of it."""
    videos: tuple[int, ...] = ()
    """Jobs whose finished video is among what goes."""
    entries: tuple[str, ...] = ()
    """The names of the library's entries that go with it."""
    staying: tuple[MediumFacts, ...] = ()
    """What cannot go yet."""
    waiting: tuple[int, ...] = ()
    """Jobs that still need it, or are about to bring a video of it."""
    vendors: tuple[str, ...] = ()
    """Vendors that were sent something of it, by id: what they keep is out of reach."""

    @property
    def bytes(self) -> int:
        """How much room what goes takes, each content counted once."""
        return bytes_of(self.media)


@dataclass(slots=True)
class _Web:
    """What hangs together, by content."""

    hashes: set[str]
    creator: tuple[str, str] | None
    """A presenter's id and environment."""
    fields: tuple[str, ...]
    used_by: dict[int, RowMapping] = field(default_factory=dict)


class Eraser:
    """Finds and deletes. Thread-safe. ``elsewhere`` removes other copies on this computer: it is told which content."""

    def __init__(
        self, database: Database, store: MediaStore, check: Check, elsewhere: Callable[[Collection[MediumFacts]], None]
    ) -> None:
        self._db = database
        self._store = store
        self._check = check
        self._elsewhere = elsewhere

    def traces(self, root: Root) -> Traces:
        """What is kept; takes nothing away. Raises `LibraryError` where the entry or medium is not here any more."""
        with self._db.read() as connection:
            return _traces(connection, root)[0]

    def erase(self, shown: Traces, *, by: str) -> Traces:
        """Delete for good what was ``shown`` and is still free to go; returns what is left.

        What a person may not handle, for one thing of it is somebody else's, stays altogether. A file that the system
        or the bucket does not give up stays with all that is known of it.

        Raises `LibraryError` and `NotAllowedError`; then nothing was deleted.
        """
        with self._db.read() as connection:
            found, owners = _traces(connection, shown.root)
        for owner in owners or {""}:
            self._check(by, Action.HANDLE, owner=owner)
        seen = {facts.sha256 for facts in shown.media}
        hashes = list(dict.fromkeys(facts.sha256 for facts in found.media if facts.sha256 in seen))
        parts = (hashes[start : start + AT_ONCE] for start in range(0, len(hashes), AT_ONCE))
        gone = [facts for part in parts for facts in self._some(found, part, by)]
        self._elsewhere(gone)
        return self._left(found, by)

    def _some(self, found: Traces, hashes: Collection[str], by: str) -> list[MediumFacts]:
        # The files go before the rows are durable: after a power cut in between, the next search finds the rows.
        with self._db.write() as connection:
            needed = _needed(connection, found.media)
            free = [facts for facts in found.media if facts.sha256 in hashes and facts.sha256 not in needed]
            removed = [facts for facts in free if self._remove(facts)]
            stuck = {facts.sha256 for facts in free} - {facts.sha256 for facts in removed}
            gone = [facts for facts in removed if facts.sha256 not in stuck]
            job_ids = forget(connection, gone, by=by, note=_NOTE)
            theirs = (library.c.ref.in_({facts.sha256 for facts in gone}), library.c.id != (found.root.item_id or 0))
            connection.execute(delete(library).where(library.c.kind != "creator", *theirs))
            if gone:
                took = {"files": len(gone), "bytes": bytes_of(gone), "jobs": job_ids}
                audit_log.note(connection, by, "deleted a face or a voice", "media", found.name, before=took)
        return gone

    def _left(self, found: Traces, by: str) -> Traces:
        """What is still here. The entry that the search began with goes last: until then it leads back here."""
        root = found.root
        with self._db.write() as connection:
            if not _is_here(connection, root):
                kept = (*found.media, *found.staying)
                here = select(media.c.sha256).where(media.c.sha256.in_({facts.sha256 for facts in kept}))
                hashes = set(connection.execute(here).scalars())
                return Traces(root, found.name, staying=tuple(facts for facts in kept if facts.sha256 in hashes))
            left, _owners = _traces(connection, root)
            if root.item_id is not None and not (left.media or left.staying or left.waiting):
                connection.execute(delete(library).where(library.c.id == root.item_id))
                audit_log.note(connection, by, "removed from the library", "library", found.name)
                return Traces(root, found.name)
        return left

    def _remove(self, facts: MediumFacts) -> bool:
        try:
            self._store.remove(facts)
        except (OSError, BucketError):
            return False
        return True


def _is_here(connection: Connection, root: Root) -> bool:
    if root.item_id is not None:
        return connection.execute(select(library.c.id).where(library.c.id == root.item_id)).first() is not None
    this = (media.c.sha256 == root.sha256, media.c.kind == root.kind)
    return connection.execute(select(media.c.kind).where(*this)).first() is not None


def _traces(connection: Connection, root: Root) -> tuple[Traces, set[str]]:
    """What is kept of it, and whose it is."""
    name, owners, web = _begin(connection, root)
    stored = [from_row(row) for row in connection.execute(select(media).order_by(media.c.arrived_ms)).mappings()]
    _follow(connection, web, stored)
    needed = _needed(connection, stored)
    kept = named(connection, [facts for facts in stored if facts.sha256 in web.hashes])
    going = tuple(facts for facts in kept if facts.sha256 not in needed)
    staying = tuple(facts for facts in kept if facts.sha256 in needed)
    waiting = tuple(job_id for job_id, job in sorted(web.used_by.items()) if job["state"] in NEEDS_MEDIA)
    refs = {facts.sha256 for facts in going}
    loses = select(jobs.c.id, jobs.c.made_by).where(jobs.c.output_sha256.in_(refs)).order_by(jobs.c.id)
    videos = connection.execute(loses).all()
    theirs = (library.c.kind != "creator", library.c.ref.in_(refs), library.c.id != (root.item_id or 0))
    goes = or_(and_(*theirs), library.c.id == (0 if waiting or staying else root.item_id or 0))
    entries = connection.execute(select(library.c.name, library.c.made_by).where(goes).order_by(library.c.id)).all()
    sent = [job for job in web.used_by.values() if job["sent_ms"] is not None and job["environment"] == LIVE]
    brought = connection.execute(select(arrivals.c.made_by).where(arrivals.c.sha256.in_(refs))).scalars()
    found = Traces(
        root=root,
        name=name,
        media=going,
        jobs=tuple(sorted(web.used_by)),
        videos=tuple(row.id for row in videos),
        entries=tuple(row.name for row in entries),
        staying=staying,
        waiting=waiting,
        vendors=tuple(sorted({job["provider"] for job in sent})),
    )
    return found, owners | {row.made_by for row in (*videos, *entries)} | set(brought)


def _begin(connection: Connection, root: Root) -> tuple[str, set[str], _Web]:
    if root.item_id is None:
        this = (media.c.sha256 == root.sha256, media.c.kind == root.kind)
        if (medium := connection.execute(select(media.c.name).where(*this)).scalar()) is None:
            raise LibraryError("It is no longer here. Nothing was changed.")
        return medium, set(), _Web({root.sha256}, None, VOICE_FIELDS if root.kind == "audio" else MEDIA_FIELDS)
    item = connection.execute(select(library).where(library.c.id == root.item_id)).mappings().first()
    if item is None:
        raise LibraryError("It is no longer in the library. Nothing was changed.")
    fields = VOICE_FIELDS if item["kind"] == "audio" else MEDIA_FIELDS
    is_creator = item["kind"] == "creator"
    creator = (item["ref"], item["environment"]) if is_creator else None
    return item["name"], {item["made_by"]}, _Web(set() if is_creator else {item["ref"]}, creator, fields)


def _follow(connection: Connection, web: _Web, stored: Collection[MediumFacts]) -> None:
    """Let the web grow until it holds all that hangs together."""
    columns = ("id", "state", "brief", "output_sha256", "provider", "environment", "sent_ms")
    rows = connection.execute(select(*(jobs.c[name] for name in columns))).mappings().all()
    made_of = {row["id"]: set(media_in(row["brief"], web.fields)) for row in rows}
    if web.creator is not None:
        theirs = [row for row in rows if (json.loads(row["brief"]).get("creator"), row["environment"]) == web.creator]
        web.used_by.update((row["id"], row) for row in theirs)
    size = -1
    while size != (size := len(web.hashes) + len(web.used_by)):
        for facts in stored:
            if not web.hashes.isdisjoint(kin := _kin(facts)):
                web.hashes |= kin
        web.used_by.update((row["id"], row) for row in rows if not web.hashes.isdisjoint(made_of[row["id"]]))
        web.hashes.update(job["output_sha256"] for job in web.used_by.values() if job["output_sha256"] is not None)


def _needed(connection: Connection, stored: Collection[MediumFacts]) -> set[str]:
    """What some job still needs, and the copies of it that a vendor may fetch in its place."""
    briefs = connection.execute(select(jobs.c.brief).where(jobs.c.state.in_(NEEDS_MEDIA))).scalars()
    needed = {sha256 for brief in briefs for sha256 in media_in(brief)}
    return needed.union(*(copies_of(facts) for facts in stored if facts.sha256 in needed))


def _kin(facts: MediumFacts) -> set[str]:
    """A medium, what it is made of, and its copies in other formats."""
    return {facts.sha256, *copies_of(facts)} | (set() if facts.made_of is None else {facts.made_of})
