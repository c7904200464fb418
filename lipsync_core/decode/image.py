"""People's pictures: facts about them, and their pixels as plain upright sRGB.

Facts about Pillow come from its documentation (https://pillow.readthedocs.io).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from lipsync_core.decode.colours import are_wide, to_srgb, tone_noted
from lipsync_core.decode.container import THREADS
from lipsync_core.decode.sniff import FileFamily, Look, look_at, shown
from lipsync_core.errors import MediaError

MAX_PIXELS = 50_000_000
MIN_SIDE = 64
"""Pixels. In a smaller picture, a face is about a dozen pixels wide: too few to animate."""

_STRIP = 256
_QUALITIES = (95, 90, 85)
_FINE = 90
"""Above this quality, colour is stored at the full resolution."""
_CHOOSE = "Choose a JPEG, PNG or WebP picture."
_FORMATS = {
    "PNG": ("image/png", ".png"),
    "JPEG": ("image/jpeg", ".jpg"),
    "WEBP": ("image/webp", ".webp"),
    "GIF": ("image/gif", ".gif"),
    "BMP": ("image/bmp", ".bmp"),
    "TIFF": ("image/tiff", ".tif"),
    "AVIF": ("image/avif", ".avif"),
    "HEIF": ("image/heic", ".heic"),
}
EXTENSIONS = tuple(extension for _mime, extension in _FORMATS.values())

# The operation that makes a picture upright, by EXIF orientation; from 5 on, it is on its side (Exif 2.32, tag 274).
_ORIENTATION_TAG = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """A picture that can be used. ``width`` and ``height`` in pixels, upright (after EXIF rotation)."""

    width: int
    height: int
    format: str
    mime: str
    extension: str
    unlike: str = ""
    """Completes “This picture …” if programs that read it carelessly would see something else."""


def image_facts(path: Path, *, name: str | None = None) -> ImageFacts:
    """Decode the picture at ``path`` completely and return facts about it.

    ``name`` is the person's name for the file. Raises `MediaError`.
    """
    with _decoded(path, name or path.name) as image:
        width, height = reversed(image.size) if _orientation(image) >= 5 else image.size
        # MPO is a JPEG followed by more pictures, as some phones write it.
        label = "JPEG" if image.format == "MPO" else image.format or ""
        unlike = _unlike(path, image)
    return ImageFacts(width, height, label, *_FORMATS[label], unlike)


def load_image(path: Path, *, name: str | None = None) -> NDArray[np.uint8]:
    """Return the pixels of the first frame as ``(height, width, 3)`` sRGB, upright; transparency becomes white.

    ``name`` is the person's name for the file. Raises `MediaError`.
    """
    with _decoded(path, name or path.name) as image:
        profile = image.info.get("icc_profile")
        opaque = _on_white(_eight_bit(image))
        upright = _TURNS.get(_orientation(image))
        plain = to_srgb(opaque, profile, tone_noted(path))
        return _pixels(plain if upright is None else plain.transpose(upright))


def write_jpeg(path: Path, out: Path, *, most_bytes: int = 0, name: str | None = None) -> None:
    """Write the picture, as read by `load_image`, as a JPEG of up to ``most_bytes`` (0: any). Raises `MediaError`."""
    picture = Image.fromarray(load_image(path, name=name))
    for quality in _QUALITIES:
        picture.save(out, "JPEG", quality=quality, subsampling=0 if quality > _FINE else 2, optimize=True)
        if not most_bytes or out.stat().st_size <= most_bytes:
            return
    while out.stat().st_size > most_bytes and min(picture.size) > MIN_SIDE:
        picture = picture.resize((picture.width * 3 // 4, picture.height * 3 // 4), Image.Resampling.LANCZOS)
        picture.save(out, "JPEG", quality=_FINE)


def _unlike(path: Path, image: Image.Image) -> str:
    if image.format == "HEIF":
        return "is a HEIC photo, which few programs can read"
    if image.mode in ("CMYK", "LAB"):
        return "has colours for print"
    if _orientation(image) != 1:
        return "is stored turned"
    if image.has_transparency_data and np.asarray(image.convert("RGBA").getchannel("A")).min() < 255:
        return "has transparent parts"
    wide = image.mode in ("RGB", "L") and are_wide(image, image.info.get("icc_profile"), tone_noted(path))
    return "has the colours of a wider gamut" if wide else ""


@contextmanager
def _decoded(path: Path, name: str) -> Iterator[Image.Image]:
    """Yield the picture with its first frame decoded; all errors inside the block become errors of the file."""
    look = look_at(path)
    try:
        with path.open("rb") as file, _opened(file, name, look) as image:
            _refuse_size(image.size, name)
            image.load()
            yield image
    except MediaError:
        raise
    except MemoryError as error:
        raise MediaError(
            "Picture too large", f"{shown(name)} needs more memory than is available. Save a smaller copy."
        ) from error
    except Exception as error:  # decoders of hostile bytes raise nearly anything: struct.error, KeyError, …
        raise _damaged(name, error) from error


def _opened(file: io.BufferedReader, name: str, look: Look) -> Image.Image:
    # Pillow would warn, then refuse, at limits of its own, without naming the size.
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    is_heic = look.kind is FileFamily.HEIC
    if is_heic:
        _read_heic_too()
    try:
        return Image.open(file, formats=("HEIF",) if is_heic else tuple(name for name in _FORMATS if name != "HEIF"))
    except UnidentifiedImageError as error:
        raise _not_a_picture(name, look) from error
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _read_heic_too() -> None:
    """Teach Pillow HEIC. Loaded only for such files: every worker looks at one."""
    import pi_heif

    pi_heif.options.DECODE_THREADS = THREADS
    pi_heif.register_heif_opener()


def _refuse_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise MediaError(
            "Picture too large",
            f"{shown(name)} is {width:,} × {height:,} pixels. Save a copy of at most "
            f"{MAX_PIXELS // 1_000_000} million pixels; a portrait needs no more than 4,000 × 4,000.",
        )
    if min(size) < MIN_SIDE:
        raise MediaError(
            "Picture too small",
            f"{shown(name)} is {width} × {height} pixels. Choose one that is at least {MIN_SIDE} pixels wide "
            "and high; 512 or more looks much better.",
        )


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    """Return the pixels of an RGB picture, copied in strips: at once, Pillow would hold them three times."""
    width, height = image.size
    pixels = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _STRIP):
        bottom = min(top + _STRIP, height)
        pixels[top:bottom] = np.asarray(image.crop((0, top, width, bottom)))
    return pixels


def _orientation(image: Image.Image) -> int:
    value = image.getexif().get(_ORIENTATION_TAG)
    return value if value in _TURNS else 1


def _eight_bit(image: Image.Image) -> Image.Image:
    """Scale deeper greys down to 8 bits; `Image.convert` would clip them."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image).astype(np.uint32) // 257).astype(np.uint8))
    if image.mode in ("I", "F"):  # no declared range: its lightest pixel becomes white
        values = np.nan_to_num(np.asarray(image, dtype=np.float64)).clip(0, None)
        return Image.fromarray(np.rint(values / max(values.max(), 1e-9) * 255).astype(np.uint8))
    return image


