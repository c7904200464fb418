"""Videos: whether a file plays from its first to its last frame, and its first picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from lipsync_core.decode.container import opened, picture_stream
from lipsync_core.decode.declared import is_cut_off
from lipsync_core.decode.display import MAX_SIDE, Display, shown_size, unlike
from lipsync_core.decode.filetype import video_type
from lipsync_core.decode.sniff import FileFamily, look_at, shown
from lipsync_core.decode.timing import Timing
from lipsync_core.errors import MediaError

_BACK_S = 1.0
"""By how much a picture may be decoded earlier than the one before it, by its time stamp."""


_DOLBY_ONLY = ("dvh1", "dvhe", "dva1", "dvav")
"""How MP4 names videos that need Dolby Vision’s own data, by “Dolby Vision Streams within the ISO Base Media File
Format”; those that can be shown without it have the usual names."""
_UNSAID = 2
"""The code of H.273 for a transfer that is not told: with one, the video can be shown without that data."""


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """A video that plays. ``duration_s`` is the end of its last picture, ``fps`` its mean frame rate."""

    width: int
    height: int
    duration_s: float
    fps: float
    has_sound: bool
    mime: str
    """The type with which a browser plays it."""
    extension: str
    unlike: str = ""
    """Completes “This video …” if programs that read it carelessly would see something else than a player shows."""


def check_video(path: Path, *, name: str | None = None) -> VideoFacts:
    """Read the video at ``path`` to its end and decode its first and last pictures. Raises `MediaError`.

    ``name`` is the person's name for the file. The pictures in between are counted, not decoded.
    """
    name = name or path.name
    look = look_at(path)
    try:
        with opened(path) as container:
            stream = picture_stream(container)
            if look.kind is FileFamily.VIDEO:
                if stream is None:
                    raise _damaged(name, "holds no moving picture that can be decoded")
                return _checked(path, container, stream, name)
    except _JoinedError as error:
        raise MediaError(
            "Several videos in one file",
            f"The clock of {shown(name)} starts anew after {error.after_s:.0f} s: recordings were put one behind the "
            "other, and programs show only parts of it. Join them with a video program and export an MP4.",
        ) from error
    except (FFmpegError, ValueError) as error:
        if look.kind is FileFamily.VIDEO:
            raise _damaged(name, "cannot be decoded") from error
    if look.kind is FileFamily.EMPTY:
        raise MediaError("Empty file", f"{shown(name)} is empty. Choose an MP4 or WebM video.")
    raise MediaError("Not a video", f"{shown(name)} is {look.phrase}. Choose an MP4 or WebM video.")


class _JoinedError(Exception):
    """The time stamps of a video start anew after so many seconds."""

    def __init__(self, after_s: float) -> None:
        self.after_s = after_s
        super().__init__()


def _checked(path: Path, container: InputContainer, stream: VideoStream, name: str) -> VideoFacts:
    width, height = stream.codec_context.width, stream.codec_context.height
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise MediaError("Video too large", f"{shown(name)} is {width:,} × {height:,} pixels.")
    timing = Timing(container, stream)
    if stream.codec_context.codec_tag in _DOLBY_ONLY and timing.first.color_trc == _UNSAID:
        raise MediaError(
            "Colours of Dolby Vision only",
            f"{shown(name)} has no colours that other programs can show: faces would be green and purple. Export it "
            "with ordinary colours (SDR), or as HDR10 or HLG.",
        )
    container.seek(0)
    pictures, end_s, ends = _demuxed(container, stream, timing)
    if not any(True for _ in timing.pictures(end_s)):
        raise _damaged(name, "holds no moving picture that can be decoded")
    if is_cut_off(path, container):
        _refuse_cut(container, ends, name)
    size, looks_unlike = shown_size(timing.first, stream), unlike(timing.first, stream)
    return VideoFacts(
        *size, end_s, pictures / end_s, bool(container.streams.audio), *video_type(container), looks_unlike
    )


def _demuxed(container: InputContainer, stream: VideoStream, timing: Timing) -> tuple[int, float, dict[int, float]]:
    """Return the number of pictures, when the last one is over, and the last time stamp of each stream in seconds."""
    pictures, end_s = 0, 0.0
    decoded_s: float | None = None
    ends: dict[int, float] = {}
    for packet in container.demux():
        if packet.pts is not None and packet.time_base is not None:
            stamp_s = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            ends[packet.stream_index] = max(ends.get(packet.stream_index, 0.0), stamp_s)
        if packet.stream_index == stream.index and (over_s := timing.end_s(packet)) is not None:
            pictures += 1
            end_s = max(end_s, over_s)
            if packet.dts is not None:
                now_s = timing.seconds(packet.dts)
                if decoded_s is not None and now_s < decoded_s - _BACK_S:
                    raise _JoinedError(decoded_s - timing.seconds(timing.origin))
                decoded_s = now_s
    if end_s <= 0:
        raise ValueError("a video without a time stamp")
    return pictures, end_s, ends


def _refuse_cut(container: InputContainer, ends: dict[int, float], name: str) -> None:
    """Reject a file that ends before its declared length: MP4 states it for each stream, WebM for the longest."""
    declared = {
        stream.index: float(stream.duration * stream.time_base)
        for stream in (*container.streams.video, *container.streams.audio)
        if stream.duration is not None and stream.time_base is not None and stream.index in ends
    }
    missing = [(ends[index], length_s) for index, length_s in declared.items()]
    if not declared and container.duration is not None:
        missing = [(max(ends.values()), container.duration / 1_000_000)]
    for end_s, length_s in missing:
        if end_s < length_s - 0.25:
            raise _damaged(name, f"stops after {end_s:.1f} s of {length_s:.1f} s")


def first_picture(path: Path, *, most_side: int = 0) -> npt.NDArray[np.uint8]:
    """Return the first picture of a video that plays, as height × width × 3 RGB bytes; 0: as large as it is."""
    with opened(path) as container:
        stream = picture_stream(container)
        if stream is None:
            raise _damaged(path.name, "holds no moving picture that can be decoded")
        display = Display(stream, pixels="rgb24", most_side=most_side)
        stored = Timing(container, stream).stamped()
        return np.asarray(next(display.shown(stored)).to_ndarray(format="rgb24"), dtype=np.uint8)


def _damaged(name: str, what: str) -> MediaError:
    return MediaError("Damaged video", f"{shown(name)} {what}. Download or export it again.")
