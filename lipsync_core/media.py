"""The media store: people's pictures and voices, and rendered videos, each under the hash of its content.

A file's given name never becomes part of a path. Nothing in here decodes a file: workers do.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from sqlalchemy import RowMapping, insert, select, update

from lipsync_core import workers
from lipsync_core.brief import MouthBox
from lipsync_core.database import Database, now_ms
from lipsync_core.errors import MediaError, WorkerError
from lipsync_core.schema import media

Kind = Literal["image", "audio", "video"]
Variant = Literal["file", "preview", "thumb"]

PICTURES: tuple[Variant, ...] = ("preview", "thumb")
"""What is kept beside a picture or a video to be shown small."""

LOOK = workers.Limits(memory_mb=2048, seconds=90)
"""What looking into one file may use: a 50-megapixel picture, or ten minutes of sound."""

_CHUNK = 1 << 20
_LONGEST_NAME = 200
_looks = threading.BoundedSemaphore(max(2, os.cpu_count() or 1))


@dataclass(frozen=True, slots=True)
class MouthGuess:
    """Where a picture's mouth seems to be, in its pixels."""

    x: float
    y: float
    width: float
    found: bool
    """False where no face was found and this is only a place to start from."""
    sure: bool
    """False where a person should look at it."""

    @property
    def box(self) -> MouthBox:
        """The guess as a box round the closed mouth."""
        return box_around(self.x, self.y, self.width)


def box_around(x: float, y: float, width: float) -> MouthBox:
    """The box of a closed mouth that is ``width`` wide and centred on (``x``, ``y``)."""
    height = width * 0.4
    return (x - width / 2, y - height / 2, width, height)


@dataclass(frozen=True, slots=True)
class MediumFacts:
    """What is known about a medium. Sizes in pixels, lengths in seconds; zero where the kind has none."""

    sha256: str
    kind: Kind
    name: str
    extension: str
    mime: str
    size: int
    width: int = 0
    height: int = 0
    duration_s: float = 0.0
    mouth: MouthGuess | None = None
    silent_head_s: float = 0.0
    """Of a voice: what can be cut off at its beginning without cutting a word."""
    silent_tail_s: float = 0.0
    """The same at its end."""
    url: str | None = None
    """The link that it was fetched from just now."""