def _on_white(image: Image.Image) -> Image.Image:
    """Return the picture without transparency or palette, in mode L, RGB, CMYK or LAB."""
    if image.has_transparency_data:
        layer = image if image.mode in ("RGBA", "LA") else image.convert("RGBA")
        white = Image.new("L" if layer.mode == "LA" else "RGB", layer.size, "white")
        white.paste(layer.convert(white.mode), mask=layer.getchannel("A"))
        return white
    if image.mode in ("L", "RGB", "CMYK", "LAB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _not_a_picture(name: str, look: Look) -> MediaError:
    file = shown(name)
    match look.kind:
        case FileFamily.EMPTY:
            return MediaError("Empty file", f"{file} is empty. {_CHOOSE}")
        case FileFamily.SVG:
            return MediaError("SVG drawings cannot be used", f"Export {file} as PNG and choose that.")
        case FileFamily.HEIC:
            return _damaged(name, OSError())
        case FileFamily.JXL:
            return MediaError("JPEG XL pictures cannot be read here", f"Export {file} as JPEG or PNG and choose that.")
        case FileFamily.PICTURE:
            return MediaError(
                "Picture cannot be read",
                f"{file} is {look.phrase}, damaged or of an unsupported type. Save it as PNG or JPEG.",
            )
        case _:
            return MediaError("Not a picture", f"{file} is {look.phrase}. {_CHOOSE}")


def _damaged(name: str, error: Exception) -> MediaError:
    if isinstance(error, EOFError) or "truncated" in str(error).lower():
        advice = f"{shown(name)} ends before the picture is complete. Download or export it again."
    else:
        advice = f"{shown(name)} cannot be decoded. Open it in a picture editor and save it again as PNG."
    return MediaError("Damaged picture", advice)
