"""Hostile files by seed: valid ones that were damaged in every way, and some that were made to do harm."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from lipsync_core.medium import Kind
from tests import corpus

EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Hostile:
    """One file, what it is brought as, and where it comes from."""

    name: str
    kind: Kind
    data: bytes


@cache
def valid() -> dict[str, tuple[Kind, bytes]]:
    """Small files without fault, one of each format."""
    return {
        "png": ("image", corpus.png(120, 96)),
        "jpg": ("image", corpus.jpeg(120, 96, orientation=6)),
        "webp": ("image", corpus.picture("WEBP", width=120, height=96)),
        "wav": ("audio", corpus.wav(0.4)),
        "mp3": ("audio", corpus.mp3(0.4)),
        "mp4": ("video", corpus.video(0.4, width=64, height=48)),
    }


def mutated(seed: int, count: int) -> Iterator[Hostile]:
    """``count`` damaged files; one in four is brought as something that it never was."""
    dice = random.Random(seed)
    formats = list(valid())
    kinds: tuple[Kind, ...] = ("image", "audio", "video")
    for number in range(count):
        extension = formats[number % len(formats)]
        kind, data = valid()[extension]
        for _ in range(dice.randint(1, 3)):
            data = dice.choice(_DAMAGES)(dice, data)
        brought_as = dice.choice(kinds) if number % 4 == 3 else kind
        yield Hostile(f"{seed}-{number}.{extension}", brought_as, data)


def _flip(dice: random.Random, data: bytes) -> bytes:
    bent = bytearray(data)
    for _ in range(dice.randint(1, 24) if bent else 0):
        bent[dice.randrange(len(bent))] ^= 1 << dice.randrange(8)
    return bytes(bent)


def _cut(dice: random.Random, data: bytes) -> bytes:
    return data[: dice.randint(0, len(data))]


def _leave_out(dice: random.Random, data: bytes) -> bytes:
    start = dice.randint(0, len(data))
    return data[:start] + data[start + dice.randint(1, 400) :]


def _say_again(dice: random.Random, data: bytes) -> bytes:
    start = dice.randint(0, len(data))
    return data[:start] + data[start : start + dice.randint(1, 800)] * dice.randint(2, 9) + data[start:]


def _put_extreme(dice: random.Random, data: bytes) -> bytes:
    """An extreme number, most often where a header has its sizes and counts."""
    at = dice.randint(0, min(len(data), dice.choice((64, 900, len(data)))))
    size, order = dice.choice((1, 2, 4, 8)), dice.choice(("big", "little"))
    number = dice.choice(EXTREMES) % (1 << 8 * size)
    return data[:at] + number.to_bytes(size, order) + data[at + size :]  # type: ignore[arg-type]  # one of two words


def _join(dice: random.Random, data: bytes) -> bytes:
    other = dice.choice(list(valid().values()))[1]
    return data[: dice.randint(0, len(data))] + other[dice.randint(0, len(other)) :]


def _fill(dice: random.Random, data: bytes) -> bytes:
    at = dice.randint(0, len(data))
    filling = dice.choice((b"\0", b"\xff", b"moov", dice.randbytes(7)))
    return data[:at] + filling * dice.randint(1, 900) + data[at:]


_DAMAGES: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    *(_flip, _cut, _leave_out, _say_again, _put_extreme, _put_extreme, _join, _fill),
)


# Made to do harm


def made(link: str) -> list[Hostile]:
    """Files that were made to do harm. What some of them lead to is ``link``."""
    texts = {
        "script.svg": _script(link),
        "script.png": _script(link),
        "note.wav": corpus.text(),
        "sign-in.mp4": corpus.html(),
        "empty.png": b"",
        "one.wav": b"R",
        "noise.mp3": corpus.noise(),
        "program.webp": b"MZ" + corpus.noise(3_000),
        "photo.heic": corpus.heic(),
    }
    archives = {"bomb.zip": _zip_bomb(), "bomb.mp4": _zip_bomb(), "bomb.png": corpus.bomb()}
    lists = {
        "playlist.m3u8": corpus.playlist(link),
        "playlist.mp4": corpus.playlist(link),
        "files.mp3": corpus.playlist("file:///etc/passwd"),
        "concat.mp4": corpus.concat_list("/etc/passwd"),
        "concat.wav": corpus.concat_list(link),
        "dash.mp4": f'<?xml version="1.0"?><MPD><BaseURL>{link}</BaseURL></MPD>'.encode(),
    }
    files = texts | archives | lists
    everywhere = [
        Hostile(f"{kind}-{name}", kind, data) for name, data in files.items() for kind in ("image", "audio", "video")
    ]
    return [*everywhere, *_pictures(), *_sounds(), *_films()]


def _script(link: str) -> bytes:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="99999" height="99999">'
        f'<script>fetch("{link}")</script><image href="{link}" width="9" height="9"/></svg>'
    ).encode()


def _zip_bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(10):
            entry = zipfile.ZipInfo(f"{number}.png")  # of a fixed date
            archive.writestr(entry, bytes(3_000_000), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _pictures() -> Iterator[Hostile]:
    plain = corpus.png(120, 96)
    for width, height in ((50_000, 50_000), (2**31 - 1, 2**31 - 1), (0, 0), (1, 49_000_000), (7_000, 7_000)):
        yield Hostile(f"{width}x{height}.png", "image", corpus.bomb(width, height))
    for chunk in (b"iCCP", b"zTXt", b"iTXt"):
        head = {b"iCCP": b"p\0\0", b"zTXt": b"k\0\0", b"iTXt": b"k\0\1\0\0\0"}[chunk]
        body = head + zlib.compress(bytes(100_000_000))
        packed = struct.pack(">I", len(body)) + chunk + body + struct.pack(">I", zlib.crc32(chunk + body))
        yield Hostile(f"swelling-{chunk.decode()}.png", "image", plain[:33] + packed + plain[33:])
    jpeg = corpus.jpeg(120, 96)
    frame = jpeg.index(b"\xff\xc0") + 5
    yield Hostile("wide.jpg", "image", jpeg[:frame] + b"\xff\xdc\xff\xdc" + jpeg[frame + 4 :])
    gif = corpus.picture("GIF")
    yield Hostile("wide.gif", "image", gif[:6] + b"\xff\xff\xff\xff" + gif[10:])
    webp = corpus.picture("WEBP", lossless=True)
    yield Hostile("wide.webp", "image", webp[:21] + b"\xff\xff\xff\x0f" + webp[25:])
    tiff = bytearray(corpus.picture("TIFF"))
    tiff[4:8] = struct.pack("<I", 8)  # its list of tags begins, and goes on, where it is
    yield Hostile("endless.tif", "image", bytes(tiff))


def _sounds() -> Iterator[Hostile]:
    """WAV files whose headers lie: of data, of channels, of rates, of widths."""
    data = corpus.wav(0.4)
    for name, at, form, number in (
        ("all-data", 40, "<I", 0xFFFFFFFF),
        ("more-data", 40, "<I", 0x7FFEFFFF),
        ("no-data", 40, "<I", 0),
        ("riff-0", 4, "<I", 0),
        ("channels-0", 22, "<H", 0),
        ("channels-65535", 22, "<H", 65_535),
        ("rate-0", 24, "<I", 0),
        ("rate-max", 24, "<I", 0xFFFFFFFF),
        ("rate-1", 24, "<I", 1),
        ("align-0", 32, "<H", 0),
        ("align-max", 32, "<H", 65_535),
        ("bits-0", 34, "<H", 0),
        ("bits-max", 34, "<H", 65_535),
        ("format-max", 20, "<H", 0xFFFF),
        ("fmt-huge", 16, "<I", 0x7FFFFFFF),
    ):
        bent = bytearray(data)
        struct.pack_into(form, bent, at, number)
        yield Hostile(f"{name}.wav", "audio", bytes(bent))
    mp3 = corpus.mp3(0.4)
    yield Hostile("tag-without-end.mp3", "audio", b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + mp3)
    yield Hostile("tags-in-tags.mp3", "audio", b"ID3\x04\0\0\0\0\0\x0a" * 2_000 + mp3)


def _films() -> Iterator[Hostile]:
    """MP4 files whose boxes lie: of sizes, of numbers of frames, of lengths and of edits."""
    film = corpus.video(0.4, width=64, height=48)
    for name, box, at, form, numbers in (
        ("width", b"avc1", 24, ">HH", (65_535, 65_535)),
        ("shown", b"tkhd", 76, ">II", (0xFFFFFFFF, 0xFFFFFFFF)),
        ("frames", b"stsz", 8, ">I", (0x7FFFFFFF,)),
        ("frames-max", b"stsz", 8, ">I", (0xFFFFFFFF,)),
        ("sizes", b"stsz", 4, ">II", (0x7FFFFFFF, 0x00FFFFFF)),
        ("times", b"stts", 4, ">III", (0x7FFFFFFF, 0x7FFFFFFF, 0x7FFFFFFF)),
        ("times-0", b"stts", 8, ">II", (0xFFFFFF, 0)),
        ("chunks", b"stco", 4, ">II", (0x7FFFFFFF, 0xFFFFFFFF)),
        ("chunk-samples", b"stsc", 4, ">IIII", (0x7FFFFFFF, 1, 0x7FFFFFFF, 1)),
        ("edits", b"elst", 4, ">I", (0x7FFFFFFF,)),
        ("edit-length", b"elst", 8, ">Ii", (0xFFFFFFFF, 0x7FFFFFFF)),
        ("edit-back", b"elst", 8, ">Ii", (1, -2_000_000_000)),
        ("edit-rate", b"elst", 16, ">i", (0,)),
        ("timescale-0", b"mdhd", 12, ">I", (0,)),
        ("timescale-max", b"mdhd", 12, ">II", (0xFFFFFFFF, 0xFFFFFFFF)),
        ("length", b"mvhd", 12, ">II", (1, 0xFFFFFFFF)),
        ("codec-config", b"avcC", 4, ">I", (0xFFFFFFFF,)),
        ("box-of-nothing", b"moov", -4, ">I", (0,)),
        ("box-of-all", b"moov", -4, ">I", (0xFFFFFFFF,)),
        ("box-in-itself", b"trak", -4, ">I", (8,)),
    ):
        bent = bytearray(film)
        found = film.find(box)
        assert found >= 0, box
        struct.pack_into(form, bent, found + 4 + at if at >= 0 else found + at, *numbers)
        yield Hostile(f"{name}.mp4", "video", bytes(bent))
    # Where its sound is in a format that nobody knows, its pictures can be cut all the same.
    yield Hostile("unknown-sound.mp4", "video", film.replace(b"mp4a", b"zzzz").replace(b"esds", b"free"))
    nested = b"".join(struct.pack(">I4s", 8 * (400 - depth), b"moov") for depth in range(400))
    yield Hostile("nested.mp4", "video", film[:32] + nested)
    yield Hostile("streams.mp4", "video", film + film[film.find(b"moov") - 4 :] * 40)
