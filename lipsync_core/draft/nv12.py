"""Pictures in the encoder's format, NV12: the colour space of every pixel is converted exactly once.

An NV12 picture of h by w pixels, both even, is one uint8 array (3 h / 2, w): h rows of luma, then h / 2 rows with the
blue and red differences of each 2 by 2 pixels, interleaved. BT.709 (ITU-R BT.709-6, items 3.2 to 3.5), limited range.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

Area = tuple[int, int, int, int]
"""left, top, right, bottom in pixels; right and bottom excluded."""

_RED, _BLUE = 0.2126, 0.0722
_GREEN = 1.0 - _RED - _BLUE


def _from_rgb() -> NDArray[np.float64]:
    """Return the 3 by 4 matrix from (R, G, B, 1) to luma in 16…235 and both differences in 16…240."""
    luma = np.array([_RED, _GREEN, _BLUE])
    blue = (np.array([0.0, 0.0, 1.0]) - luma) / (2 * (1 - _BLUE))
    red = (np.array([1.0, 0.0, 0.0]) - luma) / (2 * (1 - _RED))
    scaled = np.stack([luma * 219, blue * 224, red * 224]) / 255
    return np.column_stack([scaled, [16.0, 128.0, 128.0]])


_FROM_RGB = _from_rgb()
_TO_RGB = np.column_stack([np.linalg.inv(_FROM_RGB[:, :3]), -np.linalg.inv(_FROM_RGB[:, :3]) @ _FROM_RGB[:, 3]])


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """NV12 ``pixels`` that replace the ``area`` of a picture, whose four numbers are even."""

    area: Area
    pixels: Image


def from_rgb(picture: Image) -> Image:
    """Return the NV12 picture of an RGB picture (h, w, 3) of even size."""
    height, width = picture.shape[:2]
    full = cv2.transform(picture, _FROM_RGB)
    frame = np.empty((height * 3 // 2, width), np.uint8)
    luma, differences = planes(frame)
    luma[:] = full[:, :, 0]
    differences[:] = cv2.resize(full[:, :, 1:], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return frame


def to_rgb(frame: Image) -> Image:
    """Return the RGB picture (h, w, 3) of an NV12 picture."""
    luma, differences = planes(frame)
    full = np.dstack([luma, cv2.resize(differences, luma.shape[::-1], interpolation=cv2.INTER_LINEAR)])
    return np.asarray(cv2.transform(full, _TO_RGB), np.uint8)


def planes(frame: Image) -> tuple[Image, Image]:
    """Return views on the luma (h, w) and the differences (h / 2, w / 2, 2) of an NV12 picture."""
    height, width = frame.shape[0] * 2 // 3, frame.shape[1]
    return frame[:height], frame[height:].reshape(height // 2, width // 2, 2)


def pasted(frame: Image, patches: tuple[Patch, ...]) -> Image:
    """Return a copy of an NV12 picture with the patches on it."""
    flat = frame.copy()
    luma, differences = planes(flat)
    for patch in patches:
        left, top, right, bottom = patch.area
        luma[top:bottom, left:right], differences[top // 2 : bottom // 2, left // 2 : right // 2] = planes(patch.pixels)
    return flat


def even(area: Area) -> Area:
    """Return the smallest area with even numbers that contains this one."""
    left, top, right, bottom = area
    return left // 2 * 2, top // 2 * 2, (right + 1) // 2 * 2, (bottom + 1) // 2 * 2
