"""The good, bad and odd files that people bring, built by code: every function returns a file's bytes.

They are the same bytes every time, however many processors encode them: damage done to them by seed can be repeated.

A picture shows four quarters, so that a test can see which way up it is and whether its colours are right; a
sound is a 220 Hz tone.
"""

from __future__ import annotations

import io
import random
import struct
import wave
import zlib
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image, ImageCms

TOP_LEFT, TOP_RIGHT = (220, 40, 40), (40, 200, 60)
BOTTOM_LEFT, BOTTOM_RIGHT = (50, 60, 210), (240, 240, 240)
TONE_HZ = 220

Layout = Literal["mono", "stereo", "5.1"]
_CHANNELS: dict[Layout, int] = {"mono": 1, "stereo": 2, "5.1": 6}


# Pictures


def quarters(width: int = 320, height: int = 240) -> Image.Image:
    """The test picture: red and green quarters above blue and near-white ones."""
    image = Image.new("RGB", (width, height), TOP_LEFT)
    x, y = width // 2, height // 2
    image.paste(TOP_RIGHT, (x, 0, width, y))
    image.paste(BOTTOM_LEFT, (0, y, x, height))
    image.paste(BOTTOM_RIGHT, (x, y, width, height))
    return image


def picture(format: str = "PNG", mode: str = "RGB", width: int = 320, height: int = 240, **options: Any) -> bytes:
    """The test picture in any of Pillow's formats and modes; ``options`` go to `Image.save`."""
    return saved(quarters(width, height).convert(mode), format, **options)


