"""The rig: a still picture whose mouth, lids and head can be posed for each frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft import nv12
from lipsync_core.draft.brows import STEPS, Brows
from lipsync_core.draft.eyes import find_eyes
from lipsync_core.draft.face import Mouth
from lipsync_core.draft.inside import Inside
from lipsync_core.draft.lids import Lids
from lipsync_core.draft.life import STILL, Sway
from lipsync_core.draft.mesh import LIPS_MIDDLE
from lipsync_core.draft.mouth import MovingMouth
from lipsync_core.draft.shape import Shape, on_box
from lipsync_core.draft.sway import SwayingHead, head_of

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


_SAME, _NEAR = 0.12, 0.7
"""How close a box is to the mesh's lips, in its widths: up to the first it confirms, up to the second it moves them."""


@dataclass(frozen=True, slots=True)
class Pose:
    """The pose of the rig in one frame: mouth as in `MouthTrack`, lids from 0 (as pictured) to 1 (shut).

    ``brows`` runs from 0 (as pictured) to 1 (raised).
    """

    openness: float
    width: float
    lids: float = 0.0
    sway: Sway = STILL
    inside: Inside = Inside.PLAIN
    brows: float = 0.0


class Rig:
    """An RGB picture (h, w, 3) of even size that can be posed. ``mouth`` is in its pixels.

    ``part`` (h, w), 0…1, is how much of each pixel belongs to this person; without it, all of the picture does.
    """

    def __init__(self, picture: Image, mouth: Mouth, part: Floats | None = None) -> None:
        picture = np.ascontiguousarray(picture)
        room = _room(picture.shape[0], picture.shape[1])
        if part is not None:
            room *= part
        self._shape = shape_of(picture, mouth)
        self._mouth = MovingMouth(picture, self._shape, room)
        found = find_eyes(picture, mouth.face.mesh) if mouth.face and mouth.face.mesh else None
        self._lids = Lids(picture, found) if found else None
        self._brows = Brows(picture, found) if found and not found[0].flat else None
        self._head = SwayingHead(nv12.from_rgb(picture), head_of(mouth), room)

    @property
    def pictured(self) -> float:
        """The openness at which the mouth is as pictured: 0 if its lips are closed there."""
        return self._shape.pictured

    @property
    def blinks(self) -> bool:
        """Whether the lids can close: not behind glasses, nor where there is no skin to make them of."""
        return self._lids is not None

    def draw(self, pose: Pose) -> Image:
        """Return one frame of the picture's size, NV12, read-only."""
        mouth = self._mouth.patch(pose.openness, pose.width, pose.inside)
        raised = round(pose.brows * STEPS) if self._brows else 0
        picture, brows = self._brows.raised(raised) if self._brows else (None, ())
        lids = self._lids.patches(pose.lids, raised, picture) if self._lids else ()
        upper = (*brows, *lids)
        return self._head.drawn((mouth, *upper) if mouth else upper, pose.sway)


def shape_of(picture: Image, mouth: Mouth) -> Shape:
    """Return the mesh of this mouth's face; where a person placed it elsewhere or no face is known, the mean one."""
    mesh = mouth.face.mesh if mouth.face else None
    if mesh is None:
        return Shape(picture, on_box(mouth.x, mouth.y, mouth.width, mouth.tilt_deg), alone=True)
    points = mesh.points
    if mouth.score is None:
        lips = points[list(LIPS_MIDDLE)].mean(axis=0)
        off = np.array([mouth.x, mouth.y], np.float32) - lips
        if float(np.hypot(*off)) > _NEAR * mouth.width:
            return Shape(picture, on_box(mouth.x, mouth.y, mouth.width, mouth.tilt_deg), alone=True)
        points = points + off if float(np.hypot(*off)) > _SAME * mouth.width else points
    return Shape(picture, points, alone=False)


def _room(height: int, width: int) -> Floats:
    """Return how far each pixel may move: 1 inside, 0 at the borders and in the corners of the frame."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    across, down = np.abs(2 * (x + 0.5) / width - 1), np.abs(2 * (y + 0.5) / height - 1)
    outward = (across**4 + down**4) ** np.float32(0.25)
    border = min(0.985, 1.0 - 4.0 / min(height, width))  # at least 2 pixels: neighbours share their colour
    free = np.clip((border - outward) / 0.16, 0.0, 1.0)
    return np.asarray(free * free * (3 - 2 * free), np.float32)
