"""How a draft looks, in figures: ``python tests/bench/bench_looks.py [PICTURE …]``, by default the sample portraits.

After ``make faces``, also the portraits that it fetched, with a summary: how many of them reach each figure, and how
many of the open, bare eyes blink.

Nothing here is judged by the mesh that also moves the picture: its points only say *where* to measure. All frames are
compared before encoding. For each portrait:

* still: the largest difference (of 255) between the picture and its mouth as pictured, with a still head; to reach: 0.
* outside: the same outside the lower face, over a sweep of the opening; 0.
* turned: the part of the mesh's area that is turned over in the worst pose; 0.
* step: the largest change from one frame of the sweep to the next, in median changes: what stands out; below 3.
* lip edge, teeth edge: how wide the edges of the moved lips and of the mouth's inside are, in widths of the picture's
  own lip edges; 0.8 to 1.3.
* noise: the fine grain of the moved chin, in that of the picture; 0.8 to 1.2.
* eyes: the sharpness of the still eyes while the head sways, in that of the picture; 0.85 and more.
* blinks: whether the eyes may close.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # so that the script also runs by its path

from lipsync_core.decode import load_image
from lipsync_core.draft import nv12
from lipsync_core.draft.face import find_mouth
from lipsync_core.draft.life import Sway
from lipsync_core.draft.render import frame_size
from lipsync_core.draft.rig import Pose, Rig, shape_of
from lipsync_core.draft.shape import INNER_LOWER, INNER_UPPER, OUTER_LOWER, OUTER_UPPER, Shape, areas
from lipsync_core.samples import PORTRAITS
from tests.faces import FOLDER, listed

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

SWEEP = np.concatenate([np.linspace(0, 1, 28), np.linspace(1, 0, 28)])
SWAYS = (Sway(0.004, 0.003, 0.2), Sway(-0.009, 0.006, -0.45), Sway(0.007, -0.005, 0.3))
CHIN = (199, 200, 208, 428, 175)
LIDS = (33, 133, 159, 145, 263, 362, 386, 374)


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of one portrait; see the module."""

    still: int
    outside: float
    turned: float
    step: float
    lip_edge: float
    teeth_edge: float
    noise: float
    eyes: float
    blinks: bool


REACHED: dict[str, Callable[[Figures], bool]] = {
    "still": lambda found: found.still == 0,
    "outside": lambda found: found.outside == 0,
    "turned": lambda found: found.turned < 0.001,
    "step": lambda found: found.step < 3,
    "lip edge": lambda found: 0.8 <= found.lip_edge <= 1.3,
    "teeth edge": lambda found: 0.8 <= found.teeth_edge <= 1.3,
    "noise": lambda found: 0.8 <= found.noise <= 1.2,
    "eyes": lambda found: found.eyes >= 0.85,
}


def main() -> None:
    """Print one line a portrait, and what the fetched ones reach."""
    print(f"{'portrait':>24} still outside turned  step  lip edge  teeth edge  noise  eyes  blinks")
    if sys.argv[1:]:
        for path in map(Path, sys.argv[1:]):
            measured(path)
        return
    for portrait in PORTRAITS:
        measured(portrait.path)
    fetched = {one: measured(FOLDER / one.name) for one in listed() if (FOLDER / one.name).is_file()}
    found = [figures for figures in fetched.values() if figures]
    if not found:
        print("No other portraits are here; `make faces` fetches some.")
        return
    print(f"\nOf {len(fetched)} fetched portraits, {len(found)} have a face. In reach of them:")
    print("  ".join(f"{name} {np.mean([reached(one) for one in found]):.0%}" for name, reached in REACHED.items()))
    bare = [figures.blinks for one, figures in fetched.items() if figures and one.bare]
    print(f"Of {len(bare)} with open, bare eyes, {sum(bare)} blink.")


