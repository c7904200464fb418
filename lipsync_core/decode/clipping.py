"""Write a part of a video, or all of it, as an MP4 that every player accepts: H.264 and AAC.

The part begins with the picture that is on screen at its start, and its sound begins at the time of that picture, so
that both stay in sync to the sample. Both are streamed: ten minutes need no more memory than one second.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError, InvalidDataError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from lipsync_core.decode.container import opened, picture_stream
from lipsync_core.decode.cutting import MOST_RATE, Samples, blocks_of
from lipsync_core.decode.sniff import shown
from lipsync_core.decode.sound import RATES
from lipsync_core.errors import MediaError

X264 = {"crf": "18", "preset": "veryfast"}
"""Hardly distinguishable from the source."""
_SOUND_BIT_RATE = 192_000
_SAME_S = 1e-4
"""Instants closer than this are the same: clocks count in different units."""
_EVER_S = float("inf")


def cut_video(
    path: Path,
    out: Path,
    *,
    start_s: float = 0.0,
    end_s: float = _EVER_S,
    most_side: int = 0,
    most_bytes: int = 0,
    name: str | None = None,
) -> None:
    """Write what is on screen from ``start_s`` to ``end_s``, upright, as an MP4.

    ``most_side`` is the longest side in pixels and ``most_bytes`` the largest file size; 0 means no limit. Raises
    `MediaError` for a file that cannot be decoded.
    """
    name = name or path.name
    try:
        begin = _on_screen(path, start_s)
        bit_rate = int(most_bytes * 7.2 / (end_s - start_s)) - _SOUND_BIT_RATE if most_bytes else 0
        with (
            opened(path) as seen,
            opened(path) as heard,
            av.open(str(out), "w", format="mp4", options={"movflags": "+faststart"}) as target,
        ):
            moving = _picture_stream(seen)
            voice = _sound_stream(heard)
            sound = _Sound(heard, voice, float(begin * _unit(moving)), target) if voice is not None else None
            _write(seen, moving, begin, end_s, _Picture(target, moving, most_side, bit_rate), sound)
    except (FFmpegError, ValueError, StopIteration) as error:
        raise MediaError("Damaged video", f"{shown(name)} cannot be decoded. Download or export it again.") from error


def _write(
    seen: InputContainer, moving: VideoStream, begin: int, end_s: float, picture: _Picture, sound: _Sound | None
) -> None:
    unit, film_s = _unit(moving), 0.0
    for frame in _frames(seen, moving, float(begin * unit)):
        assert frame.pts is not None  # noqa: S101 - `_frames` omits the others
        if frame.pts < begin:
            continue
        if float(frame.pts * unit) > end_s - _SAME_S and film_s:
            break
        at = frame.pts - begin
        picture.take(frame, at)
        film_s = float((at + (frame.duration or 0)) * unit) or 1.0 / picture.rate
        if sound is not None:
            sound.up_to(float(at * unit))
    if not film_s:
        raise ValueError("a video without a picture")
    if sound is not None:
        sound.up_to(film_s)
        sound.end()
    picture.end()


class _Picture:
    """The output's video track, as large as its first picture after rotation."""

    def __init__(self, target: OutputContainer, source: VideoStream, most_side: int, bit_rate: int) -> None:
        self.rate = source.average_rate or Fraction(25)
        self._target = target
        self._most_side = most_side
        self._size: tuple[int, int] | None = None
        limit = {"maxrate": str(bit_rate), "bufsize": str(bit_rate)} if bit_rate > 0 else {}
        self._stream = target.add_stream("libx264", rate=self.rate, options=X264 | limit)
        context, given = self._stream.codec_context, source.codec_context
        context.time_base = _unit(source)
        context.pix_fmt = "yuv420p"
        context.color_primaries, context.color_trc = given.color_primaries, given.color_trc
        context.colorspace, context.color_range = given.colorspace, given.color_range

    def take(self, frame: VideoFrame, at: int) -> None:
        """Write one picture; ``at`` is in the source's time unit."""
        upright = _upright(frame)
        if self._size is None:
            longest = max(upright.width, upright.height)
            scale = min(1.0, self._most_side / longest) if self._most_side else 1.0
            self._size = _even(upright.width * scale), _even(upright.height * scale)
            self._stream.codec_context.width, self._stream.codec_context.height = self._size
        picture = upright.reformat(*self._size, format="yuv420p")
        picture.pts, picture.time_base = at, self._stream.codec_context.time_base
        picture.duration = frame.duration
        picture.pict_type = av.video.frame.PictureType.NONE  # the encoder decides again
        self._target.mux(self._stream.encode(picture))

    def end(self) -> None:
        """Write what is left in the encoder."""
        self._target.mux(self._stream.encode(None))


