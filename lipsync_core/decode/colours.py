"""The colours of pictures as an ordinary screen shows them: sRGB, whatever screen or printer they were made for."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from lipsync_core.decode.tone import Tone, tone_of

_HEAD_BYTES = 65_536
_STRIP = 64
_ALIKE = 4
"""Of 255: profiles that differ less from sRGB show the same."""
_TRIED = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (128, 128, 128), (200, 150, 120), (40, 70, 60))


def to_srgb(image: Image.Image, profile: bytes | None, tone: Tone | None = None) -> Image.Image:
    """Return a picture of mode L, RGB, CMYK or LAB in sRGB. Its ``profile`` counts first, then its ``tone``."""
    source = _source(image, profile)
    if source is None:
        plain = image.convert("RGB")
        return plain if tone is None else _toned(plain, tone)
    try:
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except ImageCms.PyCMSError:
        # The profile is not for these channels and would only make the colours worse.
        return image.convert("RGB")
    return converted or image.convert("RGB")


def tone_noted(path: Path) -> Tone | None:
    """Return the tone that a file notes without a profile: in PNG's cICP, or in the ``colr`` box of AVIF and HEIC."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith(b"\x89PNG") and (at := head.find(b"cICP")) >= 0:
        codes = head[at + 4 : at + 6]
        return tone_of(codes[0], codes[1]) if len(codes) == 2 else None
    if head[4:8] == b"ftyp" and (at := head.find(b"colrnclx")) >= 0:
        box = head[at + 8 : at + 12]
        return tone_of(int.from_bytes(box[:2]), int.from_bytes(box[2:])) if len(box) == 4 else None
    return None


def are_wide(image: Image.Image, profile: bytes | None, tone: Tone | None) -> bool:
    """Whether programs that ignore profiles show other colours."""
    source = _source(image, profile)
    if source is None:
        return tone is not None
    if image.mode not in ("RGB", "L"):
        return False
    tried = Image.new("RGB", (len(_TRIED), 1))
    tried.putdata(_TRIED)
    given = tried.convert(image.mode)
    shown = np.asarray(to_srgb(given, profile), np.int16)
    return bool(np.abs(shown - np.asarray(given.convert("RGB"), np.int16)).max() > _ALIKE)


def _source(image: Image.Image, profile: bytes | None) -> ImageCms.ImageCmsProfile | None:
    if image.mode == "LAB":
        return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    try:
        return ImageCms.getOpenProfile(io.BytesIO(profile)) if profile else None
    except (OSError, ImageCms.PyCMSError):
        return None


def _toned(image: Image.Image, tone: Tone) -> Image.Image:
    """Return the picture with a tone's colours, made in strips: light takes many times the memory of pixels."""
    width, height = image.size
    made = Image.new("RGB", image.size)
    for top in range(0, height, _STRIP):
        strip: NDArray[np.uint8] = np.asarray(image.crop((0, top, width, min(top + _STRIP, height))))
        shown = tone.on_a_screen(strip / 255.0)
        made.paste(Image.fromarray(np.rint(shown * 255).astype(np.uint8)), (0, top))
    return made
