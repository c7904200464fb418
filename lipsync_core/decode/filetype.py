"""The media type of a file that FFmpeg has opened, and the extension that says the same."""

from __future__ import annotations

from av.container import InputContainer

_WEBM = (
    *("vp8", "vp9", "av1", "libdav1d", "libvpx", "libvpx-vp9", "libaom-av1", "libsvtav1"),
    *("opus", "libopus", "vorbis", "libvorbis"),
)
_SOUND = {
    "wav": ("audio/wav", ".wav"),
    "aiff": ("audio/aiff", ".aiff"),
    "caf": ("audio/x-caf", ".caf"),
    "mp3": ("audio/mpeg", ".mp3"),
    "aac": ("audio/aac", ".aac"),
    "flac": ("audio/flac", ".flac"),
    "amr": ("audio/amr", ".amr"),
    "mov": ("audio/mp4", ".m4a"),
    "asf": ("audio/x-ms-wma", ".wma"),
}
_MOVING = {
    "mov": ("video/mp4", ".mp4"),
    "avi": ("video/x-msvideo", ".avi"),
    "mpegts": ("video/mp2t", ".ts"),
    "mpeg": ("video/mpeg", ".mpg"),
    "asf": ("video/x-ms-wmv", ".wmv"),
    "flv": ("video/x-flv", ".flv"),
    "ogg": ("video/ogg", ".ogv"),
}

_OTHERS = (".mov", ".webm", ".weba", ".mkv", ".mka", ".opus")
EXTENSIONS = tuple(dict.fromkeys((*(end for _mime, end in (*_SOUND.values(), *_MOVING.values())), *_OTHERS)))
"""Of all the types below."""


def video_type(container: InputContainer) -> tuple[str, str]:
    """Return the type of a video, as a browser names it, and its extension."""
    if container.metadata.get("major_brand", "").startswith("qt"):
        return "video/quicktime", ".mov"
    return sound_type(container, moving=True)


def sound_type(container: InputContainer, *, moving: bool) -> tuple[str, str]:
    """Return the type with which a browser plays the sound of a file, and its extension."""
    family = container.format.name.split(",")[0]
    if family == "matroska":
        return _matroska(container, moving=moving)
    if family == "ogg" and not moving:
        codecs = [stream.codec_context.codec.canonical_name for stream in container.streams.audio[:1]]
        return "audio/ogg", ".opus" if codecs == ["opus"] else ".ogg"
    types = _MOVING if moving else _SOUND
    return types.get(family) or (_SOUND | _MOVING)[family]


def _matroska(container: InputContainer, *, moving: bool) -> tuple[str, str]:
    """WebM is Matroska with few codecs; browsers play no others in it."""
    # PyAV's types do not show it, but a codec that FFmpeg does not know has no context.
    streams = (*container.streams.video, *container.streams.audio)
    if all(stream.codec_context is not None and stream.codec_context.name in _WEBM for stream in streams):
        return ("video/webm", ".webm") if moving else ("audio/webm", ".weba")
    return ("video/x-matroska", ".mkv") if moving else ("audio/x-matroska", ".mka")
