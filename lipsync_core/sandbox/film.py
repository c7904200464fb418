"""The videos that the sandbox delivers. Runs only in a worker process, see `lipsync_core.worker.tasks`.

A picture with a face and one voice go through the draft engine. Everything else is filmed without lip-sync: a still
picture, or a video, with the voices as its sound.
"""

from __future__ import annotations

import itertools
import wave
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
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
from lipsync_core.draft import render
from lipsync_core.errors import RenderError

Image = NDArray[np.uint8]
Sound = NDArray[np.float32]

_FPS = 25
_HUM_HZ = 140


def film(
    out: Path,
    *,
    picture: Path | None,
    video: Path | None,
    voices: list[Path],
    hum_s: float,
    overlap: bool,
    resolution: str,
    aspect: str,
) -> None:
    """Write an MP4 of the picture or the video with the voices, or with a hum of ``hum_s`` seconds.

    ``resolution`` is "480p" or "720p"; ``aspect`` is like "16:9", or empty for that of the picture. Raises
    `MediaError` for a medium that cannot be read.
    """
    voice = out.with_suffix(".wav")
    _write_voice(voice, _sound([speech_blocks(path) for path in voices] or [_hum(hum_s)], overlap=overlap))
    if video is not None:
        _mux(out, _moving(video, resolution), voice)
        return
    if picture is None:
        raise RenderError("There is neither a picture nor a video.")
    image = _cropped(load_image(picture), aspect)
    if len(voices) < 2 and _spoken(out, image, voice, resolution):
        return
    width, height = render.frame_size(image.shape[1], image.shape[0], resolution)
    still = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    _mux(out, itertools.repeat(still), voice)


def _spoken(out: Path, image: Image, voice: Path, resolution: str) -> bool:
    try:
        render.render(
            image=image,
            voice=voice,
            out=out,
            resolution=resolution,
            mouth_box=None,
            seed=1,
            on_progress=lambda _done, _total: None,
        )
    except RenderError:
        return False  # no face: a vendor would animate it anyway
    return True


def _cropped(image: Image, aspect: str) -> Image:
    """Return the largest part in this aspect: centred across, and nearer to the top, where a portrait's face is."""
    if not aspect:
        return image
    across, down = map(int, aspect.split(":"))
    height, width = image.shape[:2]
    wide, high = min(width, height * across // down), min(height, width * down // across)
    left, top = (width - wide) // 2, (height - high) // 4
    return np.ascontiguousarray(image[top : top + high, left : left + wide])


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
        width, height = render.frame_size(stream.codec_context.width, stream.codec_context.height, resolution)
        for frame in container.decode(stream):
            at = 0.0 if frame.time is None else frame.time
            while shown is not None and due / _FPS < at:
                yield shown
                due += 1
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
        resolution=arguments["resolution"],
        aspect=arguments["aspect"],
    )
    return asdict(check_video(out))
