"""A ZIP of several files that is packed while it is sent: it never exists as a whole on disk or in memory.

Videos are already compressed, so they are stored uncompressed. Sizes and checksums follow each file's bytes, as in
every ZIP that is written to a stream (APPNOTE.TXT 4.4.4, bit 3).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_BLOCK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Packed:
    """One file of a ZIP: its name there, its path, and when it was made."""

    name: str
    path: Path
    made_at: datetime


class _Stream(io.RawIOBase):
    """Buffers written bytes until they are read; cannot seek, so `zipfile` writes from front to back."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        block = memoryview(data)  # type: ignore[arg-type]  # any buffer, as in io.RawIOBase
        self._waiting += block
        return block.nbytes

    def taken(self) -> bytes:
        block = bytes(self._waiting)
        self._waiting.clear()
        return block


def zipped(files: Sequence[Packed]) -> Iterator[bytes]:
    """Yield the ZIP in blocks. Files of the same name get a number."""
    stream = _Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, file in zip(_told_apart([file.name for file in files]), files, strict=True):
            with file.path.open("rb") as source:
                info = zipfile.ZipInfo(name, file.made_at.timetuple()[:6])
                info.external_attr = 0o644 << 16
                info.file_size = file.path.stat().st_size  # decides whether ZIP64 is needed
                with archive.open(info, "w") as entry:
                    while block := source.read(_BLOCK):
                        entry.write(block)
                        yield stream.taken()
            yield stream.taken()
    yield stream.taken()


def _told_apart(names: Sequence[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        stem, dot, extension = name.rpartition(".")
        number, free = 1, name
        while free.casefold() in seen:
            number += 1
            free = f"{stem}-{number}{dot}{extension}"
        seen.add(free.casefold())
        yield free
