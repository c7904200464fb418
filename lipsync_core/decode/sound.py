"""People's voices: facts about them, their true length, and their sound at 16 kHz mono.

A voice may be any sound file, or a video with sound. Headers are not trusted: the length is that of the decoded
samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from numpy.typing import NDArray

from lipsync_core.decode.clipped import FlatTops
from lipsync_core.decode.container import opened, picture_stream
from lipsync_core.decode.declared import believed_s, counted_length_s, is_cut_off, missing_of_s, stops_inside_a_page
from lipsync_core.decode.filetype import sound_type
from lipsync_core.decode.silence import CANCELS, Unheard, loudness, silent_ends, why_unheard
from lipsync_core.decode.sniff import FileFamily, Look, look_at, shown
from lipsync_core.decode.track import RATES, voice_stream
from lipsync_core.errors import MediaError

MAX_VOICE_S = 600.0
MIN_VOICE_S = 0.1
SPEECH_RATE = 16_000
"""The sample rate of `speech_blocks`."""

_SLACK_S = 0.25  # an encoder pads a file of exactly ten minutes by up to this much
# Without it, FFmpeg mixes two equal channels 3 dB louder than either, and loud speech would clip.
_DOWNMIX = {"rematrix_maxval": "1.0"}
_CHOOSE = "Choose WAV, MP3, M4A, OGG or FLAC."


@dataclass(frozen=True, slots=True)
class VoiceFacts:
    """A voice that can be used.

    ``duration_s`` is counted in decoded samples. ``sample_rate`` in Hz and ``channels`` are the file's own. ``mime`` is
    the type with which a browser plays it. ``silent_head_s`` and ``silent_tail_s`` can be cut off without cutting a
    word. ``unheard`` says why no voice is audible; it is empty if one is. ``unlike`` completes “This voice …” where
    programs that read the file carelessly would hear something else. ``clipped`` is the share of samples (0 to 1) that
    were cut off at the loudest value, as `lipsync_core.decode.clipped` counts them.
    """

    duration_s: float
    sample_rate: int
    channels: int
    codec: str
    mime: str
    extension: str
    silent_head_s: float = 0.0
    silent_tail_s: float = 0.0
    unheard: Unheard = ""
    unlike: str = ""
    clipped: float = 0.0


@dataclass(slots=True)
class _Tally:
    """The results of decoding so far; lengths in seconds."""

    decoded_s: float = 0.0
    reached_s: float = 0.0
    packets: int = 0
    undecodable: int = 0
    first: AudioFrame | None = field(default=None)


def voice_facts(path: Path, *, name: str | None = None) -> VoiceFacts:
    """Decode the sound of the file at ``path`` completely and return facts about it.

    ``name`` is the person's name for the file. Raises `MediaError`.
    """
    tally, tops = _Tally(), FlatTops()
    look = look_at(path)
    name = name or path.name
    try:
        with opened(path) as container:
            stream = _sound_stream(path, container, look, name)
            # Decode and resample all of it: a file that is accepted here can be rendered later.
            mixed, sides = _levels(tops.watching(_frames(path, container, stream, tally, name)))
            mime, extension = sound_type(container, moving=picture_stream(container) is not None)
            codec = stream.codec_context.codec.canonical_name
            unlike = _unlike(path, container, stream, tally.decoded_s)
    except (FFmpegError, ValueError) as error:
        raise _not_sound(look, name) from error
    assert tally.first is not None  # noqa: S101 - `_frames` rejects a file without a frame
    return VoiceFacts(
        round(tally.decoded_s, 6),
        tally.first.sample_rate,
        tally.first.layout.nb_channels,
        codec,
        mime,
        extension,
        *silent_ends([mixed], SPEECH_RATE),
        why_unheard(mixed, sides),
        unlike,
        round(tops.share, 4),
    )


def _unlike(path: Path, container: InputContainer, stream: AudioStream, decoded_s: float) -> str:
    if stream is not container.streams.audio[0]:
        return "is not in the file’s first sound track"
    counted_s = counted_length_s(path, container)
    wrong = counted_s is not None and abs(counted_s - decoded_s) > max(0.3, 0.005 * decoded_s)
    return "has another length than its file says" if wrong else ""


def _levels(frames: Iterator[AudioFrame]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the loudness of the sound's windows, mixed, and of each of its two channels (windows × channels)."""
    found = [
        (loudness(_mixed(block)), np.stack([loudness(side) for side in block.T], axis=1)) for block in _blocks(frames)
    ]
    if not found:
        return np.zeros(0, np.float32), np.zeros((0, 2), np.float32)
    return np.concatenate([mixed for mixed, _ in found]), np.concatenate([sides for _, sides in found])