class MediaStore:
    """Media in a folder, their facts in the ledger's database."""

    def __init__(self, folder: Path, database: Database, limits: workers.Limits = LOOK) -> None:
        self._folder = folder
        self._db = database
        self._limits = limits

    def look(self, source: Path | bytes | BinaryIO, kind: Kind, name: str) -> MediumFacts:
        """What ``source`` is, without keeping it. Raises `MediaError` where it cannot be used as ``kind``."""
        with self.scratch() as scratch:
            sha256, size = _copy(source, scratch / "incoming")
            return self.get(sha256, kind) or self._look(scratch, sha256, size, kind, clean_name(name))[0]

    def keep(self, source: Path | bytes | BinaryIO, kind: Kind, name: str, *, listed: bool = True) -> MediumFacts:
        """Store ``source`` durably and say what it is; the same content is stored once.

        What nobody chose is not ``listed``: it is not among the `recent` until somebody brings it.

        Raises:
            MediaError: it cannot be used as ``kind``; nothing is left behind.
        """
        name = clean_name(name)
        with self.scratch() as scratch:
            sha256, size = _copy(source, scratch / "incoming")
            known = self.get(sha256, kind)
            if known is not None and self.path(known).is_file():
                arrived = self._arrived(known, name) if listed else known
                if arrived is not None:
                    return arrived
            pictures = PICTURES if kind != "audio" else ()
            facts, found = self._look(scratch, sha256, size, kind, name, pictures)
            for variant in pictures:
                _settle(scratch / variant, self.path(facts, variant))
            _settle(scratch / "incoming", self.path(facts))
            self._write(facts, found, listed=listed)
            return facts

    def keep_rendered(self, path: Path, found: dict[str, Any]) -> MediumFacts:
        """Move a finished video that a worker has checked into the store; ``found`` is what it found.

        Pictures of it are taken along where they lie beside it.
        """
        facts = _facts(_hash(path), "video", path.name, path.stat().st_size, found)
        for variant in PICTURES:
            if (picture := path.with_name(variant)).is_file():
                _settle(picture, self.path(facts, variant))
        _settle(path, self.path(facts))
        self._write(facts, found)
        return facts

    def look_at_video(self, path: Path) -> dict[str, Any]:
        """What a video file is, from decoding it in a worker, which also puts two pictures of it beside it.

        Raises `MediaError` or `WorkerError`.
        """
        pictures: dict[str, Any] = {variant: str(path.with_name(variant)) for variant in PICTURES}
        return workers.run("look_video", {"path": str(path), "name": path.name, **pictures}, self._limits)

    def _look(
        self, scratch: Path, sha256: str, size: int, kind: Kind, name: str, pictures: tuple[Variant, ...] = ()
    ) -> tuple[MediumFacts, dict[str, Any]]:
        arguments = {"path": str(scratch / "incoming"), "name": name}
        arguments |= {variant: str(scratch / variant) for variant in pictures}
        try:
            with _looks:
                found = workers.run(f"look_{kind}", arguments, self._limits)
        except WorkerError as error:
            advice = f"{error} Save “{name}” anew with another program, or choose another file."
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
        """The facts of what arrived again; None where it was cleaned up a moment ago."""
        this = (media.c.sha256 == known.sha256, media.c.kind == known.kind)
        with self._db.write() as connection:
            connection.execute(update(media).where(*this).values(name=name, arrived_ms=now_ms()))
        return self.get(known.sha256, known.kind)

    def get(self, sha256: str, kind: Kind) -> MediumFacts | None:
        """The facts of a stored medium, or None."""
        with self._db.read() as connection:
            query = select(media).where(media.c.sha256 == sha256, media.c.kind == kind)
            row = connection.execute(query).mappings().first()
        return None if row is None else from_row(row)

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

    @contextmanager
    def scratch(self, label: str = "in") -> Iterator[Path]:
        """A folder on the store's own disk that is gone when left."""
        folder = self._folder / ".scratch" / f"{label}-{uuid.uuid4().hex}"
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def sweep(self, label: str = "", older_s: float = 0.0) -> None:
        """Remove scratch folders of a killed process: those that start with ``label`` and are ``older_s`` old."""
        for folder in (self._folder / ".scratch").glob(f"{label}*"):
            with suppress(FileNotFoundError):  # another process's, which was done with it just now
                if folder.stat().st_mtime <= time.time() - older_s:
                    shutil.rmtree(folder, ignore_errors=True)


def clean_name(name: str) -> str:
    """A file's name as people may see it: without folders or control characters, and not endless."""
    name = "".join(c for c in name.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable()).strip()
    if len(name) > _LONGEST_NAME:
        stem, dot, extension = name.rpartition(".")
        tail = dot + extension if stem and len(extension) <= 8 else ""
        name = f"{name[: _LONGEST_NAME - len(tail) - 1]}…{tail}"
    return name or "unnamed"


def _copy(source: Path | bytes | BinaryIO, into: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with into.open("wb") as out:
        for chunk in _chunks(source):
            digest.update(chunk)
            size += len(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest(), size


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _chunks(source: Path | bytes | BinaryIO) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
    elif isinstance(source, Path):
        with source.open("rb") as stream:
            yield from _chunks(stream)
    else:
        while chunk := source.read(_CHUNK):
            yield chunk


def _settle(path: Path, final: Path) -> None:
    """Move a finished file to its place, so that a power cut leaves all of it or nothing."""
    final.parent.mkdir(parents=True, exist_ok=True)
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
    path.replace(final)
    if os.name == "posix":
        folder = os.open(final.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


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
        mouth=None if mouth is None else MouthGuess(**mouth),
        silent_head_s=found.get("silent_head_s", 0.0),
        silent_tail_s=found.get("silent_tail_s", 0.0),
    )
