"""Voices as people and programs write them, made by code, each with the length that is right.

To try another one, add a line to `VOICES`. What sounds is the corpus's tone, in mono; `MISTAKEN` are those of which
careless programs take another length or another track, so that engines get a copy.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import partial

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from numpy.typing import NDArray

from tests import corpus

RATE = 16_000


def joined_mp3(*seconds: float) -> bytes:
    """Answers of a speech program, of which each is an MP3 that counts its own frames, one behind the other."""
    return b"".join(corpus.mp3(part) for part in seconds)


def wav_of_sizes(riff: int | None, data: int, seconds: float = 2.0) -> bytes:
    """A WAV with any two sizes in its header; None: the true one."""
    whole = bytearray(corpus.wav(seconds))
    struct.pack_into("<I", whole, 4, len(whole) - 8 if riff is None else riff)
    struct.pack_into("<I", whole, 40, data)
    return bytes(whole)


def patched(data: bytes, mark: bytes, offset: int, value: bytes) -> bytes:
    """A file with other bytes so far behind each ``mark``."""
    changed, at = bytearray(data), data.find(mark)
    assert at >= 0
    while at >= 0:
        changed[at + offset : at + offset + len(value)] = value
        at = data.find(mark, at + 1)
    return bytes(changed)


def overstated_mp3() -> bytes:
    """An MP3 whose header counts four times as many frames as there are, and the right number of bytes."""
    data = corpus.mp3(2.0)
    at = min(found for mark in (b"Xing", b"Info") if (found := data.find(mark)) >= 0)
    (frames,) = struct.unpack_from(">I", data, at + 8)
    return data[: at + 8] + struct.pack(">I", 4 * frames) + data[at + 12 :]


def overstated_m4a() -> bytes:
    """An M4A that says it lasts for hours."""
    return patched(corpus.m4a(2.0), b"mdhd", 20, struct.pack(">I", 44_100 * 30_000))


def overstated_webm() -> bytes:
    """A browser's recording whose length a script put in, wrongly."""
    return patched(corpus.sound("webm", "libopus", 2.0), b"\x44\x89\x88", 3, struct.pack(">d", 90_000.0))


def tracks(*sounds: NDArray[np.float32], format: str = "matroska", codec: str = "pcm_s16le") -> bytes:
    """A file with several sound tracks, as screen recorders write them."""

    def fill(container: OutputContainer) -> None:
        streams = [container.add_stream(codec, rate=RATE, layout="mono") for _ in sounds]
        for stream, sound in zip(streams, sounds, strict=True):
            assert isinstance(stream, AudioStream)
            for frame in _frames(sound, "s16" if codec == "pcm_s16le" else "fltp"):
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))

    return corpus.muxed(fill, format)


def _frames(sound: NDArray[np.float32], kind: str) -> Sequence[av.AudioFrame]:
    whole = av.AudioFrame.from_ndarray(sound[np.newaxis], format="flt", layout="mono")
    whole.sample_rate = RATE
    converter = av.AudioResampler(kind, "mono", RATE, 1024)
    return [*converter.resample(whole), *converter.resample(None)]


def aiff(size: int) -> bytes:
    """An AIFF that notes this size for its sound and for itself."""
    data = patched(corpus.sound("aiff", "pcm_s16be", 2.0, RATE), b"SSND", 4, struct.pack(">I", size))
    return data[:4] + struct.pack(">I", size) + data[8:]


def by_a_browser(format: str, codec: str, options: dict[str, str], rate: int = 48_000) -> bytes:
    """What a browser's recorder hands over: written to no file, so that no length or index could be put in later."""
    sink = _Stream()
    with av.open(sink, "w", format=format, options=options) as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        assert isinstance(stream, AudioStream)
        whole = av.AudioFrame.from_ndarray(corpus.tone(2.0, rate)[np.newaxis], format="flt", layout="mono")
        whole.sample_rate = rate
        size = 960 if codec == "libopus" else 1024
        converter = av.AudioResampler(stream.codec_context.format, "mono", rate, size)
        for frame in [*converter.resample(whole), *converter.resample(None)]:
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return bytes(sink.written)


