"""The draft engine: makes one or two people in a still picture talk."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.decode import speech_blocks
from lipsync_core.draft import dialog, nv12
from lipsync_core.draft.encode import FPS, write_mp4
from lipsync_core.draft.face import Box, Mouth, find_faces, find_mouth, likely_mouth, mouth_from_box
from lipsync_core.draft.inside import Inside, fitting
from lipsync_core.draft.life import IdleMotion
from lipsync_core.draft.rig import Pose, Rig
from lipsync_core.draft.speech import MouthTrack, mouth_track
from lipsync_core.errors import RenderError
from lipsync_core.face_models import MISSING, installed

Image = NDArray[np.uint8]

SHORTER_SIDE = {"480p": 480, "720p": 720}
SPEAKING_PX = 256
SPEAKING = tuple(
    round(high * math.sin(math.pi * step / (steps - 1)) ** 2, 3)
    for high, steps in ((0.9, 11), (0.55, 8), (1.0, 12), (0.0, 10))
    for step in range(steps)
)
"""How far the mouth is open in each frame of `speaking`: three syllables and a rest."""
_LONGEST = 2.5
_PROGRESS_EVERY = 8
_EASE = 6
"""Frames in which a clip leaves its first, the picture itself."""

_SHUT = 0.02


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished draft: its size in pixels, its number of frames and its length in seconds."""

    width: int
    height: int
    frames: int
    duration_s: float
    starts_s: tuple[float, ...] = (0.0,)
    """When each person begins to speak, from left to right."""


def frame_size(width: int, height: int, resolution: str) -> tuple[int, int]:
    """Return the video's width and height for a picture of this size: even numbers, in the picture's aspect.

    "480p" and "720p" give the shorter side. A small picture is enlarged to at most twice its size, and the longer side
    is limited to 2.5 times the shorter side (1,200 or 1,800 pixels): a 5:1 banner stays complete, with fewer pixels.
    """
    shorter = SHORTER_SIDE[resolution]
    scale = min(shorter / min(width, height), _LONGEST * shorter / max(width, height), 2.0)
    return max(2, 2 * round(width * scale / 2)), max(2, 2 * round(height * scale / 2))


def render(
    *,
    image: Image,
    voice: Path,
    out: Path,
    resolution: str,
    mouth_box: Box | None,
    seed: int,
    on_progress: Callable[[int, int], None],
    track: MouthTrack | None = None,
) -> Rendered:
    """Make ``image`` (h, w, 3, RGB, upright) speak with the ``voice``, as an MP4 at ``out``.

    ``mouth_box`` is the mouth that a person marked, in pixels of ``image``; without it, the mouth of the largest face
    is used. ``track`` is how the mouth moves, if that is known; else it is heard in the voice. The same inputs and
    ``seed`` draw the same frames. ``on_progress`` is called with the frames done and the
    total, a few times a second. Raises `RenderError`, or `MediaError` for a voice that cannot be read.
    """
    if not installed():
        raise RenderError(MISSING)
    with ThreadPoolExecutor(1) as beside:
        heard = beside.submit(lambda: track or mouth_track(speech_blocks(voice), fps=FPS))
        mouth = _mouth(image, mouth_box)
        if mouth is None:
            raise RenderError("No face was found in the picture. Mark the mouth, then render again.")
        rig, (width, height) = _rig(image, mouth, resolution)
        moves = heard.result()
    count = len(moves.openness)

    write_mp4(
        out,
        poses_drawn(rig, moves, IdleMotion(seed, count, FPS, moves.stress)),
        voice,
        _now_and_then(on_progress, count),
    )
    return Rendered(width, height, count, count / FPS)


def render_dialog(
    *,
    image: Image,
    left: Path,
    right: Path,
    order: str,
    out: Path,
    resolution: str,
    seed: int,
    on_progress: Callable[[int, int], None],
    mouth_boxes: tuple[Box, Box] | None = None,
    tracks: Sequence[MouthTrack | None] = (None, None),
) -> Rendered:
    """Make the two people in ``image`` (h, w, 3, RGB, upright) speak, each with a voice, as an MP4 at ``out``.

    ``order`` is ``left_right``, ``right_left`` or ``meanwhile``. ``mouth_boxes`` are the mouths that a person marked,
    the left one first; without them, the two largest faces speak, from left to right. ``tracks`` are how the mouths
    move, as far as that is known. All else is as in `render`.
    """
    if not installed():
        raise RenderError(MISSING)
    sound = out.with_name("dialog.wav")
    turns = dialog.mix(left, right, sound, order)
    with ThreadPoolExecutor(1) as beside:
        voices = list(zip(tracks, (left, right), strict=True))
        heard = beside.submit(lambda: [known or mouth_track(speech_blocks(voice), fps=FPS) for known, voice in voices])
        mouths = dialog.two_mouths(find_faces(image), mouth_boxes)
        if mouths is None:
            raise RenderError(
                "Two faces are needed, and fewer were found in the picture. Mark the two mouths, or choose another "
                "picture, then render again."
            )
        picture, scaled, (width, height) = _at_size(image, mouths, resolution)
        *parts, middle = dialog.sides(height, width, *scaled)
        rigs = [Rig(picture, mouth, part) for mouth, part in zip(scaled, parts, strict=True)]
        moves = heard.result()
    count = max(1, round(turns.whole_s * FPS))
    starts = (turns.left_s, turns.right_s)
    lefts, rights = (dialog.placed(track, at_s, count, FPS) for track, at_s in zip(moves, starts, strict=True))
    lives = (
        dialog.Listener(IdleMotion(seed, count, FPS, lefts.stress), lefts, rights, towards=1, fps=FPS),
        dialog.Listener(IdleMotion(seed + 1, count, FPS, rights.stress), rights, lefts, towards=-1, fps=FPS),
    )
    on_left, on_right = (poses_drawn(*one) for one in zip(rigs, (lefts, rights), lives, strict=True))

    write_mp4(out, _joined(on_left, on_right, middle), sound, _now_and_then(on_progress, count))
    sound.unlink(missing_ok=True)
    return Rendered(width, height, count, count / FPS, starts)


