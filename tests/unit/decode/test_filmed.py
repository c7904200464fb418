"""A video is as large and as long, and looks and sounds, as a good player shows it; and so does what is made of it."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from lipsync_core.decode import check_video, cut_video, first_picture, speech_blocks, voice_facts
from lipsync_core.errors import MediaError
from lipsync_core.sandbox.film import film as sandbox_film
from tests import corpus
from tests.filmed import FILMS, FPS, RATE, SECONDS, Film, filmed, save, written

Picture = NDArray[np.uint8]


def quarters(picture: Picture) -> list[list[int]]:
    """The colours in the middle of each quarter, row by row."""
    height, width, _ = picture.shape
    return [picture[y, x].tolist() for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]


def decoded(path: Path) -> Picture:
    """The tenth picture of an MP4 that we made, with no more help than FFmpeg's own."""
    with av.open(str(path)) as container:
        picture = next(frame for number, frame in enumerate(container.decode(video=0)) if number == 10)
        return np.asarray(picture.to_ndarray(format="rgb24"), np.uint8)


def loudness(path: Path) -> float:
    return float(np.sqrt(np.mean(np.square(np.concatenate(list(speech_blocks(path)))))))


@pytest.mark.parametrize("name", FILMS)
def test_what_a_camera_wrote_is_shown_cut_and_heard_as_it_is_played(name: str, tmp_path: Path) -> None:
    film, path, part = FILMS[name], save(tmp_path, name), tmp_path / "part.mp4"
    facts = check_video(path)
    assert (facts.width, facts.height, facts.mime) == (*film.size, film.mime)
    assert facts.duration_s == pytest.approx(SECONDS, abs=0.03)
    assert facts.fps == pytest.approx(FPS, rel=0.02)
    preview = first_picture(path)
    assert preview.shape == (film.size[1], film.size[0], 3)
    assert np.abs(np.subtract(quarters(preview), film.colours)).max() <= 8
    assert voice_facts(path).duration_s == pytest.approx(SECONDS, abs=0.06)

    cut_video(path, part, start_s=0.4, end_s=1.4)
    made = check_video(part)
    assert (made.width, made.height) == tuple(round(side / 2) * 2 for side in film.size)
    assert made.duration_s == pytest.approx(1.0, abs=0.05)
    assert np.abs(np.subtract(quarters(decoded(part)), film.colours)).max() <= 8
    assert loudness(part) == pytest.approx(0.3 / np.sqrt(2), rel=0.1)


def test_a_preview_is_no_larger_than_it_is_asked_to_be(tmp_path: Path) -> None:
    path = save(tmp_path, "wide pixels, held upright")
    assert first_picture(path, most_side=71).shape == (71, 40, 3)


def test_the_sandbox_films_the_video_that_a_player_shows(tmp_path: Path) -> None:
    path, out = save(tmp_path, "a phone held upright"), tmp_path / "out.mp4"
    sandbox_film(
        out,
        picture=None,
        video=path,
        voices=[],
        hum_s=0.6,
        overlap=False,
        right_first=False,
        resolution="480p",
        aspect="",
    )
    facts = check_video(out)
    assert facts.width < facts.height
    assert np.abs(np.subtract(quarters(decoded(out)), FILMS["a phone held upright"].colours)).max() <= 8


# Combs


def test_an_interlaced_video_shows_no_combs(tmp_path: Path) -> None:
    rows = np.arange(120)[:, np.newaxis]
    pictures = []
    for number in range(25):
        # Each half picture shows the bar where it is at its own instant: rows 1, 3, 5 … a fiftieth of a second later.
        left = 4 * number + 2 * (rows % 2)
        bar = (np.arange(160)[np.newaxis] - left) % 160 < 40
        pictures.append(av.VideoFrame.from_ndarray(np.where(bar, 220, 30).astype(np.uint8), format="gray"))
    film = Film(options={"x264-params": "tff=1", "flags": "+ildct+ilme", "crf": "10"})
    path, part = tmp_path / "film", tmp_path / "part.mp4"
    path.write_bytes(written(film, [one.reformat(format="yuv420p") for one in pictures], corpus.tone(1.0, RATE)))
    cut_video(path, part)
    for picture in (decoded(part), first_picture(part)):
        lines = picture[20:100, :, 1].astype(int)
        combs = np.abs(lines[1:-1] - (lines[:-2] + lines[2:]) / 2)
        assert combs.mean() < 2  # 7 with combs
    with av.open(str(part)) as container:
        assert not next(container.decode(video=0)).interlaced_frame


