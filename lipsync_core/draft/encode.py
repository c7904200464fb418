"""Write the MP4: frames and a voice in, one H.264 + AAC file out, streamed.

One thread draws, another encodes, with a short queue between them; neither the frames nor the voice are ever in memory
as a whole. The file gets its name only when it is complete and on disk.
"""

from __future__ import annotations

import errno
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream
from numpy.typing import NDArray

from lipsync_core.decode.container import opened
from lipsync_core.decode.track import voice_stream
from lipsync_core.errors import RenderError

Image = NDArray[np.uint8]

FPS = 25
X264 = {
    "preset": "veryfast",
    "crf": "17",
    "x264-params": "subme=4:no-dct-decimate=1:no-fast-pskip=1:chroma-qp-offset=-3",
}
"""With `veryfast` alone at 21, x264 drops the small residue of lips that have closed: specks stay along their seam.
These settings keep it, for about 2 ms a frame."""

VOICE_BIT_RATE = 128_000

ORIGIN = "AI-generated"
"""What every draft says of itself, in the comment and the description of its file."""

_BT709 = 1  # H.273 code of the primaries, the transfer curve and the matrix


@dataclass(frozen=True, slots=True)
class Clock:
    """When each frame is shown: ``stamps`` in a ``unit`` of seconds, and the mean ``rate``, by which x264 plans.

    Without stamps, the frames follow one another in this unit. ``colours`` are the H.273 codes of the frames'
    primaries, transfer curve and matrix.
    """

    unit: Fraction = Fraction(1, FPS)
    rate: Fraction = Fraction(FPS)
    stamps: Sequence[int] | None = None
    colours: tuple[int, int, int] = (_BT709, _BT709, _BT709)

    def stamp(self, index: int) -> int:
        """Return the time of a frame in the unit."""
        return index if self.stamps is None else self.stamps[index]


STEADY = Clock()
"""25 frames a second, as a draft of a picture has."""

_AAC_RATES = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_USUAL_RATE = 48_000
_QUEUED_FRAMES = 8
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_mp4(
    out: Path, frames: Iterable[Image], voice: Path | None, on_frame: Callable[[int], None], clock: Clock = STEADY
) -> None:
    """Encode NV12 ``frames`` (all of one even size) by the ``clock``, with the ``voice`` if there is one, into ``out``.

    ``on_frame`` is called, in the calling thread, with the number of frames passed on so far. Raises `RenderError` if
    the file cannot be written; nothing is left at ``out`` then.
    """
    part = out.with_name(f".{out.name}.part")
    try:
        _encode(part, frames, voice, on_frame, clock)
        _check_whole(part)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(out)
    except (FFmpegError, OSError) as error:
        raise RenderError(_cannot_write(error)) from error
    finally:
        part.unlink(missing_ok=True)


def _cannot_write(error: OSError | FFmpegError) -> str:
    if error.errno in _DISK_FULL:
        return "The disk is full, so the video could not be saved. Free some space, then render again."
    return f"The video could not be saved ({error.strerror}). Check the folder for videos, then render again."


def _encode(
    part: Path, frames: Iterable[Image], voice: Path | None, on_frame: Callable[[int], None], clock: Clock
) -> None:
    """Pass frames to a thread that encodes them; an exception in that thread is raised here."""
    waiting: queue.Queue[Image | None] = queue.Queue(_QUEUED_FRAMES)
    failures: list[BaseException] = []

    def taken() -> Iterator[Image]:
        while (frame := waiting.get()) is not None:
            yield frame

    def encode() -> None:
        try:
            _mux(part, taken(), voice, clock)
        except BaseException as error:  # the calling thread raises it, whatever it is
            failures.append(error)

    def hand_over(frame: Image | None) -> None:
        while not failures:
            with suppress(queue.Full):
                waiting.put(frame, timeout=0.2)
                return

    encoder = threading.Thread(target=encode, name="encode")
    encoder.start()
    try:
        for count, frame in enumerate(frames, 1):
            hand_over(frame)
            if failures:
                break
            on_frame(count)
    finally:
        hand_over(None)
        encoder.join()
    if failures:
        raise failures[0]