def measured(path: Path) -> Figures | None:
    """Measure one portrait at the size of a 480p draft, and print it."""
    image = load_image(path)
    size = frame_size(image.shape[1], image.shape[0], "480p")
    picture = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    mouth = find_mouth(picture)
    if mouth is None:
        print(f"{path.name:>24} no face")
        return None
    rig, shape = Rig(picture, mouth), shape_of(picture, mouth)
    source = nv12.from_rgb(picture)
    frames = [nv12.planes(rig.draw(Pose(float(openness), 0.0)))[0].astype(np.float32) for openness in SWEEP]
    luma = nv12.planes(source)[0].astype(np.float32)
    far = outside(luma.shape, shape)
    changes = np.array([float(np.abs(b - a).mean()) for a, b in pairwise(frames)])
    whole = areas(shape.points, shape.triangles)
    lips, teeth = edges(luma, frames, shape)
    moved = [noise(frames[i], shape.to_picture(shape.posed(float(SWEEP[i]), 0.0)), shape) for i in (9, 14, 18)]
    found = Figures(
        still=int(np.abs(rig.draw(Pose(rig.pictured, 0.0)).astype(int) - source).max()),
        outside=max(float(np.abs(frame - luma)[far].max(initial=0)) for frame in frames),
        turned=max(
            float(whole[areas(shape.to_picture(shape.posed(float(o), w)), shape.triangles) <= 0].sum() / whole.sum())
            for o in SWEEP[:28]
            for w in (-1.0, 0.0, 1.0)
        ),
        step=float(changes.max() / max(float(np.median(changes[changes > 0])), 1e-6)),
        lip_edge=lips,
        teeth_edge=teeth,
        noise=float(np.median(moved)) / max(noise(luma, shape.points, shape), 1e-3),
        eyes=min(
            sharpness(nv12.planes(rig.draw(Pose(rig.pictured, 0.0, 0.0, sway)))[0], shape) / sharpness(luma, shape)
            for sway in SWAYS
        ),
        blinks=rig.blinks,
    )
    print(
        f"{path.name:>24} {found.still:>5} {found.outside:>7.0f} {found.turned:>6.2%} {found.step:>5.1f}"
        f" {found.lip_edge:>9.2f} {found.teeth_edge:>11.2f} {found.noise:>6.2f} {found.eyes:>5.2f}"
        f"  {'yes' if found.blinks else 'no'}",
        flush=True,
    )
    return found


def outside(size: tuple[int, ...], shape: Shape) -> NDArray[np.bool_]:
    """Return the pixels that no movement of the mouth may reach: above the bridge of the nose and around the face."""
    y, x = np.indices(size).astype(np.float32)
    v = shape.to_level(np.stack([x, y], axis=-1))[..., 1]
    around = np.zeros(size, np.uint8)
    cv2.fillConvexPoly(around, cv2.convexHull(np.round(shape.points[468:]).astype(np.int32)), 1)
    return np.asarray((v < shape.level[168, 1]) | (cv2.dilate(around, np.ones((5, 5), np.uint8)) == 0))


def edges(luma: Floats, frames: list[Floats], shape: Shape) -> tuple[float, float]:
    """Return the widths of the edges of moved lips and of the mouth's inside, in those of the picture's lips."""
    own = [edge_px(luma, shape, shape.level, row) for row in (OUTER_UPPER, OUTER_LOWER)]
    moved, inner = [], []
    for index in (9, 14, 18, 22):
        level = shape.posed(float(SWEEP[index]), 0.0)
        moved += [edge_px(frames[index], shape, level, row) for row in (OUTER_UPPER, OUTER_LOWER)]
        inner += [edge_px(frames[index], shape, level, row) for row in (INNER_UPPER, INNER_LOWER)]
    return float(np.median(moved) / np.median(own)), float(np.median(inner) / np.median(own))


def edge_px(luma: Floats, shape: Shape, level: Floats, row: tuple[int, ...]) -> float:
    """Return the median width in pixels of an edge: what lightness changes across it, by its steepest slope."""
    reach = 3.0 / shape.half_px
    across = np.linspace(-reach, reach, 49, dtype=np.float32)
    points = level[list(row[2:-2])]
    grid = np.stack(np.broadcast_arrays(points[:, None, 0], points[:, None, 1] + across), axis=-1).astype(np.float32)
    where = shape.to_picture(grid.reshape(-1, 2)).reshape(grid.shape)
    found = cv2.remap(luma, where[..., 0], where[..., 1], cv2.INTER_CUBIC)
    slope = np.abs(np.diff(found, axis=1)).max(axis=1) / (6.0 / 48)
    return float(np.median(np.ptp(found, axis=1) / np.maximum(slope, 1e-3)))


def noise(luma: Floats, points: Floats, shape: Shape) -> float:
    """Return the fine grain at the chin, where the jaw takes it."""
    x, y = points[list(CHIN)].mean(axis=0)
    reach = max(4, round(0.3 * shape.half_px))
    part = luma[max(0, int(y) - reach) : int(y) + reach, max(0, int(x) - reach) : int(x) + reach]
    return float(np.abs(part - cv2.GaussianBlur(part, (0, 0), 1.0)).mean())


def sharpness(luma: Floats | Image, shape: Shape) -> float:
    """Return the energy of the fine detail in the eyes."""
    (left, top), (right, bottom) = shape.points[list(LIDS)].min(axis=0) - 4, shape.points[list(LIDS)].max(axis=0) + 4
    part = luma[max(0, int(top)) : int(bottom), max(0, int(left)) : int(right)].astype(np.float32)
    return float(cv2.Laplacian(part, cv2.CV_32F).std())


if __name__ == "__main__":
    main()