class _Sound:
    """The output's sound track, from one instant of the source on; silence where the source has none."""

    def __init__(self, source: InputContainer, heard: AudioStream, begin_s: float, target: OutputContainer) -> None:
        self._target = target
        self._rate = min(heard.rate, MOST_RATE)
        self._layout = "mono" if heard.layout.nb_channels == 1 else "stereo"
        self._stream = target.add_stream("aac", rate=self._rate, layout=self._layout)
        self._stream.bit_rate = _SOUND_BIT_RATE
        self._blocks = self._from(source, heard, begin_s)
        self._rest: Samples | None = None
        self._written = 0

    def up_to(self, film_s: float) -> None:
        """Write the sound of the first ``film_s`` seconds, as far as it exists."""
        missing = round(film_s * self._rate) - self._written
        while missing > 0:
            block = self._rest if self._rest is not None else next(self._blocks, None)
            if block is None:
                return
            part, rest = block[:missing], block[missing:]
            self._rest = rest if len(rest) else None
            packed = np.ascontiguousarray(part).reshape(1, -1)
            frame = AudioFrame.from_ndarray(packed, format="s16", layout=self._layout)
            frame.sample_rate, frame.pts, frame.time_base = self._rate, self._written, Fraction(1, self._rate)
            self._target.mux(self._stream.encode(frame))
            self._written += len(part)
            missing -= len(part)

    def end(self) -> None:
        """Write what is left in the encoder."""
        if self._written:
            self._target.mux(self._stream.encode(None))

    def _from(self, source: InputContainer, heard: AudioStream, begin_s: float) -> Iterator[Samples]:
        channels = 1 if self._layout == "mono" else 2
        source.seek(max(0, int((begin_s - 1) * 1_000_000)))
        frames = (frame for frame in _decoded(source, heard) if isinstance(frame, AudioFrame))
        first = next(frames, None)
        if first is None:
            return
        skip = round((begin_s - (first.time or 0.0)) * self._rate)
        while skip < 0:  # it begins later than the pictures
            quiet = min(-skip, self._rate)
            yield np.zeros((quiet, channels), np.int16)
            skip += quiet
        for block in blocks_of(chain([first], frames), self._rate, channels):
            if skip < len(block):
                yield block[skip:]
            skip = max(0, skip - len(block))


def _on_screen(path: Path, start_s: float) -> int:
    """Return the time stamp of the picture that is on screen at an instant, in the stream's unit."""
    with opened(path) as container:
        stream = _picture_stream(container)
        shown_at: int | None = None
        for frame in _frames(container, stream, start_s):
            assert frame.pts is not None  # noqa: S101 - `_frames` omits the others
            if shown_at is not None and float(frame.pts * _unit(stream)) > start_s + _SAME_S:
                break
            shown_at = frame.pts
    if shown_at is None:
        raise ValueError("a video without a picture")
    return shown_at


def _frames(container: InputContainer, stream: VideoStream, start_s: float) -> Iterator[VideoFrame]:
    """Yield the pictures from the last key picture before an instant, or from the first one."""
    container.seek(max(0, int(start_s / _unit(stream))), stream=stream)
    for frame in _decoded(container, stream):
        if isinstance(frame, VideoFrame) and frame.pts is not None:
            yield frame


def _decoded(container: InputContainer, stream: VideoStream | AudioStream) -> Iterator[VideoFrame | AudioFrame]:
    for packet in container.demux(stream):
        try:
            yield from stream.codec_context.decode(packet)
        except InvalidDataError:
            continue  # one bad packet does not make a video unusable


def _picture_stream(container: InputContainer) -> VideoStream:
    stream = picture_stream(container)
    if stream is None:
        raise ValueError("no moving picture")
    return stream


def _sound_stream(container: InputContainer) -> AudioStream | None:
    """Return the first sound stream that can be decoded; None for a video without one, which stays silent."""
    for stream in container.streams.audio:
        # PyAV's types do not show it, but a codec that FFmpeg does not know has no context.
        context = cast("AudioCodecContext | None", stream.codec_context)
        if context is not None and context.sample_rate in RATES and context.layout.nb_channels:
            return stream
    return None


def _unit(stream: VideoStream) -> Fraction:
    return stream.time_base or Fraction(1, 1000)


def _upright(frame: VideoFrame) -> VideoFrame:
    """Return the picture upright: phones store the rotation separately, where it would get lost."""
    quarters = round(frame.rotation / 90) % 4
    if not quarters:
        return frame
    turned = np.ascontiguousarray(np.rot90(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8), quarters))
    return VideoFrame.from_ndarray(turned, format="rgb24")


def _even(length: float) -> int:
    """Round to an even length: colour is stored at half resolution."""
    return max(2, round(length / 2) * 2)
