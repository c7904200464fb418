"""The media store: people's pictures and voices, and rendered videos, each under the hash of its content.

A file's given name never becomes part of a path. Nothing here decodes a file: workers do. If media live in a bucket,
the folder holds working copies, and missing ones are fetched back. Small pictures stay in the folder; they can be
remade.
"""

from __future__ import annotations

import errno
import json
import shutil
import threading
import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection, RowMapping, insert, select, update

from lipsync_core.captions import Caption, kept as kept_captions
from lipsync_core.config.processors import processors
from lipsync_core.db.database import Database, now_ms
from lipsync_core.db.schema import media
from lipsync_core.errors import BucketError, DiskError, MediaError, WorkerError
from lipsync_core.media.bucket import Bucket
from lipsync_core.media.files import move_durably, sha256_of, stored_copy
from lipsync_core.medium import Kind, MediumFacts, MouthGuess, Variant
from lipsync_core.plain_text import clean_name
from lipsync_core.worker import process

PICTURES: tuple[Variant, ...] = ("preview", "thumb")
"""The small versions stored with a picture or a video."""

LOOK = process.Limits(memory_mb=2048, seconds=90)
"""The limits for inspecting one file: enough for a 50-megapixel picture, or ten minutes of sound."""

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What a system says of a disk that takes nothing more."""
_BROUGHT_AT_ONCE = 16
"""Files that are fetched back from the bucket at once; each is fetched once."""
_looks = threading.BoundedSemaphore(max(2, processors()))


class MediaStore:
    """Media in a folder, and in a bucket if there is one; their facts in the ledger's database."""

    def __init__(
        self, folder: Path, database: Database, limits: process.Limits = LOOK, bucket: Bucket | None = None
    ) -> None:
        self.bucket = bucket
        self._folder = folder
        self._db = database
        self._limits = limits
        self._bringing = tuple(threading.Lock() for _ in range(_BROUGHT_AT_ONCE))

    def look(self, source: Path | bytes | BinaryIO, kind: Kind, name: str) -> MediumFacts:
        """Return what ``source`` is, without storing it. Raise `MediaError` if it cannot be used as ``kind``."""
        with self.scratch() as scratch:
            sha256, size = stored_copy(source, scratch / "incoming")
            return self.get(sha256, kind) or self._look(scratch, sha256, size, kind, clean_name(name))[0]

    def keep(
        self,
        source: Path | bytes | BinaryIO,
        kind: Kind,
        name: str,
        *,
        listed: bool = True,
        made_of: MediumFacts | None = None,
    ) -> MediumFacts:
        """Store ``source`` durably and return what it is; the same content is stored once.

        A medium that is not ``listed`` is not among the `recent` ones until a person adds it. ``made_of`` is what it
        was cut or converted from.

        Raises:
            MediaError: it cannot be used as ``kind``, or the bucket did not accept it; nothing is left behind.
        """
        name = clean_name(name)
        with self.scratch() as scratch:
            sha256, size = stored_copy(source, scratch / "incoming")
            known = self.get(sha256, kind)
            if known is not None and self.path(known).is_file():
                self.put(known)
                arrived = self._arrived(known, name) if listed else known
                if arrived is not None:
                    return arrived
            pictures = PICTURES if kind != "audio" else ()
            facts, found = self._look(scratch, sha256, size, kind, name, pictures)
            if made_of is not None:
                found["made_of"] = made_of.sha256
                facts = replace(facts, made_of=made_of.sha256)
            self.put(facts, scratch / "incoming")
            for variant in pictures:
                move_durably(scratch / variant, self.path(facts, variant))
            move_durably(scratch / "incoming", self.path(facts))
            self._write(facts, found, listed=listed)
            return facts

    def keep_rendered(self, path: Path, found: dict[str, Any]) -> MediumFacts:
        """Move a finished video that a worker has checked into the store; ``found`` is the worker's result.

        Pictures of it in the same folder are moved too. Raises `BucketError`.
        """
        facts = _facts(sha256_of(path), "video", path.name, path.stat().st_size, found)
        self.put(facts, path)
        for variant in PICTURES:
            if (picture := path.with_name(variant)).is_file():
                move_durably(picture, self.path(facts, variant))
        move_durably(path, self.path(facts))
        self._write(facts, found)
        return facts

    def look_at_video(self, path: Path) -> dict[str, Any]:
        """Return what a video file is, by decoding it in a worker, which also writes two pictures of it beside it.

        Raises `MediaError` or `WorkerError`.
        """
        pictures: dict[str, Any] = {variant: str(path.with_name(variant)) for variant in PICTURES}
        return process.run("look_video", {"path": str(path), "name": path.name, **pictures}, self._limits)

    def _look(
        self, scratch: Path, sha256: str, size: int, kind: Kind, name: str, pictures: tuple[Variant, ...] = ()
    ) -> tuple[MediumFacts, dict[str, Any]]:
        arguments = {"path": str(scratch / "incoming"), "name": name}
        arguments |= {variant: str(scratch / variant) for variant in pictures}
        try:
            with _looks:
                found = process.run(f"look_{kind}", arguments, self._limits)
        except WorkerError as error:
            advice = f"{error} Save “{name}” again with another program, or choose another file."
            raise MediaError("This file could not be opened", advice) from error
        return _facts(sha256, kind, name, size, found), found

    def _write(self, facts: MediumFacts, found: dict[str, Any], *, listed: bool = True) -> None:
        row = {
            "name": facts.name,
            "extension": facts.extension,
            "mime": facts.mime,
            "size": facts.size,
            "facts": json.dumps(found),
            "arrived_ms": now_ms() if listed else 0,
        }
        this = (media.c.sha256 == facts.sha256, media.c.kind == facts.kind)
        with self._db.write() as connection:
            if connection.execute(update(media).where(*this).values(row)).rowcount == 0:
                connection.execute(insert(media).values(row | {"sha256": facts.sha256, "kind": facts.kind}))

    def _arrived(self, known: MediumFacts, name: str) -> MediumFacts | None:
        """Return the facts of a medium that arrived again; None if it was cleaned up just before."""
        this = (media.c.sha256 == known.sha256, media.c.kind == known.kind)
        with self._db.write() as connection:
            connection.execute(update(media).where(*this).values(name=name, arrived_ms=now_ms()))
        return self.get(known.sha256, known.kind)

    def note_copy(self, facts: MediumFacts, which: str, sha256: str) -> None:
        """Record a copy in another format that was made of a medium."""
        this = (media.c.sha256 == facts.sha256, media.c.kind == facts.kind)
        with self._db.write() as connection:
            found = connection.execute(select(media.c.facts).where(*this)).scalar()
            if found is not None:
                known = json.loads(found)
                noted = known | {"copies": {**known.get("copies", {}), which: sha256}}
                connection.execute(update(media).where(*this).values(facts=json.dumps(noted)))

    def get(self, sha256: str, kind: Kind) -> MediumFacts | None:
        """The facts of a stored medium, or None."""
        with self._db.read() as connection:
            query = select(media).where(media.c.sha256 == sha256, media.c.kind == kind)
            row = connection.execute(query).mappings().first()
        return None if row is None else from_row(row)

    def captions(self, facts: MediumFacts) -> tuple[Caption, ...]:
        """Return the captions that were kept with a video; none if there are none."""
        with self._db.read() as connection:
            query = select(media.c.facts).where(media.c.sha256 == facts.sha256, media.c.kind == facts.kind)
            found = connection.execute(query).scalar()
        return () if found is None else kept_captions(json.loads(found).get("captions"))

    def get_all(self, sha256s: Collection[str]) -> dict[tuple[str, Kind], MediumFacts]:
        """The facts of all stored media with these hashes, by hash and kind."""
        if not sha256s:
            return {}
        with self._db.read() as connection:
            rows = connection.execute(select(media).where(media.c.sha256.in_(sha256s))).mappings()
            return {(row["sha256"], row["kind"]): from_row(row) for row in rows}

    def every(self, connection: Connection) -> Iterator[MediumFacts]:
        """Yield the facts of all stored media, as this transaction sees them."""
        for row in connection.execute(select(media).execution_options(yield_per=500)).mappings():
            yield from_row(row)

    def is_there(self, facts: MediumFacts) -> bool:
        """Whether the file of a medium is in the folder, or in the bucket. Raises `BucketError`."""
        return self.path(facts).is_file() or (self.bucket is not None and self.bucket.holds(_key(facts)))

    def recent(self, kind: Kind, limit: int) -> list[MediumFacts]:
        """Stored media of a kind, the latest arrival first."""
        arrived = (media.c.kind == kind, media.c.arrived_ms > 0)
        query = select(media).where(*arrived).order_by(media.c.arrived_ms.desc()).limit(limit)
        with self._db.read() as connection:
            return [from_row(row) for row in connection.execute(query).mappings()]

    def path(self, facts: MediumFacts, variant: Variant = "file") -> Path:
        """Where a medium, or a picture's preview (JPEG, at most 960 pixels) or square thumbnail (224), is stored."""
        tail = facts.extension if variant == "file" else f".{variant}.jpg"
        return self._folder / facts.sha256[:2] / f"{facts.sha256}{tail}"

    def made_path(self, facts: MediumFacts, name: str) -> Path:
        """Where something is kept that was made of a medium and can be made again; see `lipsync_core.media.made`."""
        return self._folder / facts.sha256[:2] / f"{facts.sha256}.made-{name}"

    def file(self, facts: MediumFacts) -> Path | None:
        """Return the stored medium, fetched back from the bucket if necessary; None if it is in neither.

        Raises `BucketError`.
        """
        path = self.path(facts)
        if path.is_file():
            return path
        if self.bucket is None:
            return None
        with self._bringing[int(facts.sha256[:2], 16) % _BROUGHT_AT_ONCE]:
            if path.is_file():  # another thread was waiting for it too
                return path
            with self.scratch("back") as scratch:
                if not self.bucket.bring(_key(facts), scratch / "brought"):
                    return None
                if sha256_of(scratch / "brought") != facts.sha256:
                    raise BucketError("Damaged in the bucket", f"The bucket’s copy of “{facts.name}” is damaged.")
                move_durably(scratch / "brought", path)
        return path

    def picture(self, facts: MediumFacts, variant: Variant) -> Path | None:
        """Return the stored preview or thumbnail, remade if it is missing; None if there is nothing to make it from.

        Raises `MediaError`.
        """
        path = self.path(facts, variant)
        if path.is_file():
            return path
        known = self.get(facts.sha256, facts.kind)
        if known is None or self.bucket is None or known.kind == "audio" or (whole := self.file(known)) is None:
            return None
        with self.scratch("picture") as scratch:
            shutil.copyfile(whole, scratch / "incoming")
            self._look(scratch, known.sha256, known.size, known.kind, known.name, PICTURES)
            for made in PICTURES:
                move_durably(scratch / made, self.path(known, made))
        return path

    def put(self, facts: MediumFacts, path: Path | None = None) -> None:
        """Ensure that the bucket, if there is one, holds a medium. Raises `BucketError`."""
        if self.bucket is not None:
            self.bucket.put(path or self.path(facts), _key(facts), facts.mime)

    def link(self, facts: MediumFacts, good_for_s: float) -> str | None:
        """Return a public link to a medium in the bucket; None if there is no bucket. Raises `BucketError`.

        A medium that was stored before there was a bucket is uploaded now.
        """
        if self.bucket is None:
            return None
        if self.path(facts).is_file():
            self.put(facts)
        return self.bucket.link(_key(facts), good_for_s)

    def remove(self, facts: MediumFacts, *variants: Variant) -> None:
        """Remove these variants of a medium, by default all, and what was made of it. Its row stays.

        Raises:
            OSError: the system does not release a file.
            BucketError: the bucket does not remove it; the folder's files are still there.
        """
        variants = variants or ("file", *PICTURES)
        if self.bucket is not None and "file" in variants:
            self.bucket.remove(_key(facts))
        for variant in variants:
            self.path(facts, variant).unlink(missing_ok=True)
        for made in self.made_path(facts, "").parent.glob(f"{facts.sha256}.made-*"):
            made.unlink(missing_ok=True)

    @contextmanager
    def scratch(self, label: str = "in") -> Iterator[Path]:
        """Provide a folder on the store's own disk that is removed afterwards.

        Raises `DiskError` if the disk does not take what is written, in the folder or anywhere else in the store.
        """
        folder = self._folder / ".scratch" / f"{label}-{uuid.uuid4().hex}"
        try:
            folder.mkdir(parents=True)
            yield folder
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise DiskError from error
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def sweep(self, label: str = "", older_s: float = 0.0) -> None:
        """Remove scratch folders of killed processes: those that start with ``label`` and are ``older_s`` old."""
        for folder in (self._folder / ".scratch").glob(f"{label}*"):
            with suppress(FileNotFoundError):  # another process has just removed its own
                if folder.stat().st_mtime <= time.time() - older_s:
                    shutil.rmtree(folder, ignore_errors=True)


