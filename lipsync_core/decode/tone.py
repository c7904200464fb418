"""Colours of wide and of high-dynamic-range video as an ordinary screen shows them: a table for FFmpeg's ``lut3d``.

Sources: SMPTE ST 2084 and ITU-R BT.2100 (PQ and HLG), BT.2390-11, 5.4.1 (how highlights are rolled off), BT.2408 (white
at 203 nits), BT.2087 (colours outside of the smaller gamut). The codes of primaries and transfer curves are those of
ITU-T H.273.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Light = NDArray[np.float64]

PQ, HLG = 16, 18
_WHITE_NITS = 203.0
_PEAK_NITS = 1000.0
"""The brightest highlight that keeps a shade of its own. BT.2100's nominal peak for HLG, and usual for PQ."""
_STEPS = 33
_GAMMA = 2.4
"""BT.1886: how ordinary screens turn a signal into light."""

_XY = {
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),  # BT.2020
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),  # cinema P3
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),  # Display P3
}
"""Red, green and blue of the wide gamuts."""
_XY_709 = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_D65 = (0.3127, 0.3290)
_LUMA_709 = np.array([0.2126, 0.7152, 0.0722])


@dataclass(frozen=True, slots=True)
class Tone:
    """The primaries and the transfer curve of a video that an ordinary screen cannot show as they are."""

    primaries: int
    transfer: int

    @property
    def is_hdr(self) -> bool:
        """Whether it is brighter than a screen's white."""
        return self.transfer in (PQ, HLG)

    def write_table(self, path: Path) -> None:
        """Write the table as a ``.cube`` file: BT.709 for each colour, red changing fastest."""
        step = np.linspace(0.0, 1.0, _STEPS)
        blue, green, red = np.meshgrid(step, step, step, indexing="ij")
        shown = self.on_a_screen(np.stack([red, green, blue], axis=-1).reshape(-1, 3))
        rows = "\n".join(f"{r:.6f} {g:.6f} {b:.6f}" for r, g, b in shown.tolist())
        path.write_text(f"LUT_3D_SIZE {_STEPS}\n{rows}\n", encoding="ascii")

    def on_a_screen(self, signal: Light) -> Light:
        """Return the BT.709 signal (… × 3, from 0 to 1) for a signal with these primaries and this curve."""
        to_709 = _matrix(_XY_709, inverse=True) @ _matrix(_XY.get(self.primaries, _XY_709))
        if not self.is_hdr:
            return _srgb_signal(np.clip(_srgb_light(signal) @ to_709.T, 0.0, 1.0))
        light = np.maximum(self._light(signal) @ to_709.T, 0.0)
        shown: Light = np.minimum(_no_brighter(light), 1.0) ** (1 / _GAMMA)
        return shown

    def _light(self, signal: Light) -> Light:
        """Return linear light of an HDR signal, with 1 for a screen's white; highlights are rolled off."""
        luma = _matrix(_XY.get(self.primaries, _XY[9]))[1]
        nits = _pq_light(signal) if self.transfer == PQ else _hlg_light(signal, luma)
        bright = np.maximum(nits @ luma, 1e-6)
        rolled: Light = nits * (_rolled_off(bright) / bright)[..., None] / _WHITE_NITS
        return rolled


def tone_of(primaries: int, transfer: int) -> Tone | None:
    """Return the tone of a video with these codes; None if an ordinary screen shows it as it is."""
    if transfer in (PQ, HLG):
        return Tone(primaries if primaries in _XY else 9, transfer)
    return Tone(primaries, 1) if primaries in _XY else None


def _srgb_light(signal: Light) -> Light:
    """Return linear light for an sRGB signal (IEC 61966-2-1); the curve of SDR video hardly differs from it."""
    return np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)


def _srgb_signal(light: Light) -> Light:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def _pq_light(signal: Light) -> Light:
    """Return nits for a PQ signal."""
    root = signal ** (1 / _M2)
    nits: Light = 10_000 * (np.maximum(root - _C1, 0) / (_C2 - _C3 * root)) ** (1 / _M1)
    return nits


def _pq_signal(nits: Light) -> Light:
    power = (nits / 10_000) ** _M1
    signal: Light = ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2
    return signal


def _hlg_light(signal: Light, luma: Light) -> Light:
    """Return nits for an HLG signal on a screen of 1,000 nits (BT.2100: a = 0.17883277)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    bright = np.maximum(scene @ luma, 1e-9)
    nits: Light = _PEAK_NITS * scene * (bright**0.2)[..., None]
    return nits


def _rolled_off(nits: Light) -> Light:
    """Return the brightness on a screen whose white has 203 nits: dark and middle tones as they are (BT.2390)."""
    peak = _pq_signal(np.array(_PEAK_NITS))
    most = _pq_signal(np.array(_WHITE_NITS)) / peak
    given = np.minimum(_pq_signal(nits) / peak, 1.0)
    knee = 1.5 * most - 0.5
    t = np.maximum((given - knee) / (1 - knee), 0.0)
    curve = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * most
    return _pq_light(np.where(given < knee, given, curve) * peak)


def _no_brighter(light: Light) -> Light:
    """Return colours that a screen can show: one that is too bright is mixed with its own grey until it fits."""
    grey = np.clip(light @ _LUMA_709, 0.0, 1.0)[..., None]
    away = np.maximum(light - grey, 1e-9)
    keep = np.min((1 - grey) / away, axis=-1, keepdims=True)
    fitting: Light = grey + (light - grey) * np.minimum(keep, 1.0)
    return fitting


def _matrix(corners: tuple[tuple[float, float], ...], *, inverse: bool = False) -> Light:
    """Return the matrix from these primaries, with white at D65, to CIE XYZ; or its inverse."""
    xyz = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in corners]).T
    white = np.array([_D65[0] / _D65[1], 1.0, (1 - sum(_D65)) / _D65[1]])
    matrix: Light = xyz * np.linalg.solve(xyz, white)
    return np.asarray(np.linalg.inv(matrix), np.float64) if inverse else matrix
