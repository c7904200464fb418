"""Whether the end of a file is missing, and how long its sound would be if it were there.

A length that a file declares proves nothing: joined MP3s keep the length of their first part, and programs that write
while they speak put down the largest number there is. But a file also says how many bytes it has, or where its frames
are; where those bytes are not in it, it was cut off. FFmpeg's `duration` is not enough: for an MP3 it is guessed from a
bit rate, and for a WAV it is limited to the bytes that are there.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Stream

_LINEAR_WAV = (1, 3, 6, 7, 0xFFFE)  # format tags: PCM, float, A-law, µ-law, extensible
_OGG_PAGE = 65_307  # bytes, at most
_LONGEST_S = 3_600.0
"""Nobody cuts an hour of speech off: a longer length is a placeholder."""
_PLACEHOLDER = 0x7FFF_0000
"""Sizes from here on are written by programs that do not know the size yet."""
_ENTRIES = 20_000
"""Of an index, so many are looked at, and the last: they are in the order of the file, or nearly."""
_FEWEST_BYTES_PER_S = 100
"""The quietest sound that any codec writes takes more."""


def missing_of_s(path: Path, container: InputContainer, stream: AudioStream) -> float | None:
    """Return the seconds of sound of the whole file where its end is missing; None where it is all there.

    To be asked when all of it was read: only then are all frames of a fragmented MP4 known.
    """
    family = container.format.name.split(",")[0]
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if family == "wav":
            return _wav_s(file, size)
        if family == "mp3":
            return _mp3_s(file, size)
    return _length_s(container, stream) if is_cut_off(path, container) else None


def counted_length_s(path: Path, container: InputContainer) -> float | None:
    """Return the length that a WAV or an MP3 notes at its beginning, true or not; None for others and where none is."""
    with path.open("rb") as file:
        if container.format.name == "wav":
            found = _wav_data(file)
            return None if found is None else found.seconds
        counted = _mp3_count(file) if container.format.name == "mp3" else None
        return None if counted is None else counted.seconds


def is_cut_off(path: Path, container: InputContainer) -> bool:
    """Whether bytes are missing at the end of a file of many streams, by what it says itself."""
    size = path.stat().st_size
    match container.format.name.split(",")[0]:
        case "mov":
            streams = (*container.streams.video, *container.streams.audio)
            return max(map(_end_of_frames, streams), default=0) > size
        case "flac":
            return True  # it notes no size: what it declares has to be compared with what is there
        case "matroska":
            with path.open("rb") as file:
                return _end_of_segment(file) > size
        case "avi" | "aiff":
            with path.open("rb") as file:
                head = file.read(12)
            length = int.from_bytes(head[4:8], "little" if head[:4] == b"RIFF" else "big")
            return size < 8 + length < _PLACEHOLDER
    return False


def believed_s(path: Path, container: InputContainer, stream: AudioStream) -> float | None:
    """Return the length that a file declares where its bytes bear that out, before any of it is decoded."""
    size = path.stat().st_size
    if container.format.name == "wav":
        with path.open("rb") as file:
            found = _wav_data(file)
        return None if found is None or found.end > size else found.seconds
    length_s = None if container.format.name in ("mp3", "aac", "amr") else _length_s(container, stream)
    return length_s if length_s is not None and size > length_s * _FEWEST_BYTES_PER_S else None


def stops_inside_a_page(path: Path) -> bool:
    """Whether an Ogg file, which declares no length, ends inside its last page (RFC 3533, 6)."""
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, 2 * _OGG_PAGE), os.SEEK_END)
        tail = file.read()
    page = tail[tail.rfind(b"OggS") :]
    segments = page[27 : 27 + page[26]] if len(page) > 26 else b""
    return len(page) < 27 or len(segments) < page[26] or len(page) < 27 + len(segments) + sum(segments)


def _length_s(container: InputContainer, stream: Stream) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / 1_000_000


def _end_of_frames(stream: Stream) -> int:
    """Return the position behind the last frame of a stream in an MP4, by the file's own index."""
    entries = stream.index_entries
    count = len(entries)
    looked_at = {*range(0, count, max(1, count // _ENTRIES)), count - 1} if count else set()
    return max((entries[at].pos + entries[at].size for at in looked_at), default=0)


@dataclass(frozen=True, slots=True)
class _Counted:
    """Where the sound of a file is said to end, and how long it is said to be."""

    end: int
    seconds: float


def _wav_data(file: BinaryIO) -> _Counted | None:
    """Return what a WAV says about its sound ("Multimedia Programming Interface", WAVE form); None if nothing."""
    file.seek(0)
    if file.read(4) != b"RIFF":
        return None
    file.seek(12)
    bytes_per_s = 0
    while len(header := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", header)
        start = file.tell()
        if name == b"data":
            return _Counted(start + size, size / bytes_per_s) if bytes_per_s and size else None
        if name == b"fmt " and size >= 16 and len(layout := file.read(16)) == 16:
            tag, _, rate, _, block, _ = struct.unpack("<HHIIHH", layout)
            bytes_per_s = rate * block if tag in _LINEAR_WAV else 0
        file.seek(start + size + size % 2)
    return None


def _wav_s(file: BinaryIO, size: int) -> float | None:
    """Return the length of a WAV whose end is missing.

    Its two sizes tell a cut from a placeholder: a recorder that finished its file wrote both.
    """
    found = _wav_data(file)
    if found is None or found.end <= size or found.seconds > _LONGEST_S:
        return None
    file.seek(4)
    whole = 8 + int.from_bytes(file.read(4), "little")
    return found.seconds if whole > size and whole >= found.end else None


def _mp3_s(file: BinaryIO, size: int) -> float | None:
    """Return the length of an MP3 that holds fewer bytes than it counts."""
    found = _mp3_count(file)
    return found.seconds if found is not None and found.end > size else None


def _mp3_count(file: BinaryIO) -> _Counted | None:
    """Return what the first frame of an MP3 counts, if it does so (Xing, Info and VBRI headers)."""
    start = _behind_id3(file)
    file.seek(start)
    head = file.read(2048)
    frame = next((at for at in range(len(head) - 4) if head[at] == 0xFF and head[at + 1] & 0xE6 == 0xE2), None)
    marks = [at for mark in (b"Xing", b"Info", b"VBRI") if (at := head.find(mark)) >= 0]
    if frame is None or not marks or not (rate := _MP3_RATES[head[frame + 2] >> 2 & 3]):
        return None
    at = min(marks)
    if head[at : at + 4] == b"VBRI":
        count, frames = struct.unpack_from(">II", head.ljust(4096, b"\0"), at + 10)
    else:
        flags, frames, count = struct.unpack_from(">III", head.ljust(4096, b"\0"), at + 4)
        if flags & 3 != 3:
            return None
    of_mpeg_1 = {3: 1152, 2: 576 * 2, 0: 576 * 4}.get(head[frame + 1] >> 3 & 3, 1152)
    return _Counted(start + frame + count, frames * of_mpeg_1 / rate)


_MP3_RATES = (44_100, 48_000, 32_000, 0)
"""Samples per second of MPEG-1, by the two bits of a frame's header. MPEG-2 has half of it, MPEG-2.5 a quarter."""


def _behind_id3(file: BinaryIO) -> int:
    """Return where an MP3's sound begins: ID3v2 notes its length in four bytes of seven bits, without its header."""
    file.seek(0)
    head = file.read(10)
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    length = 0
    for byte in head[6:10]:
        length = length << 7 | byte & 0x7F
    return 10 + length


def _end_of_segment(file: BinaryIO) -> int:
    """Return where a Matroska file says that it ends; 0 if it does not say (RFC 8794, 4 to 6)."""
    file.seek(0)
    for wanted in (b"\x1aE\xdf\xa3", b"\x18S\x80g"):
        if file.read(4) != wanted:
            return 0
        first = file.read(1)
        more = 8 - first[0].bit_length() if first and first[0] else 8
        rest = file.read(more)
        if more > 7 or len(rest) < more:
            return 0
        length = int.from_bytes(bytes([first[0] & (0x7F >> more)]) + rest, "big")
        if wanted != b"\x1aE\xdf\xa3":
            return 0 if length == (1 << 7 * (more + 1)) - 1 else file.tell() + length
        file.seek(length, os.SEEK_CUR)
    return 0
