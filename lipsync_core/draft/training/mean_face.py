"""Make ``mean_face.npz``: ``python -m lipsync_core.draft.training.mean_face``.

The mean mesh of the sample portraits and of their mirror images, level, with 1 between the outer corners of the eyes,
and the triangles between its points, of which none joins one lip to the other. It is a figure, not a model: it stands
in where a person placed a mouth and no face is found, and its triangles are those of every mesh.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.decode import load_image
from lipsync_core.draft.mesh import EYE_CORNERS, detect, fit
from lipsync_core.draft.shape import LOWER_LIP, UPPER_LIP
from lipsync_core.samples import PORTRAITS

Floats = NDArray[np.float32]

OUT = Path(__file__).parents[1] / "mean_face.npz"


def mean_points() -> Floats:
    """Return the mean mesh (468, 2) of the samples, the middle between the eyes at 0."""
    found = []
    for portrait in PORTRAITS:
        picture = load_image(portrait.path)
        for one in (picture, np.ascontiguousarray(picture[:, ::-1])):
            points = fit(one, detect(one)[0]).points
            left, right = (points[corner] for corner in EYE_CORNERS)
            cos, sin = (right - left) / np.hypot(*(right - left))
            level = (points - (left + right) / 2) @ np.array([[cos, -sin], [sin, cos]])
            found.append(level / np.hypot(*(right - left)))
    return np.asarray(np.mean(found, axis=0), np.float32)


def triangles(points: Floats) -> NDArray[np.int16]:
    """Return the triangles (n, 3) between the points, clockwise in the picture: strips in the lips, else Delaunay's."""
    lips = [index for row in (*UPPER_LIP[1:], *LOWER_LIP[1:]) for index in row]
    others = np.setdiff1d(np.arange(len(points)), lips)
    scaled = (points[others] - points.min(axis=0)) * 1000 + 10
    plane = cv2.Subdiv2D((0, 0, int(scaled[:, 0].max()) + 20, int(scaled[:, 1].max()) + 20))
    for x, y in scaled:
        plane.insert((float(x), float(y)))
    corners = np.asarray(plane.getTriangleList(), np.float32).reshape(-1, 3, 2)
    corners = corners[((corners > 0) & (corners < scaled.max(axis=0) + 1)).all(axis=(1, 2))]
    index = others[np.linalg.norm(corners[:, :, None] - scaled[None, None], axis=3).argmin(axis=2)]
    index = index[~np.isin(index, (*UPPER_LIP[0], *LOWER_LIP[0])).all(axis=1)]
    strips = [
        triangle
        for rows in (UPPER_LIP, LOWER_LIP)
        for one, two in pairwise(rows)
        for (a, b), (c, d) in zip(pairwise(one), pairwise(two), strict=True)
        for triangle in ((a, b, c), (c, b, d))
    ]
    index = np.concatenate([index, strips])
    first, second, third = (points[index[:, corner]] for corner in range(3))
    one, two = second - first, third - first
    turned = one[:, 0] * two[:, 1] < one[:, 1] * two[:, 0]
    index[turned] = index[turned][:, ::-1]
    return index.astype(np.int16)


if __name__ == "__main__":
    mean = mean_points()
    np.savez_compressed(OUT, points=mean, triangles=triangles(mean))