def saved(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    """Any Pillow image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def png(width: int = 320, height: int = 240, mode: str = "RGB") -> bytes:
    """The test picture as PNG."""
    return picture("PNG", mode, width, height)


def jpeg(width: int = 320, height: int = 240, mode: str = "RGB", orientation: int | None = None) -> bytes:
    """The test picture as JPEG; with an EXIF ``orientation`` it is stored turned, and upright when obeyed."""
    image = quarters(width, height).convert(mode)
    if orientation is None:
        return saved(image, "JPEG", quality=95)
    turned = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(image if turned is None else image.transpose(turned), "JPEG", quality=95, exif=exif)


def grey_png_16() -> bytes:
    """A 16-bit grey PNG: a ramp from black at the left to white at the right."""
    ramp = np.linspace(0, 65_535, 320).astype(np.uint16)
    return saved(Image.fromarray(np.tile(ramp, (240, 1))))


def rgb_png_16(width: int = 320, height: int = 240) -> bytes:
    """The test picture as a PNG of 16 bits per channel, which Pillow reads but does not write."""
    rows = np.asarray(quarters(width, height)).astype(">u2") * 257
    raw = b"".join(b"\0" + row.astype(">u2").tobytes() for row in rows)
    return _png_of((width, height, 16, 2), zlib.compress(raw))


def see_through_png() -> bytes:
    """The left half red and opaque, the right half black and wholly transparent."""
    image = Image.new("RGBA", (320, 240), (0, 0, 0, 0))
    image.paste((*TOP_LEFT, 255), (0, 0, 160, 240))
    return saved(image)


def p3_profile() -> bytes:
    """The profile of a screen with the colours of Display P3: sRGB's, with other primaries (ICC.1, 9.2.47)."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    primaries = {b"rXYZ": (0.51512, 0.24120, -0.00105), b"gXYZ": (0.29198, 0.69225, 0.04189)}
    for name, values in (primaries | {b"bXYZ": (0.15710, 0.06657, 0.78407)}).items():
        (at,) = struct.unpack_from(">I", profile, profile.index(name) + 4)
        struct.pack_into(">iii", profile, at + 8, *(round(value * 65_536) for value in values))
    return bytes(profile)


def png_noting(name: bytes, content: bytes) -> bytes:
    """The test picture as a PNG with one more chunk, in front of its pixels."""
    data = png()
    chunk = struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    return data[:33] + chunk + data[33:]


def jxl(boxed: bool = False) -> bytes:
    """The beginning of a JPEG XL picture, bare or in a container."""
    return (b"\0\0\0\x0cJXL \r\n\x87\n" if boxed else b"\xff\x0a") + bytes(200)


def animated(format: str = "GIF") -> bytes:
    """Two frames: the test picture, then black."""
    return saved(quarters(), format, save_all=True, append_images=[Image.new("RGB", (320, 240))], duration=100)


def bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """A PNG of a few hundred bytes whose header promises a picture of gigabytes."""
    return _png_of((width, height, 8, 2), zlib.compress(bytes(100_000)))


def svg() -> bytes:
    """A drawing that is text."""
    return b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>\n'


@cache
def heic_photo(width: int = 320, height: int = 240, turned: int = 0, colour: bytes = b"") -> bytes:
    """The test picture as an iPhone's photo (ISO/IEC 23008-12): one HEVC picture, with quarter turns to the left.

    ``colour`` is the content of its ``colr`` box.
    """

    encoder = av.CodecContext.create("libx265", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.options = Fraction(1, 25), {"x265-params": "log-level=none"}
    frame = av.VideoFrame.from_ndarray(np.asarray(quarters(width, height)), format="rgb24").reformat(format="yuv420p")
    frame.pts = 0
    stream = b"".join(bytes(packet) for packet in (*encoder.encode(frame), *encoder.encode(None)))
    units = [unit.rstrip(b"\0") for unit in stream.split(b"\0\0\1")[1:]]
    sets = [unit for unit in units if unit[0] >> 1 in (32, 33, 34)]
    picture = b"".join(struct.pack(">I", len(unit)) + unit for unit in units if unit[0] >> 1 < 32)
    profile = sets[1].replace(b"\0\0\3", b"\0\0")[3:15]

    def box(name: bytes, *parts: bytes) -> bytes:
        return struct.pack(">I4s", 8 + sum(map(len, parts)), name) + b"".join(parts)

    arrays = [struct.pack(">BHH", 0x80 | unit[0] >> 1, 1, len(unit)) + unit for unit in sets]
    shape = bytes([0xF0, 0, 0xFC, 0xFD, 0xF8, 0xF8, 0, 0, 0x0F, len(sets)])  # 4:2:0, 8 bits
    traits = [box(b"hvcC", b"\1", profile, shape, *arrays), box(b"ispe", struct.pack(">III", 0, width, height))]
    traits += [box(b"irot", bytes([turned]))] if turned else []
    traits += [box(b"colr", colour)] if colour else []
    links = bytes([0x80 | 1, *range(2, len(traits) + 1)])
    head = box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    start = 0
    for _ in range(2):  # the second time with the position of the picture, which is behind the boxes
        meta = box(
            b"meta",
            bytes(4),
            box(b"hdlr", bytes(8), b"pict", bytes(13)),
            box(b"pitm", struct.pack(">IH", 0, 1)),
            box(b"iloc", struct.pack(">IHHHHHII", 0, 0x4400, 1, 1, 0, 1, start, len(picture))),
            box(b"iinf", struct.pack(">IH", 0, 1), box(b"infe", struct.pack(">IHH4sB", 0x02000000, 1, 0, b"hvc1", 0))),
            box(
                b"iprp",
                box(b"ipco", *traits),
                box(b"ipma", struct.pack(">IIHB", 0, 1, 1, len(traits)), links),
            ),
        )
        start = len(head) + len(meta) + 8
    return head + meta + box(b"mdat", picture)


def heic() -> bytes:
    """The beginning of an iPhone's photo, with nothing behind it."""
    return struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"heic", 0, b"mif1", b"heic") + bytes(4_000)


def _png_of(header: tuple[int, int, int, int], pixels: bytes) -> bytes:
    """A PNG from (width, height, bit depth, colour type) and deflated rows (PNG specification, 11.2)."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", *header, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


# Sound


def tone(seconds: float, rate: int = 16_000) -> NDArray[np.float32]:
    """Mono samples of the test tone, at a third of full scale."""
    time = np.arange(round(seconds * rate)) / rate
    return (0.3 * np.sin(2 * np.pi * TONE_HZ * time)).astype(np.float32)


def wav(seconds: float = 1.0, rate: int = 16_000, channels: int = 1, bits: Literal[8, 16, 24, 32] = 16) -> bytes:
    """Plain PCM. ``seconds=0`` gives a header without a sample."""
    full_scale = np.repeat(tone(seconds, rate), channels).astype(np.float64)
    whole = np.rint(full_scale * (2 ** (bits - 1) - 1)).astype(np.int64) + (128 if bits == 8 else 0)
    frames = whole.astype("<i8").view(np.uint8).reshape(-1, 8)[:, : bits // 8].tobytes()
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((channels, bits // 8, rate, 0, "NONE", ""))
        file.writeframes(frames)
    return buffer.getvalue()


def sound(
    format: str = "wav",
    codec: str = "pcm_f32le",
    seconds: float = 1.0,
    rate: int = 48_000,
    layout: Layout = "mono",
    **options: str,
) -> bytes:
    """The tone in one of FFmpeg's containers and codecs; ``options`` go to the container."""

    def fill(container: OutputContainer) -> None:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        assert isinstance(stream, AudioStream)
        stream.codec_context.options = {"strict": "experimental"}  # FFmpeg's own Vorbis encoder wants it
        _encode_tone(container, stream, seconds, layout)

    return muxed(fill, format, options)


def mp3(seconds: float = 1.0, rate: int = 44_100, layout: Layout = "mono") -> bytes:
    """An MP3 that counts its frames in a Xing header, as encoders write it."""
    return sound("mp3", "libmp3lame", seconds, rate, layout)


def headless_mp3(seconds: float = 1.0, rate: int = 44_100) -> bytes:
    """An MP3 without Xing header, as a stream recorder leaves it: its length can only be guessed."""
    return sound("mp3", "libmp3lame", seconds, rate, write_xing="0", id3v2_version="0")


def m4a(seconds: float = 1.0, rate: int = 44_100, layout: Layout = "mono") -> bytes:
    """AAC in MP4, with its index in front so that a truncated one still opens."""
    return sound("ipod", "aac", seconds, rate, layout, movflags="+faststart")


def ogg(seconds: float = 1.0, codec: str = "libopus") -> bytes:
    """Opus (or another codec) in Ogg."""
    return sound("ogg", codec, seconds, 48_000, "stereo" if codec == "vorbis" else "mono")


def flac(seconds: float = 1.0, rate: int = 44_100, layout: Layout = "mono") -> bytes:
    """FLAC."""
    return sound("flac", "flac", seconds, rate, layout)


def streamed_wav(seconds: float = 1.0) -> bytes:
    """A WAV whose recorder could not go back to write its sizes."""
    data = wav(seconds)
    return data[:4] + b"\xff" * 4 + data[8:40] + b"\xff" * 4 + data[44:]


# Video


@cache
def video(
    seconds: float = 1.0,
    *,
    with_sound: bool = True,
    format: Literal["mp4", "webm"] = "mp4",
    width: int = 160,
    height: int = 120,
    fps: int = 25,
) -> bytes:
    """The test picture as a film, with the tone as its sound; an MP4 has its index in front.

    Kept, because many tests bring the same one. Encoded anew it has the same bytes: one thread encodes, no random
    number and no time is written, and none of the encoders uses memory that nobody has filled (`test_fuzz_media`).
    """

    def fill(container: OutputContainer) -> None:
        moving = container.add_stream("libx264" if format == "mp4" else "libvpx", rate=fps)
        assert isinstance(moving, VideoStream)
        moving.codec_context.thread_count = 1  # more would leave their number's mark in the pictures
        moving.width, moving.height, moving.pix_fmt = width, height, "yuv420p"
        if with_sound:
            heard = container.add_stream("aac" if format == "mp4" else "libopus", rate=48_000, layout="mono")
        frame = av.VideoFrame.from_ndarray(np.asarray(quarters(width, height)), format="rgb24")
        for number in range(round(seconds * fps)):
            frame.pts = number
            container.mux(moving.encode(frame))
        container.mux(moving.encode())
        if with_sound:
            _encode_tone(container, heard, seconds, "mono")

    return muxed(fill, format, {"movflags": "+faststart"} if format == "mp4" else {})


def muxed(fill: Callable[[OutputContainer], None], format: str, options: dict[str, str] | None = None) -> bytes:
    """What ``fill`` writes into a file of this format."""
    # FFmpeg moves an MP4's index to the front by reading the file again, so it needs a real one.
    with TemporaryDirectory() as folder:
        path = Path(folder) / "film"
        # Exact, lest it writes random numbers into Matroska and Ogg.
        with av.open(path, "w", format=format, options={"fflags": "+bitexact", **(options or {})}) as container:
            fill(container)
        return path.read_bytes()


def _encode_tone(container: OutputContainer, stream: AudioStream, seconds: float, layout: Layout) -> None:
    rate = stream.rate
    samples = np.repeat(tone(seconds, rate), _CHANNELS[layout])[np.newaxis]
    step = 1_024 * _CHANNELS[layout]
    for start in range(0, samples.shape[1], step):
        frame = av.AudioFrame.from_ndarray(samples[:, start : start + step], format="flt", layout=layout)
        frame.sample_rate, frame.pts = rate, start // _CHANNELS[layout]
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


# Files that are not what they say


def truncated(data: bytes, keep: float = 0.5) -> bytes:
    """The first part of a file, as a download leaves it that was cut."""
    return data[: int(len(data) * keep)]


def text() -> bytes:
    """A note to oneself, with letters beyond ASCII."""
    return "Dear diary, today I went to the café.\n".encode() * 40


def html() -> bytes:
    """What a server sends instead of a file when it wants a sign-in."""
    return b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in</body></html>\n"


def playlist(link: str) -> bytes:
    """A list of links, of the kind that players follow (HLS)."""
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{link}\n#EXT-X-ENDLIST\n".encode()


def concat_list(link: str) -> bytes:
    """A list of files to be joined (FFmpeg's concat script)."""
    return f"ffconcat version 1.0\nfile '{link}'\n".encode()


def noise(length: int = 20_000, seed: int = 1) -> bytes:
    """Bytes without any meaning, the same ones every time."""
    return random.Random(seed).randbytes(length)
