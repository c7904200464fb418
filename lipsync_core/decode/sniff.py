"""Recognise a file's type by its first bytes, for the text of a refusal. Pure.

No file is accepted because of this result: Pillow or FFmpeg must still decode it. Signatures are from the formats' own
specifications.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

HEAD_BYTES = 4096
_LONGEST_NAME = 60


class FileFamily(StrEnum):
    """The families of files that have their own refusal texts."""

    EMPTY = "empty"
    TEXT = "text"
    SVG = "svg"
    HEIC = "heic"
    JXL = "jxl"
    PICTURE = "picture"
    SOUND = "sound"
    VIDEO = "video"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Look:
    """A family, and a phrase that completes “This file is …”."""

    kind: FileFamily
    phrase: str


_SIGNATURES: tuple[tuple[int, bytes, Look], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", Look(FileFamily.PICTURE, "a picture (PNG)")),
    (0, b"\xff\xd8\xff", Look(FileFamily.PICTURE, "a picture (JPEG)")),
    (0, b"GIF8", Look(FileFamily.PICTURE, "a picture (GIF)")),
    (8, b"WEBP", Look(FileFamily.PICTURE, "a picture (WebP)")),
    (0, b"BM", Look(FileFamily.PICTURE, "a picture (BMP)")),
    (0, b"II*\0", Look(FileFamily.PICTURE, "a picture (TIFF)")),
    (0, b"MM\0*", Look(FileFamily.PICTURE, "a picture (TIFF)")),
    (0, b"\xff\x0a", Look(FileFamily.JXL, "a picture (JPEG XL)")),
    (4, b"JXL \r\n\x87\n", Look(FileFamily.JXL, "a picture (JPEG XL)")),
    (0, b"8BPS", Look(FileFamily.PICTURE, "a picture (Photoshop)")),
    (8, b"WAVE", Look(FileFamily.SOUND, "a sound file (WAV)")),
    (8, b"AIFF", Look(FileFamily.SOUND, "a sound file (AIFF)")),
    (8, b"AIFC", Look(FileFamily.SOUND, "a sound file (AIFF)")),
    (0, b"fLaC", Look(FileFamily.SOUND, "a sound file (FLAC)")),
    (0, b"OggS", Look(FileFamily.SOUND, "a sound file (OGG)")),
    (0, b"caff", Look(FileFamily.SOUND, "a sound file (CAF)")),
    (0, b"#!AMR", Look(FileFamily.SOUND, "a sound file (AMR)")),
    (0, b"ID3", Look(FileFamily.SOUND, "a sound file (MP3)")),
    (0, b"MThd", Look(FileFamily.OTHER, "a MIDI score, which contains notes but no sound")),
    (8, b"AVI ", Look(FileFamily.VIDEO, "a video (AVI)")),
    (0, b"\x1aE\xdf\xa3", Look(FileFamily.VIDEO, "a video (WebM or MKV)")),
    (0, b"FLV\x01", Look(FileFamily.VIDEO, "a video (Flash)")),
    (0, b"0&\xb2u\x8ef\xcf\x11", Look(FileFamily.VIDEO, "a Windows Media file")),
    (0, b"\0\0\x01\xba", Look(FileFamily.VIDEO, "a video (MPEG)")),
    (0, b"%PDF", Look(FileFamily.OTHER, "a PDF document")),
    (0, b"PK\x03\x04", Look(FileFamily.OTHER, "a ZIP archive or an office document")),
    (0, b"Rar!", Look(FileFamily.OTHER, "a RAR archive")),
    (0, b"7z\xbc\xaf", Look(FileFamily.OTHER, "a 7-Zip archive")),
    (0, b"\x1f\x8b", Look(FileFamily.OTHER, "a compressed archive (gzip)")),
    (0, b"MZ", Look(FileFamily.OTHER, "a Windows program")),
    (0, b"\x7fELF", Look(FileFamily.OTHER, "a program")),
)
_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}


def look_at(path: Path) -> Look:
    """Recognise the file at ``path``."""
    with path.open("rb") as file:
        return looks_like(file.read(HEAD_BYTES))


def looks_like(head: bytes) -> Look:
    """Recognise a file by its first bytes, ``head``."""
    if not head:
        return Look(FileFamily.EMPTY, "empty")
    for offset, magic, look in _SIGNATURES:
        if head.startswith(magic, offset):
            return look
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip"):  # QuickTime from before there were brands
        return Look(FileFamily.VIDEO, "a video (MP4 or MOV)")
    if _is_transport_stream(head):
        return Look(FileFamily.VIDEO, "a video (MPEG transport stream)")
    if head[0] == 0xFF and len(head) > 1 and head[1] & 0xE0 == 0xE0:
        return Look(FileFamily.SOUND, "a sound file (MP3 or AAC)")
    return _text(head) or Look(FileFamily.OTHER, "of a type that this studio does not know")


def _is_transport_stream(head: bytes) -> bool:
    """Whether packets of 188 bytes begin with 0x47 (ISO/IEC 13818-1), or of 192 with a time code (cameras) before."""
    return any(
        len(head) > start + 3 * step and all(head[at] == 0x47 for at in range(start, start + 4 * step, step))
        for start, step in ((0, 188), (4, 192), (0, 204))
    )


def _iso_media(head: bytes) -> Look:
    """Recognise MP4 and its relatives by their brands (ISO/IEC 14496-12, 4.3)."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size, 4))]
    if any(brand in (b"avif", b"avis") for brand in brands):
        return Look(FileFamily.PICTURE, "a picture (AVIF)")
    if any(brand in _HEIF_BRANDS for brand in brands):
        return Look(FileFamily.HEIC, "a HEIC photo")
    if brands[0][:3] in (b"M4A", b"M4B"):
        return Look(FileFamily.SOUND, "a sound file (M4A)")
    return Look(FileFamily.VIDEO, "a video (MP4 or MOV)")


def _text(head: bytes) -> Look | None:
    try:
        # The excerpt may end inside a character; that is not an error of the file.
        text = head.decode("utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "strict")
    except UnicodeDecodeError as error:
        if len(head) - error.start > 3:
            return None
        text = head[: error.start].decode("utf-8-sig")
    if any(unicodedata.category(character) == "Cc" and character not in "\t\r\n\f" for character in text):
        return None
    start = text.lstrip().lower()
    if re.search(r"<svg[\s>]", start):
        return Look(FileFamily.SVG, "an SVG drawing")
    if re.match(r"<(!doctype html|html|head|body)\b", _behind_comments(start)):
        return Look(FileFamily.TEXT, "a web page")
    if start.startswith("#extm3u"):
        return Look(FileFamily.TEXT, "a playlist, which contains links but no sound")
    return Look(FileFamily.TEXT, "a text file")


def _behind_comments(text: str) -> str:
    """Return the text after the comments at the start of a page. One regular expression for all could be too slow."""
    at = 0
    while text.startswith("<!--", at) and (end := text.find("-->", at + 4)) >= 0:
        at = end + 3
        while at < len(text) and text[at].isspace():
            at += 1
    return text[at:]


def shown(name: str) -> str:
    """Return a file's name in quotes, fit for a sentence: no control characters, at most 60 characters."""
    clean = "".join(character for character in name if unicodedata.category(character)[0] != "C")
    if len(clean) > _LONGEST_NAME:
        half = _LONGEST_NAME // 2
        clean = f"{clean[:half]}…{clean[-half + 1 :]}"
    return f"“{clean}”"
