"""Durable file writes: copy while hashing, then fsync and atomic rename."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_CHUNK = 1 << 20


def stored_copy(source: Path | bytes | BinaryIO, into: Path) -> tuple[str, int]:
    """Copy ``source`` to a file and sync it to disk; return its SHA-256 and its size in bytes."""
    digest, size = hashlib.sha256(), 0
    with into.open("wb") as out:
        for chunk in _chunks(source):
            digest.update(chunk)
            size += len(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest(), size


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file."""
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


def move_durably(path: Path, final: Path) -> None:
    """Move a finished file to its final path, so that a power cut leaves all of it or nothing."""
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
