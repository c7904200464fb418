"""Which of several sound tracks holds the voice: screen recorders write one for the game and one for the microphone."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError

from lipsync_core.decode.container import THREADS, opened

RATES = range(4_000, 384_001)
"""The allowed sample rates."""
_LOUDER = 10 ** (3 / 20)
"""A later track is taken only where it is 3 dB louder: translations are as loud as each other."""
_LISTENED_S = 600.0


def usable(stream: AudioStream) -> bool:
    """Whether a sound stream can be decoded, and its sample rate is a usual one."""
    # PyAV's types do not show it, but a codec that FFmpeg does not know has no context.
    context = cast("AudioCodecContext | None", stream.codec_context)
    return context is not None and context.sample_rate in RATES and bool(context.layout.nb_channels)


def voice_stream(path: Path, container: InputContainer) -> AudioStream | None:
    """Return the sound stream that is heard of an open file: the first, unless a later one is louder.

    None if there is no sound. It may be one that cannot be decoded.
    """
    tracks = container.streams.audio
    if len(tracks) < 2:
        return next(iter(tracks), None)
    with suppress(FFmpegError, ValueError), opened(path) as heard:
        return tracks[_loudest(heard, [one for one in heard.streams.audio if usable(one)])]
    return tracks[0]


def _loudest(container: InputContainer, streams: list[AudioStream]) -> int:
    """Return the track with the strongest sound in its first ten minutes, by one pass through the file."""
    if not streams:
        return 0
    energy = {stream.index: 0.0 for stream in streams}
    heard_s = dict.fromkeys(energy, 0.0)
    mono = {stream.index: av.AudioResampler("flt", "stereo", 8_000) for stream in streams}
    for stream in streams:
        stream.codec_context.thread_count = THREADS
    for packet in container.demux(*streams):
        index = packet.stream_index
        if index not in energy:  # the end of another stream
            continue
        if heard_s[index] > _LISTENED_S:
            break
        with suppress(FFmpegError):
            for frame in packet.decode():
                assert isinstance(frame, av.AudioFrame)  # noqa: S101 - of a sound stream
                frame.pts = None
                for part in mono[index].resample(frame):
                    samples = np.nan_to_num(part.to_ndarray().astype(np.float64)).clip(-1, 1)
                    energy[index] += float(np.square(samples).sum())
                heard_s[index] += frame.samples / frame.sample_rate
    best = streams[0]
    for stream in streams[1:]:
        if energy[stream.index] > energy[best.index] * _LOUDER**2:
            best = stream
    return list(container.streams.audio).index(best)