class _Stream:
    """Takes bytes in order and cannot go back."""

    def __init__(self) -> None:
        self.written = bytearray()

    def write(self, data: bytes) -> int:
        self.written += data
        return len(data)


SAFARI = {"movflags": "empty_moov+default_base_moof+frag_keyframe", "frag_duration": "500000"}
"""Safari's recorder, on iOS and on Macs: fragments, each with its own index."""

TONE = corpus.tone(2.0, RATE)
QUIET = np.zeros_like(TONE)

VOICES: dict[str, tuple[Callable[[], bytes], float]] = {
    "three answers of a speech program in one MP3": (partial(joined_mp3, 1.5, 2.0, 2.5), 6.0),
    "a short answer and a long one": (partial(joined_mp3, 0.5, 4.0), 4.5),
    "an MP3 that counts too many frames": (overstated_mp3, 2.0),
    "an MP3 that counts nothing": (partial(corpus.headless_mp3, 2.0), 2.0),
    "a WAV of two thousand million bytes": (partial(wav_of_sizes, 2_000_000_036, 2_000_000_000), 2.0),
    "a WAV of the largest size": (partial(wav_of_sizes, 0xFFFFFFFF, 0xFFFFFFFF), 2.0),
    "a WAV of the largest signed size": (partial(wav_of_sizes, 0x7FFFFFFF, 0x7FFFFFFF - 36), 2.0),
    "a WAV without sizes": (partial(wav_of_sizes, 0, 0), 2.0),
    "a WAV whose sound alone is too large": (partial(wav_of_sizes, None, 10_000_000), 2.0),
    "a WAV whose sound is larger than itself": (partial(wav_of_sizes, 36, 10_000_000), 2.0),
    "an AIFF of the largest size": (partial(aiff, 0x7FFFFFFF), 2.0),
    "an M4A of eight hours, so it says": (overstated_m4a, 2.0),
    "a browser's recording of the wrong length": (overstated_webm, 2.0),
    "Safari's recorder, on iOS": (partial(by_a_browser, "mp4", "aac", SAFARI), 2.0),
    "Safari's recorder, with an iPhone's rate": (partial(by_a_browser, "mp4", "aac", SAFARI, 44_100), 2.0),
    "Firefox's recorder, in Ogg": (partial(by_a_browser, "ogg", "libopus", {}), 2.0),
    "Firefox's recorder, in WebM": (partial(by_a_browser, "webm", "libopus", {"live": "1"}), 2.0),
    "Chrome's recorder": (partial(by_a_browser, "webm", "libopus", {"live": "1", "cluster_time_limit": "100"}), 2.0),
    "a game in the first track, a voice in the second": (partial(tracks, QUIET, TONE), 2.0),
    "a quiet room in the first track": (partial(tracks, 0.03 * TONE, TONE, QUIET), 2.0),
    "two tracks in an MP4": (partial(tracks, QUIET, TONE, format="mp4", codec="aac"), 2.0),
    "two languages, one as loud as the other": (partial(tracks, TONE, 1.2 * TONE), 2.0),
}
TRACK = "is not in the file’s first sound track"
LENGTH = "has another length than its file says"
MISTAKEN = {
    "three answers of a speech program in one MP3": LENGTH,
    "a short answer and a long one": LENGTH,
    "an MP3 that counts too many frames": LENGTH,
    "a WAV of two thousand million bytes": LENGTH,
    "a WAV of the largest size": LENGTH,
    "a WAV of the largest signed size": LENGTH,
    "a WAV whose sound alone is too large": LENGTH,
    "a WAV whose sound is larger than itself": LENGTH,
    "a game in the first track, a voice in the second": TRACK,
    "a quiet room in the first track": TRACK,
    "two tracks in an MP4": TRACK,
}
