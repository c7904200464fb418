"""The declared length of a sound file, where it is reliable.

A truncated file keeps its declared length, so that length is compared with what is decoded. FFmpeg's `duration` is not
enough: for an MP3 or AAC stream it is guessed from a bit rate, and for a WAV it is limited to the existing bytes.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import BinaryIO

from av.audio.stream import AudioStream
from av.container import InputContainer

_GUESSED = ("aac", "amr", "ogg")
_LINEAR_WAV = (1, 3, 6, 7, 0xFFFE)  # format tags: PCM, float, A-law, µ-law, extensible
_OGG_PAGE = 65_307  # bytes, at most
_STREAMED_SIZE = 0x7FFF_0000  # a recorder that cannot seek back writes the largest size


def declared_s(path: Path, container: InputContainer, stream: AudioStream) -> float | None:
    """Return the seconds of sound that the file declares; None if it declares nothing reliable."""
    format_name = container.format.name
    if format_name in _GUESSED:
        return None
    with path.open("rb") as file:
        if format_name == "wav":
            return _wav_s(file)
        if format_name == "mp3" and not _counts_its_frames(file):
            return None
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / 1_000_000


def stops_inside_a_page(path: Path) -> bool:
    """Whether an Ogg file, which declares no length, ends inside its last page (RFC 3533, 6)."""
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, 2 * _OGG_PAGE), os.SEEK_END)
        tail = file.read()
    page = tail[tail.rfind(b"OggS") :]
    segments = page[27 : 27 + page[26]] if len(page) > 26 else b""
    return len(page) < 27 or len(segments) < page[26] or len(page) < 27 + len(segments) + sum(segments)


def _wav_s(file: BinaryIO) -> float | None:
    """Return the length from the size of the ``data`` chunk ("Multimedia Programming Interface", WAVE form)."""
    if file.read(4) != b"RIFF":
        return None
    file.seek(12)
    bytes_per_s = 0
    while len(header := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", header)
        if name == b"data":
            return size / bytes_per_s if bytes_per_s and 0 < size < _STREAMED_SIZE else None
        start = file.tell()
        if name == b"fmt " and size >= 16 and len(layout := file.read(16)) == 16:
            tag, _, rate, _, block, _ = struct.unpack("<HHIIHH", layout)
            bytes_per_s = rate * block if tag in _LINEAR_WAV else 0
        file.seek(start + size + size % 2)
    return None


def _counts_its_frames(file: BinaryIO) -> bool:
    """Whether an MP3's first frame is a Xing, Info or VBRI header, which holds the number of frames."""
    head = file.read(10)
    tag_bytes = 0
    if head[:3] == b"ID3" and len(head) == 10:
        # ID3v2: four bytes of seven bits each, without the header itself.
        for byte in head[6:10]:
            tag_bytes = tag_bytes << 7 | byte & 0x7F
        tag_bytes += 10
    file.seek(tag_bytes)
    first_frame = file.read(2048)
    return any(mark in first_frame for mark in (b"Xing", b"Info", b"VBRI"))