# Colours


def grey(level: float) -> av.VideoFrame:
    """A 10-bit picture of one grey, from 0 to 1."""
    planes = np.full((180, 160), 512, np.uint16)
    planes[:120] = round(64 + 876 * level)
    return av.VideoFrame.from_ndarray(planes, format="yuv420p10le")


@pytest.mark.parametrize(
    ("transfer", "level", "shown"),
    [
        # PQ of 0, 26, 100, 203 and 1,000 nits (ST 2084); HLG of a grey card and of white (BT.2408, table 1).
        pytest.param(16, 0.0, 0, id="PQ: black"),
        pytest.param(16, 0.3733, 108, id="PQ: a grey card"),
        pytest.param(16, 0.5081, 190, id="PQ: 100 nits"),
        pytest.param(16, 0.5807, 231, id="PQ: paper"),
        pytest.param(16, 0.7518, 255, id="PQ: a highlight"),
        pytest.param(18, 0.38, 108, id="HLG: a grey card"),
        pytest.param(18, 0.75, 231, id="HLG: paper"),
        pytest.param(18, 1.0, 255, id="HLG: a highlight"),
    ],
)
def test_an_hdr_video_is_neither_grey_nor_glaring(transfer: int, level: float, shown: int, tmp_path: Path) -> None:
    codes = {"color_primaries": 9, "color_trc": transfer, "colorspace": 9, "color_range": 1}
    film = Film("mpegts", "libx265", "yuv420p10le", codes=codes, options={"x265-params": "log-level=none"})
    path, part = tmp_path / "film", tmp_path / "part.mp4"
    path.write_bytes(written(film, [grey(level)] * 12, corpus.tone(0.5, RATE)))
    cut_video(path, part)
    for picture in (first_picture(path), decoded(part)):
        assert np.abs(picture[60, 80].astype(int) - shown).max() <= 5
    assert tags(part) == (1, 1, 1, 1)