def _key(facts: MediumFacts) -> str:
    """Return a medium's name in the bucket, which is the same as in the folder."""
    return f"{facts.sha256[:2]}/{facts.sha256}{facts.extension}"


def from_row(row: RowMapping) -> MediumFacts:
    """The facts that a row of the media table holds."""
    return _facts(row["sha256"], row["kind"], row["name"], row["size"], json.loads(row["facts"]))


def _facts(sha256: str, kind: Kind, name: str, size: int, found: dict[str, Any]) -> MediumFacts:
    mouth = found.get("mouth")
    return MediumFacts(
        sha256=sha256,
        kind=kind,
        name=name,
        extension=found["extension"],
        mime=found["mime"],
        size=size,
        width=found.get("width", 0),
        height=found.get("height", 0),
        duration_s=found.get("duration_s", 0.0),
        mouth=None if mouth is None else MouthGuess(**mouth | {"boxes": tuple(map(tuple, mouth.get("boxes", ())))}),
        silent_head_s=found.get("silent_head_s", 0.0),
        silent_tail_s=found.get("silent_tail_s", 0.0),
        unheard=found.get("unheard", ""),
        unlike=found.get("unlike", ""),
        clipped=found.get("clipped", 0.0),
        made_of=found.get("made_of"),
        copies=tuple(found.get("copies", {}).items()),
    )
