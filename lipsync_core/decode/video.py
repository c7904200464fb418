"""Videos: whether a file plays from its first to its last frame, and its first picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from lipsync_core.decode.container import opened, picture_stream
from lipsync_core.decode.sniff import FileFamily, look_at, shown
from lipsync_core.errors import MediaError

_MAX_SIDE = 8_192
_WEBM = ("vp8", "vp9", "av1", "libdav1d", "libvpx", "libvpx-vp9", "libaom-av1")


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
                return _checked(container, stream, name)
    except (FFmpegError, ValueError) as error:
        if look.kind is FileFamily.VIDEO:
            raise _damaged(name, "cannot be decoded") from error
    if look.kind is FileFamily.EMPTY:
        raise MediaError("Empty file", f"{shown(name)} is empty. Choose an MP4 or WebM video.")
    raise MediaError("Not a video", f"{shown(name)} is {look.phrase}. Choose an MP4 or WebM video.")


def _checked(container: InputContainer, stream: VideoStream, name: str) -> VideoFacts:
    width, height = stream.codec_context.width, stream.codec_context.height
    if not (0 < width <= _MAX_SIDE and 0 < height <= _MAX_SIDE):
        raise MediaError("Video too large", f"{shown(name)} is {width:,} × {height:,} pixels.")
    first = next(container.decode(stream), None)
    container.seek(0)
    pictures, last_key, ends = _demuxed(container, stream)
    end_s = ends[stream.index]
    container.seek(last_key, stream=stream)
    last: VideoFrame | None = None
    for picture in container.decode(stream):
        last = picture
    if first is None or last is None:
        raise _damaged(name, "holds no moving picture that can be decoded")
    _refuse_cut(container, ends, name)
    return VideoFacts(width, height, end_s, pictures / end_s, bool(container.streams.audio), *_mime(container))


def _demuxed(container: InputContainer, stream: VideoStream) -> tuple[int, int, dict[int, float]]:
    """Return the number of pictures, the time stamp of the last key picture, and the end of each stream in seconds."""
    pictures, last_key = 0, 0
    ends: dict[int, float] = {}
    for packet in container.demux():
        if packet.pts is None or packet.time_base is None:
            continue
        end_s = float((packet.pts + (packet.duration or 0)) * packet.time_base)
        ends[packet.stream_index] = max(ends.get(packet.stream_index, 0.0), end_s)
        if packet.stream_index == stream.index:
            pictures += 1
            last_key = packet.pts if packet.is_keyframe else last_key
    if ends.get(stream.index, 0.0) <= 0:
        raise ValueError("a video without a time stamp")
    return pictures, last_key, ends


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


def first_picture(path: Path) -> npt.NDArray[np.uint8]:
    """Return the first picture of a video that plays, as height × width × 3 RGB bytes."""
    with opened(path) as container:
        stream = picture_stream(container)
        if stream is None:
            raise _damaged(path.name, "holds no moving picture that can be decoded")
        return np.asarray(next(container.decode(stream)).to_ndarray(format="rgb24"), dtype=np.uint8)


def _mime(container: InputContainer) -> tuple[str, str]:
    """Return the type with which a browser plays this, and its extension."""
    if "matroska" in container.format.name:
        webm = all(stream.codec_context.name in _WEBM for stream in container.streams.video)
        return ("video/webm", ".webm") if webm else ("video/x-matroska", ".mkv")
    brand = container.metadata.get("major_brand", "")
    return ("video/quicktime", ".mov") if brand.startswith("qt") else ("video/mp4", ".mp4")


def _damaged(name: str, what: str) -> MediaError:
    return MediaError("Damaged video", f"{shown(name)} {what}. Download or export it again.")