def _now_and_then(on_progress: Callable[[int, int], None], count: int) -> Callable[[int], None]:
    """Return what tells some of the frames that are done, and the last one."""

    def tell(done: int) -> None:
        if done % _PROGRESS_EVERY == 0 or done == count:
            on_progress(done, count)

    return tell


def _joined(left: Iterator[Image], right: Iterator[Image], middle: int) -> Iterator[Image]:
    """Yield frames whose columns up to ``middle``, an even number, are the left person's, and the rest the right's."""
    last: tuple[Image, Image] | None = None
    frame: Image | None = None
    for pair in zip(left, right, strict=True):
        if frame is None or last is None or pair[0] is not last[0] or pair[1] is not last[1]:
            frame = pair[0].copy()
            frame[:, middle:] = pair[1][:, middle:]
            last = pair
        yield frame


def still(*, image: Image, resolution: str, mouth_box: Box | None, openness: float = 0.8, width: float = 0.0) -> Image:
    """Return one RGB frame with the mouth this open, so that a person can judge its position.

    If no box is given and no face is found, the mouth is at its most likely position.
    """
    rig, _ = _rig(image, _mouth(image, mouth_box) or likely_mouth(image), resolution)
    return nv12.to_rgb(rig.draw(Pose(openness, width)))


def speaking(*, image: Image, mouth_box: Box, out: Path) -> None:
    """Write a silent video of under two seconds in which the mouth at ``mouth_box`` opens and closes.

    It is `SPEAKING_PX` wide or high at its shorter side. Raises `RenderError`.
    """
    scale = min(1.0, SPEAKING_PX / min(image.shape[:2]))
    size = tuple(max(2, 2 * round(side * scale / 2)) for side in (image.shape[1], image.shape[0]))
    across, down = size[0] / image.shape[1], size[1] / image.shape[0]
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    x, y, width, height = mouth_box
    rig = Rig(small, mouth_from_box(small, (x * across, y * down, width * across, height * down)))
    poses = (rig.draw(Pose(openness, 0.0)) for openness in SPEAKING)
    write_mp4(out, poses, None, lambda _count: None)


def poses_drawn(rig: Rig, track: MouthTrack, life: IdleMotion | dialog.Listener) -> Iterator[Image]:
    """Yield the frames of a clip in order, as NV12. The first is the picture; the mouth eases from it into speech."""
    inside = np.zeros(len(track.openness), np.int8) if track.inside is None else track.inside
    for index, (openness, width) in enumerate(zip(held(track.openness), track.width, strict=True)):
        part = min(index / _EASE, 1.0)
        part *= part * (3.0 - 2.0 * part)
        seen = Inside(int(inside[index])) if part == 1.0 and openness > 0 else Inside.PLAIN
        eased = rig.pictured + (fitting(float(openness), seen) - rig.pictured) * part
        moves = eased, float(width) * part, life.lids(index), life.sway(index), seen, life.brows(index)
        yield rig.draw(Pose(*moves))


def held(openness: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the openness (n,) with no closure of a single frame: lips need 60 ms and more, a shorter one is a pop.

    A lone closed frame is held for the next or the previous one too, whichever is less open.
    """
    shut = np.pad(openness <= _SHUT, 1, constant_values=True)
    lone = np.flatnonzero(shut[1:-1] & ~shut[:-2] & ~shut[2:])
    longer = openness.copy()
    for frame in lone:
        longer[frame - 1 if openness[frame - 1] < openness[frame + 1] else frame + 1] = openness[frame]
    return longer


def _mouth(image: Image, box: Box | None) -> Mouth | None:
    return mouth_from_box(image, box) if box is not None else find_mouth(image)


def _rig(image: Image, mouth: Mouth, resolution: str) -> tuple[Rig, tuple[int, int]]:
    """Return the rig of the picture, at the video's size."""
    picture, (scaled,), size = _at_size(image, (mouth,), resolution)
    return Rig(picture, scaled), size


def _at_size(
    image: Image, mouths: Sequence[Mouth], resolution: str
) -> tuple[Image, tuple[Mouth, ...], tuple[int, int]]:
    """Return the picture and its mouths at the video's size, and that size."""
    size = frame_size(image.shape[1], image.shape[0], resolution)
    across, down = size[0] / image.shape[1], size[1] / image.shape[0]
    picture = cv2.resize(image, size, interpolation=cv2.INTER_AREA if across < 1 else cv2.INTER_CUBIC)
    scaled = tuple(
        replace(
            mouth,
            x=mouth.x * across,
            y=mouth.y * down,
            width=mouth.width * across,
            face=mouth.face and mouth.face.scaled(across, down),
        )
        for mouth in mouths
    )
    return np.asarray(picture, np.uint8), scaled, size
