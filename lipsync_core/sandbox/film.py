"""The videos that the sandbox delivers. Runs only in a worker process, see `lipsync_core.worker.tasks`.

A picture with a face and one voice go through the draft engine, and so do each half of a picture with two people and a
video of somebody. All else is filmed without lip-sync: a still picture, or a video, with the voices as its sound.
"""

from __future__ import annotations

import itertools
import wave
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from numpy.typing import NDArray

from lipsync_core.decode import SPEECH_RATE, check_video, load_image, speech_blocks
from lipsync_core.decode.container import opened, picture_stream
from lipsync_core.decode.display import Display
from lipsync_core.decode.timing import Timing
from lipsync_core.draft import render
from lipsync_core.draft.footage import film_of
from lipsync_core.draft.redub import redub
from lipsync_core.draft.speech import MouthTrack
from lipsync_core.draft.synthesis import Speech, speak, spoken_track, write_wav
from lipsync_core.errors import RenderError
from lipsync_core.espeak import PACE, PACES, voice_of

Image = NDArray[np.uint8]
Sound = NDArray[np.float32]

_FPS = 25
_HUM_HZ = 140
_FASTEST_PACE = 400
"""Words a minute at which one still hears words."""
_SLOWEST = 4.0
"""The most that a text is spoken, as a multiple of the length that is billed for it."""


def film(
    out: Path,
    *,
    picture: Path | None,
    video: Path | None,
    voices: list[Path],
    hum_s: float,
    overlap: bool,
    right_first: bool,
    resolution: str,
    aspect: str,
    text: str = "",
) -> None:
    """Write an MP4 of the picture or the video with the voices, or with ``text`` spoken within ``hum_s`` seconds.

    Where espeak-ng is not installed, a hum stands for the text.

    ``voices`` are in the order in which they speak; of two, the first is the left person's unless ``right_first``.
    ``resolution`` is "480p" or "720p"; ``aspect`` is like "16:9", or empty for that of the picture. Raises
    `MediaError` for a medium that cannot be read.
    """
    voice = out.with_suffix(".wav")
    told = None if voices or not text else _told(text, hum_s)
    if told is None:
        _write_voice(voice, _sound([speech_blocks(path) for path in voices] or [_hum(hum_s)], overlap=overlap))
    else:
        said = out.with_suffix(".said.wav")
        write_wav(told, said)
        _write_voice(voice, speech_blocks(said))
    track = None if told is None else spoken_track(told)
    if video is not None:
        if _redubbed(out, video, voice, resolution, track):
            return
        _mux(out, _moving(video, resolution), voice)
        return
    if picture is None:
        raise RenderError("There is neither a picture nor a video.")
    image = _framed(load_image(picture), aspect)
    if len(voices) < 2 and _spoken(out, image, voice, resolution, track):
        return
    width, height = render.frame_size(image.shape[1], image.shape[0], resolution)
    if len(voices) == 2:
        middle, turns = image.shape[1] // 2, _turns(voices, overlap=overlap)
        halves = (image[:, :middle], image[:, middle:])
        pairs = list(zip(halves, reversed(turns) if right_first else turns, strict=True))
        if (both := _both_spoken(out, pairs, (width, height), resolution)) is not None:
            _mux(out, both, voice)
            return
    still = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    _mux(out, itertools.repeat(still), voice)


def _told(text: str, seconds: float) -> Speech | None:
    """Return the text spoken as fast as it takes to last so long, cut or followed by silence; None without a voice."""
    try:
        voice = voice_of(text)
        natural = speak(text, voice, most_s=_SLOWEST * seconds)
        pace = min(_FASTEST_PACE, max(PACES[0], round(PACE * natural.length_s / seconds)))
        speech = speak(text, voice, words_per_minute=pace, most_s=_SLOWEST * seconds)
    except (OSError, ValueError):
        return None
    if not speech.phones:
        return None
    whole = round(seconds * speech.rate)
    samples = np.pad(speech.samples, (0, max(0, whole - speech.samples.size)))[:whole]
    return replace(speech, samples=samples)


def _spoken(out: Path, image: Image, voice: Path, resolution: str, track: MouthTrack | None = None) -> bool:
    try:
        render.render(
            image=image,
            voice=voice,
            out=out,
            resolution=resolution,
            mouth_box=None,
            seed=1,
            on_progress=lambda _done, _total: None,
            track=track,
        )
    except RenderError:
        return False  # no face: a vendor would animate it anyway
    return True


def _redubbed(out: Path, video: Path, voice: Path, resolution: str, track: MouthTrack | None) -> bool:
    try:
        size = film_of(video)
        redub(
            video=video,
            voice=voice,
            out=out,
            on_progress=lambda _done, _total: None,
            track=track,
            most_side=max(render.frame_size(size.width, size.height, resolution)),
        )
    except RenderError:
        return False  # no face: a vendor would change the sound at least
    return True


def _turns(voices: list[Path], *, overlap: bool) -> list[Sound]:
    """Return what is heard of each of two voices, in the order in which they speak; silence while the other speaks."""
    first, second = (np.concatenate(list(speech_blocks(path))) for path in voices)
    start = 0 if overlap else len(first)
    length = max(len(first), start + len(second))
    return [np.pad(first, (0, length - len(first))), np.pad(second, (start, length - start - len(second)))]


