"""Two people in one picture, each with a voice of their own, who speak in turn or at once.

Each has a rig of their own on their half of the picture. Who listens keeps still lips, blinks and sways, and turns a
little towards who speaks.
"""

from __future__ import annotations

import wave
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipsync_core.decode import sound_blocks
from lipsync_core.draft.face import Box, Face, Mouth, mouth_in_box, mouth_of, speakers
from lipsync_core.draft.life import IdleMotion, Sway
from lipsync_core.draft.speech import MouthTrack

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

RATE = 48_000
"""Samples a second of the sound of a dialog."""

_SPEAKS = 0.05
_TURN_S = 0.6
"""Pauses up to twice as long belong to a turn; it takes this long to turn to who speaks."""
_TOWARDS = Sway(0.014, 0.002, 0.5)
"""How far who listens turns to who speaks on the right."""
_HELD_FRAMES = 2


@dataclass(frozen=True, slots=True)
class Turns:
    """When each person begins to speak, and how long all of it lasts, in seconds."""

    left_s: float
    right_s: float
    whole_s: float


def two_mouths(faces: Sequence[Face], boxes: tuple[Box, Box] | None = None) -> tuple[Mouth, Mouth] | None:
    """Return the mouths of the two largest faces, the left one first; None if fewer than two people are there.

    ``boxes`` are the mouths that a person marked, the left one first; they override any detection.
    """
    if boxes is not None:
        return mouth_in_box(faces, boxes[0]), mouth_in_box(faces, boxes[1])
    if speakers(faces) < 2:
        return None
    left, right = sorted(faces[:2], key=lambda face: face.box[0] + face.box[2] / 2)
    return mouth_of(left), mouth_of(right)


def mix(left: Path, right: Path, out: Path, order: str) -> Turns:
    """Write the sound of both voices in this order to the WAV file ``out``. Streams; raises like `sound_blocks`."""
    voices = [sound_blocks(voice, rate=RATE) for voice in ((right, left) if order == "right_left" else (left, right))]
    counts = [0, 0]

    def counted(which: int) -> Iterator[Floats]:
        for block in voices[which]:
            counts[which] += len(block)
            yield block

    at_once = order == "meanwhile"
    first, second = counted(0), counted(1)
    blocks = (_sum(*pair) for pair in zip_longest(first, second)) if at_once else chain(first, second)
    with closing(wave.open(str(out), "wb")) as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for block in blocks:
            file.writeframes((block.clip(-1, 1) * 32_767).astype("<i2").tobytes())
    first_s, second_s = counts[0] / RATE, counts[1] / RATE
    if at_once:
        return Turns(0.0, 0.0, max(first_s, second_s))
    later = Turns(0.0, first_s, first_s + second_s)
    return later if order == "left_right" else Turns(later.right_s, later.left_s, later.whole_s)


def _sum(one: Floats | None, other: Floats | None) -> Floats:
    if one is None or other is None:
        return next(block for block in (one, other) if block is not None)
    shorter, longer = sorted((one, other), key=len)
    longer = longer.copy()
    longer[: len(shorter)] += shorter
    return longer


def placed(track: MouthTrack, start_s: float, count: int, fps: int) -> MouthTrack:
    """Return the track in a clip of ``count`` frames in which it begins at ``start_s``; closed before and after."""
    start = round(start_s * fps)
    length = max(0, min(len(track.openness), count - start))

    def in_clip(values: NDArray[Any]) -> NDArray[Any]:
        whole = np.zeros(count, values.dtype)
        whole[start : start + length] = values[:length]
        return whole

    return MouthTrack(
        in_clip(track.openness),
        in_clip(track.width),
        None if track.inside is None else in_clip(track.inside),
        None if track.stress is None else in_clip(track.stress),
    )


def sides(height: int, width: int, left: Mouth, right: Mouth) -> tuple[Floats, Floats, int]:
    """Return how much of each pixel (h, w), 0…1, is the left person's and the right one's, and where they part.

    Both are 0 along that column, so that what one of them moves never meets what the other does.
    """
    middle = 2 * round((left.x + right.x) / 4)
    fade = max(2.0, 0.2 * (right.x - left.x))
    across = (np.arange(width, dtype=np.float32) + 0.5 - middle) / np.float32(fade)
    rights = np.clip(across, 0.0, 1.0)
    lefts = np.clip(-across, 0.0, 1.0)
    smooth = [side * side * (3 - 2 * side) for side in (lefts, rights)]
    whole = [np.ascontiguousarray(np.broadcast_to(side, (height, width)), np.float32) for side in smooth]
    return whole[0], whole[1], middle


class Listener:
    """The idle motion of one of two people: they turn to the other one while that one alone speaks."""

    def __init__(self, idle: IdleMotion, own: MouthTrack, other: MouthTrack, *, towards: int, fps: int) -> None:
        self._idle, self._towards = idle, towards
        window = np.hanning(2 * round(_TURN_S * fps) + 1).astype(np.float32)
        alone = _turn(other, fps) * (1.0 - _turn(own, fps))
        self._turned = np.convolve(np.pad(alone, len(window) // 2, mode="edge"), window / window.sum(), mode="valid")
        self._turned[0] = 0.0  # the first frame is the picture

    def lids(self, frame: int) -> float:
        """Return 0 for eyes as in the picture, 1 for closed ones."""
        return self._idle.lids(frame)

    def brows(self, frame: int) -> float:
        """Return 0 for brows as in the picture, 1 for raised ones."""
        return self._idle.brows(frame)

    def sway(self, frame: int) -> Sway:
        """Return the head's position in this frame."""
        by = float(self._turned[frame // _HELD_FRAMES * _HELD_FRAMES])
        rest = self._idle.sway(frame)
        return Sway(
            rest.x + self._towards * by * _TOWARDS.x,
            rest.y + by * _TOWARDS.y,
            rest.turn_deg + self._towards * by * _TOWARDS.turn_deg,
        )


def _turn(track: MouthTrack, fps: int) -> Floats:
    """Return 1 where this person speaks, the short pauses among it, and 0 elsewhere."""
    near = np.ones(2 * round(_TURN_S * fps) + 1, np.float32)
    speaks = (track.openness > _SPEAKS).astype(np.float32)
    return np.minimum(np.convolve(speaks, near, mode="same"), 1.0)[: len(speaks)].astype(np.float32)
