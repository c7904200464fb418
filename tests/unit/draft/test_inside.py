"""What sounds show between the lips: who hears them, who shows them, and that shut lips show nothing."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lipsync_core.decode import load_image
from lipsync_core.draft import nv12
from lipsync_core.draft.face import find_mouth
from lipsync_core.draft.inside import BETWEEN, Inside, fitting, inside_of, shown
from lipsync_core.draft.rig import Pose, Rig
from lipsync_core.draft.visemes import VISEMES, visemes_of
from lipsync_core.samples import PORTRAITS


@pytest.mark.parametrize(
    ("sounds", "seen"), [("fv", Inside.BITE), ("szʃ", Inside.HISS), ("lθdn", Inside.TONGUE), ("aupk", Inside.PLAIN)]
)
def test_each_sound_shows_what_is_seen_of_it(sounds: str, seen: Inside) -> None:
    certain = np.eye(len(VISEMES), dtype=np.float32)[[index for sound in sounds for index in visemes_of(sound)]]
    assert set(inside_of(certain).argmax(axis=1)) == {seen}


def test_shut_lips_show_nothing_and_nothing_flickers_for_one_frame() -> None:
    shares = np.zeros((8, 4), np.float32)
    shares[:, Inside.PLAIN] = 0.5
    shares[1, Inside.TONGUE] = 0.4
    shares[3:5, Inside.HISS] = 0.4
    shares[6:8, Inside.BITE] = 0.9
    openness = np.array([0.3] * 7 + [0.0], np.float32)
    assert shown(shares, openness).tolist() == [0, 0, 0, Inside.HISS, Inside.HISS, 0, Inside.BITE, 0]


@pytest.mark.parametrize("sample", ["grace_hopper.jpg", "drawn_mira.png"])
def test_teeth_bite_and_meet_where_a_plain_mouth_would_show_the_dark(sample: str) -> None:
    picture = load_image(PORTRAITS[0].path.with_name(sample))
    mouth = find_mouth(picture)
    assert mouth is not None
    rig = Rig(picture, mouth)

    def white(inside: Inside) -> float:
        """Return the lightness between the lips, where it is lightest in each column, of 255."""
        frame = nv12.to_rgb(rig.draw(Pose(0.22, 0.1, inside=inside)))
        across, down = round(0.2 * mouth.width), round(0.14 * mouth.width)
        x, y = round(mouth.x), round(mouth.y)
        part = cv2.blur(frame[y - down // 3 : y + down, x - across : x + across].min(axis=2), (3, 3))
        return float(part.max(axis=0).mean())

    plain = white(Inside.PLAIN)
    assert white(Inside.BITE) > plain + 20
    assert white(Inside.HISS) > plain + 10


def test_the_tongue_rises_behind_the_teeth() -> None:
    picture = load_image(PORTRAITS[0].path.with_name("grace_hopper.jpg"))
    mouth = find_mouth(picture)
    assert mouth is not None
    rig = Rig(picture, mouth)
    plain, raised = (
        nv12.to_rgb(rig.draw(Pose(0.6, 0.0, inside=inside))).astype(np.int16)
        for inside in (Inside.PLAIN, Inside.TONGUE)
    )
    x, y, reach = round(mouth.x), round(mouth.y), round(0.12 * mouth.width)
    below_teeth = np.s_[y : y + 2 * reach, x - reach // 2 : x + reach // 2]
    redder = [(part[..., 0] - part[..., 1])[below_teeth].mean() for part in (plain, raised)]
    assert redder[1] > redder[0] + 5


def test_a_mouth_opens_as_far_as_what_it_shows_needs() -> None:
    for inside, (least, most) in BETWEEN.items():
        assert fitting(0.0, inside) == least
        assert fitting(1.0, inside) == most
    assert fitting(0.7, Inside.PLAIN) == 0.7