def _both_spoken(
    out: Path, halves: list[tuple[Image, Sound]], size: tuple[int, int], resolution: str
) -> Iterator[Image] | None:
    """Return the frames of two people who speak side by side; None if a half of the picture has no face.

    The films of the halves are beside ``out``, in the folder that goes with the worker.
    """
    films = []
    for number, (image, heard) in enumerate(halves):
        half, voice = out.with_suffix(f".{number}.mp4"), out.with_suffix(f".{number}.wav")
        _write_voice(voice, [heard])
        if not _spoken(half, np.ascontiguousarray(image), voice, resolution):
            return None
        films.append(_moving(half, resolution))
    across, down = size[0] // 2, size[1]
    return (
        np.hstack([np.asarray(cv2.resize(side, (across, down)), np.uint8) for side in sides])
        for sides in zip(*films, strict=False)
    )


def _framed(image: Image, aspect: str) -> Image:
    """Return the picture in this aspect: too wide, it is cropped; too high, it stays whole before a blurred copy."""
    if not aspect:
        return image
    across, down = map(int, aspect.split(":"))
    height, width = image.shape[:2]
    wide = height * across // down
    if wide <= width:
        left = (width - wide) // 2
        return np.ascontiguousarray(image[:, left : left + wide])
    page = np.asarray(cv2.GaussianBlur(cv2.resize(image, (wide, height)), (0, 0), height / 12), np.uint8) // 2
    left = (wide - width) // 2
    page[:, left : left + width] = image
    return page


def _hum(seconds: float) -> Iterator[Sound]:
    """Yield a sound that rises and falls like syllables: the sandbox has no voice of its own."""
    for start in range(0, round(seconds * SPEECH_RATE), SPEECH_RATE):
        time = np.arange(start, min(start + SPEECH_RATE, round(seconds * SPEECH_RATE))) / SPEECH_RATE
        tone = sum(np.sin(2 * np.pi * _HUM_HZ * part * time) / part for part in (1, 2, 3, 5))
        yield (0.2 * tone * np.sin(2 * np.pi * 2 * time) ** 2).astype(np.float32)


def _sound(voices: list[Iterator[Sound]], *, overlap: bool) -> Iterator[Sound]:
    if not overlap:
        yield from itertools.chain(*voices)
        return
    for blocks in itertools.zip_longest(*voices):
        heard = [block for block in blocks if block is not None]
        mixed = np.zeros(max(map(len, heard)), np.float32)
        for block in heard:
            mixed[: len(block)] += block
        yield mixed.clip(-1, 1)


def _write_voice(path: Path, blocks: Iterable[Sound]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SPEECH_RATE, 0, "NONE", ""))
        for block in blocks:
            file.writeframes((block * 32767).astype("<i2").tobytes())


def _moving(path: Path, resolution: str) -> Iterator[Image]:
    """Yield the video's pictures at 25 a second and, after its end, the last one forever."""
    shown: Image | None = None
    due = 0
    with opened(path) as container:
        stream = picture_stream(container)
        if stream is None:
            raise RenderError("The video has no moving picture.")
        timing = Timing(container, stream)
        for frame in Display(stream, pixels="rgb24").shown(timing.stamped()):
            while shown is not None and due / _FPS < frame.time:
                yield shown
                due += 1
            width, height = render.frame_size(frame.width, frame.height, resolution)
            shown = frame.to_ndarray(width=width, height=height, format="rgb24").astype(np.uint8, copy=False)
    if shown is None:
        raise RenderError("The video has no moving picture.")
    yield from itertools.repeat(shown)


def _mux(out: Path, frames: Iterator[Image], voice: Path) -> None:
    """Encode ``frames`` for the length of the voice, together with it, into an MP4."""
    with wave.open(str(voice), "rb") as file, av.open(str(out), "w", format="mp4") as container:
        count = max(1, -(-file.getnframes() * _FPS // SPEECH_RATE))
        first = next(frames)
        picture = container.add_stream("libx264", rate=_FPS, options={"preset": "ultrafast", "tune": "stillimage"})
        sound = container.add_stream("aac", rate=SPEECH_RATE, layout="mono")
        picture.height, picture.width, picture.pix_fmt = first.shape[0], first.shape[1], "yuv420p"
        for index, pixels in enumerate(itertools.islice(itertools.chain([first], frames), count)):
            _put(container, picture, sound, index, pixels, file.readframes(SPEECH_RATE // _FPS))
        container.mux(picture.encode(None))
        container.mux(sound.encode(None))


def _put(
    container: av.container.OutputContainer,
    picture: VideoStream,
    sound: AudioStream,
    index: int,
    pixels: Image,
    samples: bytes,
) -> None:
    shot = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    shot.pts, shot.time_base = index, Fraction(1, _FPS)
    container.mux(picture.encode(shot))
    if samples:
        heard = av.AudioFrame.from_ndarray(np.frombuffer(samples, "<i2")[np.newaxis], format="s16", layout="mono")
        heard.sample_rate, heard.pts = SPEECH_RATE, index * (SPEECH_RATE // _FPS)
        heard.time_base = Fraction(1, SPEECH_RATE)
        container.mux(sound.encode(heard))


def film_task(arguments: Mapping[str, Any], _progress: Callable[[int, int], None]) -> dict[str, Any]:
    """Write the video for an order, and return facts about it."""
    out = Path(arguments["out"])
    picture, video = arguments["picture"], arguments["video"]
    film(
        out,
        picture=Path(picture) if picture else None,
        video=Path(video) if video else None,
        voices=[Path(voice) for voice in arguments["voices"]],
        hum_s=arguments["hum_s"],
        overlap=arguments["overlap"],
        right_first=arguments.get("right_first", False),  # absent from the orders of older studios
        resolution=arguments["resolution"],
        aspect=arguments["aspect"],
        text=arguments.get("text", ""),
    )
    return asdict(check_video(out))
