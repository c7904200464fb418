"""Draws ``drawn_mira.png``, a portrait of nobody: ``python -m lipsync_core.samples.draw_mira``.

Smooth closed curves through a few points, painted from back to front at four times the size. The left half of
a symmetric shape is given; the right half is its mirror image.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT, FINER = 768, 960, 4
MIDDLE = WIDTH / 2
MOUTH_BOX = (324, 548, 120, 56)
"""Where the lips are: x, y, width, height in pixels."""

TEAL, MINT = "#2f7f86", "#3f979b"
SKIN, SHADE, BLUSH = "#c98a63", "#ad6f4c", "#d9775f"
HAIR, SHINE = "#3a2430", "#573645"
SWEATER, RIB = "#f2b545", "#dc9a2d"
LIP, LOWER_LIP, SEAM = "#a8443f", "#c25c52", "#6e2629"
INK, WHITE = "#2b1c22", "#fff8ee"


def main() -> None:
    """Draw the portrait beside this file."""
    target = Path(__file__).with_name("drawn_mira.png")
    portrait().save(target, optimize=True)


def portrait() -> Image.Image:
    """The finished picture, RGB."""
    page = Image.new("RGB", (WIDTH * FINER, HEIGHT * FINER), TEAL)
    disc(page, (MIDDLE, 430), 345, 345, MINT)
    # hair behind the head
    both(page, [(384, 98), (262, 128), (174, 232), (150, 390), (140, 540), (172, 640), (262, 668), (384, 660)], HAIR)
    # shoulders and sweater, neck
    both(page, [(384, 742), (300, 748), (196, 782), (110, 838), (74, 920), (60, 1010), (384, 1010)], SWEATER)
    both(page, [(384, 560), (318, 580), (316, 690), (296, 748), (330, 790), (384, 806)], SHADE)
    both(page, [(384, 600), (330, 640), (326, 712), (306, 756), (340, 786), (384, 798)], SKIN)
    both(page, [(384, 640), (322, 612), (324, 672), (350, 700), (384, 706)], SHADE)
    line(page, [(292, 752), (318, 796), (384, 818), (450, 796), (476, 752)], 26, RIB)
    # ears, head
    for side in (-1, 1):
        disc(page, (MIDDLE + side * 172, 452), 28, 40, SHADE)
        disc(page, (MIDDLE + side * 174, 510), 10, 10, SWEATER)
    both(page, [(384, 205), (270, 225), (214, 330), (213, 440), (236, 545), (296, 632), (350, 662), (384, 666)], SKIN)
    for side in (-1, 1):
        glow(page, (MIDDLE + side * 108, 512), 44, 30, BLUSH, 120)
    # fringe
    shape(
        page,
        [(384, 150), (262, 170), (190, 280), (192, 420), (214, 452), (232, 372), (276, 312), (360, 282), (450, 246),
         (506, 296), (540, 380), (554, 452), (576, 420), (580, 290), (512, 172)],
        HAIR,
    )  # fmt: skip
    line(page, [(238, 292), (290, 232), (372, 204)], 9, SHINE)
    line(page, [(262, 306), (306, 258), (360, 236)], 6, SHINE)
    for side in (-1, 1):
        eye(page, MIDDLE + side * 80, 430, side)
    # nose, lips
    line(page, [(378, 452), (366, 500), (372, 512), (392, 514)], 6, SHADE)
    both(page, [(384, 563), (366, 553), (344, 562), (326, 574), (346, 580), (384, 582)], LIP)
    both(page, [(384, 578), (350, 578), (328, 575), (344, 594), (366, 604), (384, 605)], LOWER_LIP)
    line(page, [(322, 568), (348, 578), (384, 580), (420, 578), (446, 568)], 4.5, SEAM)
    line(page, [(366, 593), (384, 595), (402, 593)], 4, "#d98578")
    line(page, [(364, 622), (384, 627), (404, 622)], 5, SHADE)
    return page.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def eye(page: Image.Image, x: float, y: float, side: int) -> None:
    """An open eye with its brow; ``side`` is −1 for the left one of the picture."""
    almond = [(x - 40, y + 4), (x - 18, y - 20), (x + 14, y - 20), (x + 40, y + 2), (x + 14, y + 18), (x - 18, y + 18)]
    shape(page, almond, WHITE)
    disc(page, (x, y - 2), 19, 20, "#5a3a22")
    disc(page, (x, y - 2), 10, 11, INK)
    disc(page, (x + 6, y - 9), 5, 5, WHITE)
    line(page, [(x - 41, y + 4), (x - 20, y - 20), (x + 14, y - 22), (x + 41, y + 2)], 7, INK)
    line(page, [(x + side * 36, y - 8), (x + side * 50, y - 16)], 6, INK)
    line(page, [(x - side * 38, y - 46), (x, y - 60), (x + side * 44, y - 46)], 11, HAIR)


def smooth(points: Points, *, closed: bool) -> list[tuple[float, float]]:
    """A Catmull-Rom curve through the points, in fine pixels."""
    given = np.array(points, float)
    ends = (given[-1:], given[:2]) if closed else (given[:1], given[-1:])
    p = np.concatenate([ends[0], given, ends[1]])
    t = np.linspace(0, 1, 24)[:, None]
    pieces = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
    ]
    return [(float(x), float(y)) for x, y in np.concatenate(pieces) * FINER]


def shape(page: Image.Image, points: Points, colour: str) -> None:
    """A filled smooth shape."""
    ImageDraw.Draw(page).polygon(smooth(points, closed=True), fill=colour)


def both(page: Image.Image, left: Points, colour: str) -> None:
    """A shape that is its own mirror image; ``left`` runs from its top to its bottom."""
    right = [(2 * MIDDLE - x, y) for x, y in reversed(left) if x != MIDDLE]
    shape(page, [*left, *right], colour)


def line(page: Image.Image, points: Points, width: float, colour: str) -> None:
    """A smooth stroke with round ends."""
    draw, radius = ImageDraw.Draw(page), width * FINER / 2
    for x, y in smooth(points, closed=False):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    draw.line(smooth(points, closed=False), fill=colour, width=round(2 * radius), joint="curve")


def disc(page: Image.Image, centre: tuple[float, float], across: float, down: float, colour: str) -> None:
    """A filled ellipse with these half axes."""
    x, y = centre
    box = tuple(FINER * side for side in (x - across, y - down, x + across, y + down))
    ImageDraw.Draw(page).ellipse(box, fill=colour)


def glow(
    page: Image.Image, centre: tuple[float, float], across: float, down: float, colour: str, strength: int
) -> None:
    """A soft spot of colour."""
    mask = Image.new("L", page.size, 0)
    x, y = centre
    box = tuple(FINER * side for side in (x - across, y - down, x + across, y + down))
    ImageDraw.Draw(mask).ellipse(box, fill=strength)
    page.paste(colour, mask=mask.filter(ImageFilter.GaussianBlur(14 * FINER)))


if __name__ == "__main__":
    main()
