"""The inside of an open mouth: a dark gradient, a tongue, the upper teeth and the lip's shadow.

All colours come from the picture, so that a painting's mouth is painted and a grey photograph's is grey.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

_TEETH_EDGE_V = 0.14
"""How far the upper front teeth reach below the closed seam, in mouth units."""

_TEETH_U = 0.88
_SHADOW_V = 0.11


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of one mouth, RGB in 0…255, float32 arrays of shape (3,)."""

    deep: Floats
    back: Floats
    tongue: Floats
    teeth: Floats


def palette(picture: Image, lips: Floats, skin: Floats) -> Palette:
    """Return colours for this picture, from those of its ``lips`` and of the ``skin`` around them."""
    light = float(np.clip(np.percentile(picture.max(axis=2)[::4, ::4], 97) / 255, 0.45, 1.0))
    shade = float(np.clip(skin.max() / 255, 0.25, 1.0))
    bright = min(light, 0.40 + 0.60 * shade)
    grey = float(np.abs(lips - lips.mean()).max() < 6)
    warm = np.array([186, 92, 92], np.float32) * bright
    tongue = (1 - grey) * (0.45 * lips + 0.55 * warm) * 0.86 + grey * lips * 0.8
    deep = 0.16 * lips * (1 - 0.3 * grey) + np.array([8, 2, 3], np.float32) * (1 - grey)
    teeth = np.array([244, 234, 216], np.float32) * bright
    teeth = 0.88 * teeth + 0.12 * skin if not grey else np.full(3, teeth.mean(), np.float32)
    return Palette(*(np.asarray(c, np.float32) for c in (deep, deep + 0.22 * tongue, tongue, teeth)))


def paint(
    u: Floats, v: Floats, top: Floats, bottom: Floats, seam: Floats, colours: Palette, *, pixel: float, teeth: bool
) -> Floats:
    """Return colours (n, 3) for points ``u, v`` between the lips' edges ``top`` and ``bottom``, in mouth units (n,).

    ``seam`` is where the closed lips met (the upper teeth are fixed to the skull, not to the lip); ``pixel`` is the
    size of one pixel in mouth units.
    """
    gap = np.maximum(bottom - top, 1e-3)
    depth = np.clip((v - top) / gap, 0.0, 1.0)
    side = np.clip(1.0 - u * u, 0.0, 1.0)
    colour = _mix(colours.deep, colours.back, 0.75 * depth * depth * side)
    # The tongue is on the floor of the mouth: it fills the lower part and is visible only if there is room.
    rise = np.minimum(0.52 * gap, 0.34)
    crown = bottom - rise * np.sqrt(np.clip(1.0 - (u / 0.72) ** 2, 0.0, 1.0))
    shown = _step((v - crown) / (0.05 + 2 * pixel)) * _step((gap - 0.16) / 0.25)
    lit = np.clip((v - crown) / 0.30, 0.0, 1.0)
    groove = 1.0 - 0.16 * np.exp(-((u / 0.06) ** 2)) * lit
    body = colours.tongue * ((0.55 + 0.45 * lit) * groove * (0.72 + 0.28 * side))[:, None]
    colour += (body - colour) * shown[:, None]
    if teeth:
        arch = np.asarray(np.clip(1.0 - (np.abs(u) / _TEETH_U) ** 2.5, 0.0, 1.0), np.float32)
        across = np.arcsin(np.clip(u / _TEETH_U, -1, 1)) / 0.262
        line = np.abs(across - np.round(across))
        hang = seam + _TEETH_EDGE_V - 0.14 * u * u - 0.005 * np.cos(2 * np.pi * line)
        edge = np.asarray(np.minimum(hang, top + 0.60 * gap), np.float32)
        shown = _step((edge - v) / (2.2 * pixel) + 0.5) * _step(arch * 2.2) * _step(gap / 0.10)
        # Teeth narrow towards the corners; the lines between them are only hinted at.
        hint = 1.0 - 0.15 * np.exp(-(((0.5 - line) / 0.06) ** 2))
        lit = (0.40 + 0.60 * arch) * hint * (1.0 - 0.10 * np.clip((v - top) / 0.3, 0, 1))
        colour += (colours.teeth * lit[:, None] - colour) * (0.96 * shown)[:, None]
    shadow = 0.52 + 0.48 * _step((v - top) / _SHADOW_V)
    rim = 0.70 + 0.30 * _step((bottom - v) / 0.05)
    return np.asarray(colour * (shadow * rim)[:, None], np.float32)


def _mix(a: Floats, b: Floats, part: Floats) -> Floats:
    return np.asarray(a + (b - a) * part[:, None], np.float32)


def _step(x: Floats) -> Floats:
    """Return 0 below 0, 1 above 1, and a smooth step between."""
    x = np.clip(x, 0.0, 1.0)
    return np.asarray(x * x * (3.0 - 2.0 * x), np.float32)
