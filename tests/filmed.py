"""Videos as cameras, phones and programs write them, made by code, each with what a good player shows of it.

To try another one, add a line to `FILMS`: how it is written, and what is right. The picture is the corpus's (four
quarters), for two seconds at 25 pictures a second, with the corpus's tone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from tests import corpus

SECONDS, FPS, RATE = 2.0, 25, 48_000
UPRIGHT = (corpus.TOP_LEFT, corpus.TOP_RIGHT, corpus.BOTTOM_LEFT, corpus.BOTTOM_RIGHT)
TURNED_LEFT = (corpus.TOP_RIGHT, corpus.BOTTOM_RIGHT, corpus.TOP_LEFT, corpus.BOTTOM_LEFT)
TURNED_RIGHT = (corpus.BOTTOM_LEFT, corpus.TOP_LEFT, corpus.BOTTOM_RIGHT, corpus.TOP_RIGHT)
ON_ITS_HEAD = UPRIGHT[::-1]
MIRRORED = (corpus.TOP_RIGHT, corpus.TOP_LEFT, corpus.BOTTOM_RIGHT, corpus.BOTTOM_LEFT)


@dataclass(frozen=True, slots=True)
class Film:
    """How a video is written, and the size, the length and the colours of its quarters that are right."""

    format: str = "mp4"
    codec: str = "libx264"
    pixels: str = "yuv420p"
    sound: str = "aac"
    stored: tuple[int, int] = (160, 120)
    aspect: Fraction | None = None
    """Of a pixel, width to height."""
    turn: tuple[int, bool] | None = None
    """Degrees to the left, and whether it is mirrored as well."""
    starts_s: float = 0.0
    """Its first time stamp."""
    options: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)

    size: tuple[int, int] = (160, 120)
    colours: tuple[tuple[int, int, int], ...] = UPRIGHT
    mime: str = "video/mp4"


MATROSKA, AVI, TS = "video/x-matroska", "video/x-msvideo", "video/mp2t"
MPEG2: dict[str, Any] = {"codec": "mpeg2video", "sound": "mp2"}

FILMS: dict[str, Film] = {
    "a phone held upright": Film("mov", turn=(90, False), size=(120, 160), colours=TURNED_LEFT, mime="video/quicktime"),
    "a phone held upright the other way": Film(turn=(-90, False), size=(120, 160), colours=TURNED_RIGHT),
    "a phone on its head": Film(turn=(180, False), colours=ON_ITS_HEAD),
    "a mirrored selfie": Film(turn=(0, True), colours=MIRRORED),
    "HDV with wide pixels": Film("matroska", aspect=Fraction(4, 3), size=(213, 120), mime=MATROSKA),
    "DVD with narrow pixels": Film(aspect=Fraction(8, 9), size=(160, 135)),
    "wide pixels, held upright": Film(aspect=Fraction(4, 3), turn=(90, False), size=(120, 213), colours=TURNED_LEFT),
    "a transport stream that starts late": Film("mpegts", starts_s=3.0, mime=TS),
    "a television recording": Film("mpegts", starts_s=10.0, mime=TS, **MPEG2),
    "a Matroska file that starts late": Film("matroska", starts_s=5.0, mime=MATROSKA),
    "an MP4 with an edit list": Film(starts_s=2.0),
    "DivX in AVI": Film("avi", "mpeg4", sound="libmp3lame", options={"bf": "2"}, mime=AVI),
    "H.264 in AVI, which has no display times": Film("avi", sound="libmp3lame", mime=AVI),
    "an old camera's AVI, with the full range of colours": Film("avi", "mjpeg", "yuvj420p", "pcm_s16le", mime=AVI),
    "a DVD's MPEG": Film("vob", "mpeg2video", sound="ac3", mime="video/mpeg"),
    "a Windows Media video": Film("asf", "wmv2", sound="libmp3lame", mime="video/x-ms-wmv"),
    "a Flash video": Film("flv", mime="video/x-flv"),
    "an interlaced camcorder": Film("mpegts", options={"flags": "+ildct+ilme"}, mime=TS, **MPEG2),
}


def filmed(film: Film, pause_s: tuple[float, float] = (0.0, 0.0)) -> bytes:
    """The file. Of its sound, nothing is written between these two instants."""
    width, height = film.stored
    picture = av.VideoFrame.from_ndarray(np.asarray(corpus.quarters(width, height)), format="rgb24")
    frames = [picture.reformat(format=film.pixels)] * round(SECONDS * FPS)
    return written(film, frames, corpus.tone(SECONDS, RATE), pause_s)


def written(
    film: Film, frames: list[av.VideoFrame], sound: NDArray[np.float32], pause_s: tuple[float, float] = (0.0, 0.0)
) -> bytes:
    """Any pictures and any sound, written as ``film`` is."""

    def sounding(packets: list[Any]) -> list[Any]:
        return [one for one in packets if not pause_s[0] <= float(one.pts * one.time_base) < pause_s[1]]

    def fill(container: OutputContainer) -> None:
        moving = container.add_stream(film.codec, rate=FPS, options=dict(film.options))
        assert isinstance(moving, VideoStream)
        moving.width, moving.height, moving.pix_fmt = frames[0].width, frames[0].height, film.pixels
        moving.codec_context.thread_count = 1
        if film.aspect is not None:
            moving.codec_context.sample_aspect_ratio = film.aspect
        if film.turn is not None:
            moving.set_display_rotation(film.turn[0], hflip=film.turn[1])
        for name, code in film.codes.items():
            setattr(moving.codec_context, name, code)
        heard = container.add_stream(film.sound, rate=RATE, layout="mono")
        assert isinstance(heard, AudioStream)
        # In turns, as recorders write them: players do not wait long for what belongs together.
        blocks = _blocks(heard, sound, film.starts_s)
        for number, frame in enumerate(frames):
            frame.pts, frame.time_base = number + round(film.starts_s * FPS), Fraction(1, FPS)
            container.mux(moving.encode(frame))
            while (block := next(blocks, None)) is not None:
                container.mux(sounding(heard.encode(block)))
                if block.pts is not None and block.pts / RATE > film.starts_s + number / FPS:
                    break
        for block in blocks:
            container.mux(sounding(heard.encode(block)))
        container.mux(moving.encode())
        container.mux(sounding(heard.encode()))

    return corpus.muxed(fill, film.format)


def _blocks(heard: AudioStream, sound: NDArray[np.float32], starts_s: float) -> Any:
    wanted = "s16" if heard.name in ("mp2", "pcm_s16le") else "fltp"
    converter = av.AudioResampler(wanted, "mono", RATE, 1152 if heard.name in ("mp2", "libmp3lame") else 1024)
    whole = av.AudioFrame.from_ndarray(sound[np.newaxis], format="flt", layout="mono")
    whole.sample_rate, whole.pts, whole.time_base = RATE, round(starts_s * RATE), Fraction(1, RATE)
    yield from (*converter.resample(whole), *converter.resample(None))


def save(folder: Path, name: str) -> Path:
    """One of `FILMS` as a file."""
    path = folder / "film"
    path.write_bytes(filmed(FILMS[name]))
    return path