def speech_blocks(path: Path, *, name: str | None = None) -> Iterator[NDArray[np.float32]]:
    """Yield the voice as mono blocks of ``SPEECH_RATE`` samples (the last one shorter), each within ±1.

    If two channels would cancel each other, the louder one is used instead of their mix. Streams: a long voice is never
    in memory as a whole. Rejects what `voice_facts` rejects, possibly after some blocks.
    """
    look = look_at(path)
    name = name or path.name
    try:
        with opened(path) as container:
            stream = _sound_stream(path, container, look, name)
            yield from map(_heard, _blocks(_frames(path, container, stream, _Tally(), name)))
    except (FFmpegError, ValueError) as error:
        raise _not_sound(look, name) from error


def sound_blocks(path: Path, *, rate: int, name: str | None = None) -> Iterator[NDArray[np.float32]]:
    """Yield the sound in two channels (samples × 2) of this rate, in blocks of one second, the last one shorter.

    Streams, and rejects files, like `speech_blocks`.
    """
    yield from _blocks(sound_frames(path, name=name), rate)


def sound_frames(path: Path, *, name: str | None = None) -> Iterator[AudioFrame]:
    """Yield the sound as recorded, frame by frame. Streams, and rejects files, like `speech_blocks`."""
    look = look_at(path)
    name = name or path.name
    try:
        with opened(path) as container:
            stream = _sound_stream(path, container, look, name)
            yield from _frames(path, container, stream, _Tally(), name)
    except (FFmpegError, ValueError) as error:
        raise _not_sound(look, name) from error


def _sound_stream(path: Path, container: InputContainer, look: Look, name: str) -> AudioStream:
    stream = voice_stream(path, container)
    if stream is None and look.kind is FileFamily.VIDEO and picture_stream(container):
        raise MediaError("Video without sound", f"{shown(name)} has no sound in it. {_CHOOSE}")
    # PyAV's types do not show it, but a codec that FFmpeg does not know has no context.
    context = None if stream is None else cast("AudioCodecContext | None", stream.codec_context)
    if stream is None or context is None:
        raise _not_sound(look, name)
    if context.sample_rate not in RATES:
        raise MediaError(
            "Sound cannot be used",
            f"{shown(name)} has a sample rate of {context.sample_rate:,} Hz. Export it again at 44,100 or 48,000 Hz.",
        )
    return stream


def _frames(
    path: Path, container: InputContainer, stream: AudioStream, tally: _Tally, name: str
) -> Iterator[AudioFrame]:
    """Yield every decoded frame of the stream; reject a file that is too long, too short or truncated."""
    declared = believed_s(path, container, stream)
    if declared is not None and declared > MAX_VOICE_S + _SLACK_S:
        raise _too_long(name, declared)
    family = container.format.name
    if (family == "ogg" and stops_inside_a_page(path)) or (family == "avi" and is_cut_off(path, container)):
        raise MediaError("Damaged sound file", f"{shown(name)} is cut off before its end. Download or export it again.")
    for frame in _decoded(container, stream, tally):
        tally.decoded_s += frame.samples / frame.sample_rate
        if tally.decoded_s > MAX_VOICE_S + _SLACK_S:
            raise _too_long(name, None)
        yield frame
    _refuse_damage(tally, missing_of_s(path, container, stream), name)


def _decoded(container: InputContainer, stream: AudioStream, tally: _Tally) -> Iterator[AudioFrame]:
    try:
        for packet in container.demux():
            if packet.pts is not None and packet.time_base is not None:
                end_s = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                tally.reached_s = max(tally.reached_s, end_s)
            if packet.stream_index != stream.index:
                continue
            tally.packets += 1
            try:
                frames = stream.codec_context.decode(packet)
            except FFmpegError:
                tally.undecodable += 1  # one bad packet, often an MP3's last, does not make a file unusable
                continue
            for frame in frames:
                tally.first = tally.first or frame
                yield frame
    except FFmpegError:
        return  # the demuxer failed; `_refuse_damage` decides whether too much is missing


