"""Open sound and video with FFmpeg, safely: bytes in, no names, no links, a short list of formats.

FFmpeg can open URLs, playlists and lists of other files; it must not do so for an untrusted file. It gets an open file
without a name, demuxers from a list without HLS, concat, DASH, image sequences or subtitles, and no protocol for
opening anything else (options of libavformat, https://ffmpeg.org/ffmpeg-formats.html).
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

DEMUXERS = (
    *("wav", "aiff", "caf", "mp3", "aac", "flac", "ogg", "amr", "mov", "matroska"),
    *("avi", "mpegts", "mpeg", "asf", "flv"),
)
THREADS = 2
"""The most threads of a decoder or an encoder. Each takes memory, which is limited, and other workers wait."""
_OPTIONS = {
    # FFmpeg compares all aliases of a demuxer, so "mov" also opens MP4 and M4A.
    "format_whitelist": ",".join((*DEMUXERS, "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm")),
    "protocol_whitelist": "none",
}


class _Nameless:
    """An open file without a name, from which FFmpeg would guess a format."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.read, self.tell = file.read, file.tell

    def seek(self, offset: int, whence: int = 0) -> int:
        """Seek like a file. For an invalid position, as in damaged indexes, FFmpeg fails and not Python."""
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError):
            return -errno.EINVAL


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Open the demuxer for the file at ``path``. Raises `av.error.FFmpegError` for anything not in `DEMUXERS`."""
    with (
        path.open("rb") as file,
        av.open(_Nameless(file), "r", options=_OPTIONS, metadata_errors="replace") as container,
    ):
        yield container


def picture_stream(container: InputContainer) -> VideoStream | None:
    """Return the first video stream that can be decoded; a song's cover does not count."""
    for stream in container.streams.video:
        # PyAV's types do not show it, but a codec that FFmpeg does not know has no context.
        known = cast("VideoCodecContext | None", stream.codec_context) is not None
        if known and not stream.disposition & Disposition.attached_pic:
            stream.codec_context.thread_count = THREADS
            return stream
    return None
