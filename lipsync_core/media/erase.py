"""Finds everything that is kept of one face or voice, and deletes it for good.

The search starts from one medium or presenter. It follows sources and derived media, the jobs whose brief used any of
them, their finished videos, and media made of those. A voice is followed only where it is heard: a video whose sound
was replaced no longer contains it. Jobs themselves stay in the ledger, without their videos.
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

"""The fields of a brief whose media can be heard in the video."""

_NOTE = "The video was cleaned up: it was deleted together with everything kept of a face or a voice."


@dataclass(frozen=True, slots=True)
class Root:
    """The start of a search: a library entry or a stored medium."""

    item_id: int | None = None
    sha256: str = ""
    kind: Kind = "image"


@dataclass(frozen=True, slots=True)
class Traces:
    """Everything that is kept of a face or a voice."""

    root: Root
    name: str
    media: tuple[MediumFacts, ...] = ()
    """What can be deleted: added files, their parts and other formats, finished videos."""
    jobs: tuple[int, ...] = ()
    """Every job that used any of it."""
    videos: tuple[int, ...] = ()
    """Jobs whose finished video will be deleted."""
    entries: tuple[str, ...] = ()
    """The names of the library entries that will be deleted."""
    staying: tuple[MediumFacts, ...] = ()
    """What cannot be deleted yet."""
    waiting: tuple[int, ...] = ()
    """Jobs that still need it, or are about to produce a video of it."""
    vendors: tuple[str, ...] = ()
    """Ids of vendors that received any of it: their copies cannot be deleted from here."""

    @property
    def bytes(self) -> int:
        """The size of what can be deleted, each content counted once."""
        return bytes_of(self.media)


@dataclass(slots=True)
class _Web:
    """The connected contents that a search has found so far."""

    hashes: set[str]
    creator: tuple[str, str] | None
    """A presenter's id and environment."""
    fields: tuple[str, ...]
    used_by: dict[int, RowMapping] = field(default_factory=dict)


class Eraser:
    """Finds and deletes. Thread-safe. ``elsewhere`` removes other copies of a content on this computer."""

    def __init__(
        self, database: Database, store: MediaStore, check: Check, elsewhere: Callable[[Collection[MediumFacts]], None]
    ) -> None:
        self._db = database
        self._store = store
        self._check = check
        self._elsewhere = elsewhere

    def traces(self, root: Root) -> Traces:
        """Return what is kept; deletes nothing. Raise `LibraryError` if the entry or medium no longer exists."""
        with self._db.read() as connection:
            return _traces(connection, root)[0]

    def erase(self, shown: Traces, *, by: str) -> Traces:
        """Delete for good what was ``shown`` and may still be deleted; return what is left.

        If part of it belongs to somebody else and ``by`` may not handle that, nothing is deleted. A file that the
        system or the bucket does not release stays with its row.

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
        # Files are removed before the rows: after a power cut in between, the next search finds the rows.
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
        """Return what is left. The entry that the search started from is deleted last, to find the rest again."""
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
    """Return what is kept of it, and the owners."""
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
    """Extend the web until it holds all connected contents."""
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
    """Return the contents that jobs still need, including the copies that a vendor may fetch instead."""
    briefs = connection.execute(select(jobs.c.brief).where(jobs.c.state.in_(NEEDS_MEDIA))).scalars()
    needed = {sha256 for brief in briefs for sha256 in media_in(brief)}
    return needed.union(*(copies_of(facts) for facts in stored if facts.sha256 in needed))


def _kin(facts: MediumFacts) -> set[str]:
    """Return the contents of a medium, its source, and its copies in other formats."""
    return {facts.sha256, *copies_of(facts)} | (set() if facts.made_of is None else {facts.made_of})