def _mux(part: Path, frames: Iterator[Image], voice: Path | None, clock: Clock) -> None:
    first = next(frames)
    with ExitStack() as files:
        container = files.enter_context(av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}))
        container.metadata.update(comment=ORIGIN, description=ORIGIN)
        picture = _picture_track(container, first.shape[1], first.shape[0] * 2 // 3, clock)
        sound = _sound(container, files.enter_context(opened(voice)), voice) if voice is not None else iter(())
        sound_s = 0.0
        for index, pixels in enumerate(_chain(first, frames)):
            stamp = clock.stamp(index)
            while sound_s <= stamp * clock.unit and (piece := next(sound, None)) is not None:
                container.mux(piece[0])
                sound_s += piece[1]
            # Not from_numpy_buffer: PyAV 18.1 mistakes heights that are not a multiple of 4 for smaller ones.
            frame = av.VideoFrame.from_ndarray(pixels, format="nv12")
            frame.pts, frame.time_base = stamp, clock.unit
            container.mux(picture.encode(frame))
        for packets, _seconds in sound:
            container.mux(packets)
        container.mux(picture.encode(None))


def _sound(
    container: OutputContainer, source: av.container.InputContainer, voice: Path
) -> Iterator[tuple[list[Packet[Any]], float]]:
    """Add a track with the voice, and yield its packets piece by piece, each with its length in seconds.

    The first piece has to be taken before a picture is written: the tracks are part of the file's header.
    """
    stream = voice_stream(voice, source)
    if stream is None:
        raise RenderError("The voice has no sound.")
    rate = stream.codec_context.sample_rate
    sound = container.add_stream(
        "aac",
        rate=rate if rate in _AAC_RATES else _USUAL_RATE,
        layout="mono" if stream.codec_context.channels == 1 else "stereo",
    )
    sound.bit_rate = VOICE_BIT_RATE if sound.layout.nb_channels == 2 else VOICE_BIT_RATE * 3 // 4
    for piece in _heard(source, stream, sound):
        yield sound.encode(piece), piece.samples / piece.sample_rate
    yield sound.encode(None), 0.0


def _chain(first: Image, rest: Iterator[Image]) -> Iterator[Image]:
    yield first
    yield from rest


def _picture_track(container: OutputContainer, width: int, height: int, clock: Clock) -> VideoStream:
    track = container.add_stream("libx264", rate=clock.rate, options=X264)
    track.width, track.height, track.pix_fmt = width, height, "nv12"
    context = track.codec_context
    context.thread_count = 2
    context.time_base = clock.unit
    context.color_range = ColorRange.MPEG
    context.color_primaries, context.color_trc, context.colorspace = clock.colours
    return track


def _heard(source: av.container.InputContainer, stream: AudioStream, sound: AudioStream) -> Iterator[AudioFrame]:
    """Yield the voice in the format of the AAC track, with time stamps in samples from 0."""
    resampler = av.AudioResampler("fltp", sound.layout, sound.rate)
    count = 0
    for frame in _decoded(source, stream):
        frame.pts = None
        for piece in resampler.resample(frame):
            piece.pts, piece.time_base = count, Fraction(1, sound.rate)
            count += piece.samples
            yield piece
    for piece in resampler.resample(None):
        piece.pts, piece.time_base = count, Fraction(1, sound.rate)
        count += piece.samples
        yield piece


def _decoded(source: av.container.InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    for packet in source.demux(stream):
        try:
            yield from stream.codec_context.decode(packet)
        except FFmpegError:
            continue


def _check_whole(part: Path) -> None:
    """Check that the boxes of an MP4 add up to its file size: this reveals a last write that failed silently."""
    size, position = part.stat().st_size, 0
    with part.open("rb") as file:
        while position + 8 <= size:
            file.seek(position)
            header = file.read(16)
            length = int.from_bytes(header[:4])
            position += int.from_bytes(header[8:16]) if length == 1 else max(length, 8)
    if position != size:
        raise OSError(errno.EIO, "the file is incomplete")