def _refuse_damage(tally: _Tally, whole_s: float | None, name: str) -> None:
    # A truncated file lacks seconds; padding, priming and a partial last frame are tenths of a second.
    reached = max(tally.decoded_s, tally.reached_s)
    if whole_s is not None and reached < whole_s - max(0.3, 0.005 * whole_s):
        raise MediaError(
            "Damaged sound file",
            f"{shown(name)} stops after {reached:.1f} s of {whole_s:.1f} s. Download or export it again.",
        )
    if tally.packets > 1 and tally.undecodable > max(2, tally.packets // 20):
        raise MediaError(
            "Damaged sound file",
            f"Large parts of {shown(name)} cannot be decoded. Download or export it again.",
        )
    if tally.decoded_s < MIN_VOICE_S:
        raise MediaError(
            "No speech in it",
            f"{shown(name)} lasts {tally.decoded_s:.2f} seconds. Choose a longer recording.",
        )


def _blocks(frames: Iterator[AudioFrame], rate: int = SPEECH_RATE) -> Iterator[NDArray[np.float32]]:
    """Yield frames resampled to ``rate`` in two channels (samples × 2), in blocks of one second.

    Both channels of a mono sound are the same.
    """
    resampler: av.AudioResampler | None = None
    shape: tuple[int, str, str] | None = None
    waiting: list[NDArray[np.float32]] = []
    count = 0
    for frame in frames:
        if shape != (now := (frame.sample_rate, frame.format.name, frame.layout.name)):
            # Some streams change their rate or channels; a resampler serves only one format.
            waiting += _drained(resampler)
            layout = "mono" if frame.layout.nb_channels == 1 else "stereo"
            resampler, shape = av.AudioResampler("fltp", layout, rate, options=_DOWNMIX), now
        assert resampler is not None  # noqa: S101 - made above, for the first frame at the latest
        frame.pts = None  # ignore gaps and jumps in the file's time stamps
        waiting += [_samples(part) for part in resampler.resample(frame)]
        count = sum(map(len, waiting))
        if count >= rate:
            *whole, rest = np.split(np.concatenate(waiting), range(rate, count + 1, rate))
            yield from whole
            waiting = [rest]
    waiting += _drained(resampler)
    if sum(map(len, waiting)):
        yield np.concatenate(waiting)


def _drained(resampler: av.AudioResampler | None) -> list[NDArray[np.float32]]:
    return [_samples(part) for part in resampler.resample(None)] if resampler else []


def _samples(frame: AudioFrame) -> NDArray[np.float32]:
    # Float files may contain any value, including infinities; a player clips them too.
    samples = np.nan_to_num(frame.to_ndarray().astype(np.float32)).clip(-1, 1)
    return np.broadcast_to(samples.T, (samples.shape[1], 2))


def _mixed(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mix both channels into one."""
    mixed: NDArray[np.float32] = block.mean(axis=1, dtype=np.float32)
    return mixed


def _heard(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mix both channels into one, or return the louder one if they are inverted copies."""
    mixed = _mixed(block)
    strength = np.square(block).mean(axis=0)
    louder = int(strength.argmax())
    return mixed if np.square(mixed).mean() >= CANCELS**2 * strength[louder] else block[:, louder]


def _too_long(name: str, length_s: float | None) -> MediaError:
    minutes, seconds = divmod(round(length_s or 0), 60)
    length = f"lasts {minutes} min {seconds} s" if length_s else f"is longer than {MAX_VOICE_S / 60:.0f} minutes"
    return MediaError(
        "Voice too long",
        f"{shown(name)} {length}; split it into parts of {MAX_VOICE_S / 60:.0f} minutes or less.",
    )


def _not_sound(look: Look, name: str) -> MediaError:
    file = shown(name)
    match look.kind:
        case FileFamily.EMPTY:
            return MediaError("Empty file", f"{file} is empty. {_CHOOSE}")
        case FileFamily.SOUND | FileFamily.VIDEO:
            return MediaError(
                "Sound cannot be read",
                f"{file} is {look.phrase}, damaged or of an unsupported type. Download it "
                "again, or export it as WAV or MP3.",
            )
        case _:
            return MediaError("Not a sound file", f"{file} is {look.phrase}. {_CHOOSE}")