def test_a_wide_gamut_s_red_is_as_red_as_a_screen_can_show(tmp_path: Path) -> None:
    codes = {"color_primaries": 12, "color_trc": 1, "colorspace": 1, "color_range": 1}
    given = av.VideoFrame.from_ndarray(
        np.full((120, 160, 3), (234, 51, 35), np.uint8), format="rgb24"
    )  # BT.709’s, in P3
    frames = [given.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")] * 12
    path, part = tmp_path / "film", tmp_path / "part.mp4"
    path.write_bytes(written(Film(codes=codes), frames, corpus.tone(0.5, RATE)))
    cut_video(path, part)
    red, green, blue = decoded(part)[60, 80].tolist()
    assert red >= 248
    assert max(green, blue) <= 20  # unconverted 51 and 35
    assert tags(part) == (1, 1, 1, 1)


def tags(path: Path) -> tuple[int, int, int, int]:
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        return context.color_primaries, context.color_trc, context.colorspace, context.color_range


@pytest.mark.parametrize(("size", "matrix"), [((160, 120), 6), ((1280, 720), 1)])
def test_what_is_made_says_which_colours_it_has(size: tuple[int, int], matrix: int, tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(filmed(replace(FILMS["an MP4 with an edit list"], stored=size)))
    cut_video(tmp_path / "film", tmp_path / "part.mp4", end_s=0.2)
    assert tags(tmp_path / "part.mp4") == (2, 2, matrix, 1)


# What is not the file's fault


def test_no_more_threads_encode_than_memory_is_for_whatever_the_computer_has(tmp_path: Path) -> None:
    cut_video(save(tmp_path, "an MP4 with an edit list"), tmp_path / "part.mp4")
    found = re.search(rb"threads=(\d+)", (tmp_path / "part.mp4").read_bytes())  # x264 notes its settings
    assert found is not None
    assert int(found[1]) <= 2


def test_pixels_of_an_absurd_shape_are_taken_for_square(tmp_path: Path) -> None:
    path = tmp_path / "film"
    path.write_bytes(filmed(Film(aspect=Fraction(200, 1))))
    assert (check_video(path).width, check_video(path).height) == (160, 120)


def test_a_still_scene_of_changing_speed_keeps_its_times(tmp_path: Path) -> None:
    times: list[Any] = [0, 40, 500, 520, 1400]
    with av.open(str(tmp_path / "film"), "w", format="matroska") as container:
        moving = container.add_stream("libx264", rate=FPS)
        moving.width, moving.height, moving.pix_fmt = 160, 120, "yuv420p"
        moving.codec_context.time_base = Fraction(1, 1000)
        picture = av.VideoFrame.from_ndarray(np.asarray(corpus.quarters(160, 120)), format="rgb24")
        for at in times:
            picture.pts, picture.time_base = at, Fraction(1, 1000)
            container.mux(moving.encode(picture.reformat(format="yuv420p")))
        container.mux(moving.encode())
    cut_video(tmp_path / "film", tmp_path / "part.mp4", start_s=0.45)
    with av.open(str(tmp_path / "part.mp4")) as container:
        assert [round(1000 * frame.time) for frame in container.decode(video=0)] == [0, 460, 480, 1360]


def test_recordings_put_one_behind_the_other_are_refused_with_what_to_do(tmp_path: Path) -> None:
    part = filmed(Film("mpegts", starts_s=10.0, mime="video/mp2t"))
    (tmp_path / "joined.ts").write_bytes(part + part)
    with pytest.raises(MediaError, match=r"“joined\.ts” starts anew after 2 s.*export an MP4") as refused:
        check_video(tmp_path / "joined.ts")
    assert refused.value.title == "Several videos in one file"


def test_colours_that_only_dolby_vision_can_show_are_refused_before_they_are_paid_for(tmp_path: Path) -> None:
    plain = filmed(Film())
    assert plain.count(b"avc1") >= 1
    (tmp_path / "phone.mp4").write_bytes(plain.replace(b"avc1", b"dva1"))
    with pytest.raises(MediaError, match="Export it with ordinary colours") as refused:
        check_video(tmp_path / "phone.mp4")
    assert refused.value.title == "Colours of Dolby Vision only"
    told = filmed(Film(codes={"color_primaries": 1, "color_trc": 1, "colorspace": 1}))
    (tmp_path / "phone.mp4").write_bytes(told.replace(b"avc1", b"dva1"))
    assert check_video(tmp_path / "phone.mp4").unlike == ""


@pytest.mark.parametrize("format", ["matroska", "mpegts", "mp4"])
def test_after_a_pause_in_a_sound_track_a_cut_still_fits_its_pictures(format: str, tmp_path: Path) -> None:
    """The track has no packets from 0.8 to 1.2 s; the cut begins at 0.4 s."""
    path, part = tmp_path / "film", tmp_path / "part.mp4"
    path.write_bytes(filmed(Film(format), pause_s=(0.8, 1.2)))
    cut_video(path, part, start_s=0.4, end_s=1.8)
    heard = np.abs(np.concatenate(list(speech_blocks(part))))
    assert voice_facts(part).duration_s == pytest.approx(1.4, abs=0.05)
    tenths = [float(one.max()) for one in np.array_split(heard, 14)]
    assert max(tenths[5:7]) < 0.05
    assert min([*tenths[:3], *tenths[9:13]]) > 0.2
