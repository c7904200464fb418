"""Two people in one picture: each moves with their own voice, and who listens keeps still lips."""

from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from lipsync_core import Brief, BriefError, JobState, Studio
from lipsync_core.decode import load_image, speech_blocks
from lipsync_core.draft.dialog import RATE, Listener, mix, placed, sides, two_mouths
from lipsync_core.draft.encode import FPS
from lipsync_core.draft.face import find_faces, mouth_of
from lipsync_core.draft.life import IdleMotion
from lipsync_core.draft.mesh import Seen, fit
from lipsync_core.draft.render import frame_size, render_dialog
from lipsync_core.draft.shape import INNER_LOWER, INNER_UPPER
from lipsync_core.draft.speech import MouthTrack, mouth_track
from lipsync_core.errors import RenderError
from lipsync_core.medium import box_around
from lipsync_core.samples import PAIRS, PORTRAITS, VOICES
from tests import corpus

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]

LEFT, RIGHT = VOICES[0].path, VOICES[1].path


@pytest.fixture(scope="module")
def pair() -> Image:
    return load_image(PAIRS[0].path)


def tone(path: Path, seconds: float, hertz: int, loud: float = 0.4) -> Path:
    """A steady tone in two channels."""
    sound = loud * np.sin(np.arange(round(seconds * RATE)) * (2 * np.pi * hertz / RATE))
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", ""))
        file.writeframes((np.repeat(sound[:, None], 2, axis=1) * 32_767).astype("<i2").tobytes())
    return path


def heard(path: Path) -> Floats:
    """The samples (n, 2) of a file."""
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    return samples.astype(np.float64) / 32_767


@pytest.mark.parametrize(
    ("order", "starts", "whole_s"),
    [("left_right", (0.0, 0.5), 0.8), ("right_left", (0.3, 0.0), 0.8), ("meanwhile", (0.0, 0.0), 0.5)],
)
def test_both_voices_are_in_the_sound_where_their_turn_is(
    order: str, starts: tuple[float, float], whole_s: float, tmp_path: Path
) -> None:
    left, right = tone(tmp_path / "left.wav", 0.5, 400), tone(tmp_path / "right.wav", 0.3, 3000)
    turns = mix(left, right, tmp_path / "out.wav", order)
    assert (turns.left_s, turns.right_s, turns.whole_s) == (*starts, whole_s)
    sound = heard(tmp_path / "out.wav")
    assert len(sound) == round(whole_s * RATE)
    for voice, start in ((left, starts[0]), (right, starts[1])):
        own = heard(voice)
        part = sound[round(start * RATE) :][: len(own)]
        other = 0.4 if order == "meanwhile" else 0.0
        assert np.abs(part - own).max() < other + 1e-3


def test_two_loud_voices_at_once_are_limited_and_do_not_wrap(tmp_path: Path) -> None:
    loud = tone(tmp_path / "loud.wav", 0.2, 300, loud=0.9)
    mix(loud, loud, tmp_path / "out.wav", "meanwhile")
    sound = heard(tmp_path / "out.wav")[:, 0]
    assert sound.max() == pytest.approx(1.0, abs=1e-3)
    assert np.abs(np.diff(sound)).max() < 0.2  # a sample that wraps jumps by 2


@pytest.fixture(scope="module")
def spoken(pair: Image, tmp_path_factory: pytest.TempPathFactory) -> list[Image]:
    """The frames of a dialog, left first."""
    out = tmp_path_factory.mktemp("dialog") / "video.mp4"
    done = render_dialog(
        image=pair,
        left=LEFT,
        right=RIGHT,
        order="left_right",
        out=out,
        resolution="480p",
        seed=3,
        on_progress=lambda *_: None,
    )
    assert not out.with_name("dialog.wav").exists()
    with av.open(str(out)) as container:
        frames = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(video=0)]
    assert len(frames) == done.frames
    assert frames[0].shape[1::-1] == (done.width, done.height) == frame_size(pair.shape[1], pair.shape[0], "480p")
    return frames


def tracks(count: int) -> tuple[MouthTrack, MouthTrack]:
    left, right = (mouth_track(speech_blocks(voice), fps=FPS) for voice in (LEFT, RIGHT))
    return placed(left, 0.0, count, FPS), placed(right, len(left.openness) / FPS, count, FPS)


def openings(frames: list[Image], person: int) -> Floats:
    """The gap between the inner lips in each frame, as the mesh sees it, in widths of the mouth."""
    face = sorted(find_faces(frames[0])[:2], key=lambda one: one.box[0])[person]
    left, top, side, _ = face.box
    gaps = []
    for frame in frames:
        points = fit(frame, Seen(left + side / 2, top + side / 2, 0.9 * side, 0.0)).points
        upper, lower = points[list(INNER_UPPER)], points[list(INNER_LOWER)]
        gaps.append(np.linalg.norm(lower - upper, axis=1).max() / np.linalg.norm(upper[-1] - upper[0]))
    return np.array(gaps)


def test_each_face_moves_with_its_own_voice(spoken: list[Image]) -> None:
    for person, track in enumerate(tracks(len(spoken))):
        seen = openings(spoken, person)
        assert np.corrcoef(seen, track.openness)[0, 1] >= 0.75


def test_who_listens_keeps_still_lips(spoken: list[Image]) -> None:
    turn = np.flatnonzero(tracks(len(spoken))[1].openness > 0)[0] - 3
    moved = np.abs(np.diff(np.array([frame.mean(axis=2) for frame in spoken]), axis=0))
    for person, speaks in enumerate((slice(10, turn - 15), slice(turn + 15, len(spoken) - 10))):
        mouth = mouth_of(sorted(find_faces(spoken[0])[:2], key=lambda one: one.box[0])[person])
        reach = mouth.width / 2
        box = np.s_[:, round(mouth.y - reach) : round(mouth.y + reach), round(mouth.x - reach) : round(mouth.x + reach)]
        listens = slice(turn + 15, len(spoken) - 10) if person == 0 else slice(10, turn - 15)
        assert moved[listens][box].mean() <= 0.15 * moved[speaks][box].mean()


def test_what_is_between_the_two_stays_as_it_was(spoken: list[Image], pair: Image) -> None:
    mouths = two_mouths(find_faces(spoken[0]))
    assert mouths is not None
    lefts, rights, middle = sides(spoken[0].shape[0], spoken[0].shape[1], *mouths)
    assert (lefts * rights).max() == 0
    assert lefts[:, middle - 1 : middle + 1].max() < 0.01
    assert rights[:, middle - 1 : middle + 1].max() < 0.01
    first = spoken[0][:, middle - 2 : middle + 2].astype(int)
    assert max(np.abs(frame[:, middle - 2 : middle + 2].astype(int) - first).mean() for frame in spoken) < 2.0


def test_who_listens_turns_to_who_speaks_and_back(spoken: list[Image]) -> None:
    count = len(spoken)
    left, right = tracks(count)
    still = IdleMotion(0, 2, FPS)  # of a clip too short to blink or sway
    listener = Listener(still, left, right, towards=1, fps=FPS)
    xs = [listener.sway(frame).x for frame in range(count)]
    turn = int(np.flatnonzero(right.openness > 0)[0])
    assert max(map(abs, xs[: turn - 40])) < 0.002
    assert max(xs[turn + 40 : count - 40]) == pytest.approx(0.014, abs=0.001)
    assert Listener(still, right, left, towards=-1, fps=FPS).sway(turn // 2).x == pytest.approx(-0.014, abs=0.001)
    assert max(np.abs(np.diff(xs))) < 0.003  # nothing jumps
    assert listener.sway(0).x == 0


def test_a_picture_of_one_person_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"Two faces are needed.*Mark the two mouths, or choose another"):
        render_dialog(
            image=load_image(PORTRAITS[0].path),
            left=LEFT,
            right=RIGHT,
            order="meanwhile",
            out=tmp_path / "out.mp4",
            resolution="480p",
            seed=1,
            on_progress=lambda *_: None,
        )
    assert not (tmp_path / "out.mp4").exists()


def test_where_no_face_is_found_two_boxes_move_the_lips_in_them_and_nothing_else(tmp_path: Path) -> None:
    flat = np.full((480, 640, 3), 208, np.uint8)
    for middle in (180, 460):
        flat[236:244, middle - 50 : middle + 50] = (150, 40, 40)  # lips of a cartoon: no face is seen
    out = tmp_path / "out.mp4"
    render_dialog(
        image=flat,
        left=tone(tmp_path / "left.wav", 0.6, 300),
        right=tone(tmp_path / "right.wav", 0.6, 300),
        order="meanwhile",
        out=out,
        resolution="480p",
        seed=1,
        on_progress=lambda *_: None,
        mouth_boxes=((130.0, 220.0, 100.0, 40.0), (410.0, 220.0, 100.0, 40.0)),
    )
    with av.open(str(out)) as container:
        frames = np.stack([frame.to_ndarray(format="gray") for frame in container.decode(video=0)]).astype(int)
    moved = np.abs(frames - frames[0]).max(axis=0)
    assert moved[230:260, 150:210].max() > 40
    assert moved[230:260, 430:490].max() > 40
    assert moved[:, 300:340].max() < 8
    assert moved[:120].max() < 8


def test_a_person_says_which_two_of_several_speak(pair: Image) -> None:
    faces = find_faces(pair)
    left, right = sorted((mouth_of(face) for face in faces[:2]), key=lambda mouth: mouth.x)
    boxes = [box_around(mouth.x, mouth.y, mouth.width) for mouth in (left, right)]
    marked = two_mouths(faces, (boxes[0], boxes[1]))
    assert marked is not None
    assert [mouth.face for mouth in marked] == [left.face, right.face]
    assert [mouth.score for mouth in marked] == [None, None]


def test_a_studio_renders_it_free_and_says_before_how_long_it_is(studio: Studio) -> None:
    brief = Brief(
        scene="dialog",
        engine="draft/dialog",
        image=PAIRS[0].path,
        left_audio=corpus.wav(seconds=1.0),
        right_audio=corpus.wav(seconds=0.4),
    )
    (quote,) = [one for one in studio.quotes(brief) if one.engine == "draft/dialog"]
    assert (quote.usd_micros, quote.issues) == (0, ())
    done = studio.wait(studio.submit(brief, by="ana").id, 120)
    assert (done.state, done.error) == (JobState.DONE, None)
    assert done.output is not None
    with av.open(str(done.output)) as container:
        assert len(list(container.decode(video=0))) == 35
        assert container.metadata["comment"] == "AI-generated"
    at_once = studio.wait(studio.submit(replace(brief, order="meanwhile"), by="ana").id, 120)
    assert at_once.output is not None
    with av.open(str(at_once.output)) as container:
        assert len(list(container.decode(video=0))) == 25
    with pytest.raises(BriefError, match="Add the right person’s voice"):
        studio.submit(replace(brief, right_audio=None), by="ana")


def written(**changes: Any) -> Brief:
    """A picture of two people who say a text each."""
    brief = Brief(
        scene="dialog",
        engine="draft/dialog",
        image=PAIRS[0].path,
        left_text="Bob and Mia built a cabin. It is small.",
        left_speaker="en-us",
        right_text="Das haben wir gebaut!",
        right_speaker="de+f2",
        order="right_left",
    )
    return replace(brief, **changes)


@pytest.mark.espeak
def test_two_people_say_a_text_each_in_turn_and_the_captions_name_who_speaks(studio: Studio) -> None:
    brief = written()
    (quote,) = [one for one in studio.quotes(brief) if one.engine == "draft/dialog"]
    assert (quote.usd_micros, quote.issues) == (0, ())
    assert quote.expected_s is not None
    done = studio.wait(studio.submit(brief, by="ana").id, 120)
    assert (done.state, done.error, done.title) == (JobState.DONE, None, "Das haben wir gebaut! Bob and Mia built")
    link = studio.desk().media.captions_link(done, "srt")
    assert link is not None
    found = studio.made_file(link.split("/")[-2])
    assert found is not None
    cues = [cue.split("\n", 2) for cue in found[0].read_text(encoding="utf-8").strip().split("\n\n")]
    assert [text for _number, _times, text in cues] == [
        "Right: Das haben wir gebaut!",
        "Left: Bob and Mia built a cabin.",
        "It is small.",
    ]
    assert [times for _number, times, _text in cues] == sorted(times for _number, times, _text in cues)
    assert done.output is not None
    with av.open(str(done.output)) as container:
        frames = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(video=0)]
    begins, ends = frames[: len(frames) // 5], frames[-len(frames) // 5 : -5]
    assert np.ptp(openings(begins, 1)) > 3 * np.ptp(openings(begins, 0)), "the right one begins"
    assert np.ptp(openings(ends, 0)) > 3 * np.ptp(openings(ends, 1)), "the left one ends"


@pytest.mark.espeak
@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"right_text": ""}, "right_text", "Write the right person’s text."),
        ({"left_speaker": None}, "left_speaker", "Choose who speaks the left person’s text."),
        ({"left_speaker": "xx"}, "left_speaker", "No left speaker “xx” is installed here. Choose another."),
        ({"right_text": "Привет"}, "right_text", "German, higher voice cannot speak Cyrillic letters."),
        ({"left_text": "…?!"}, "left_text", "There is nothing to speak in this text"),
        ({"left_text": "a" * 8_001}, "left_text", "takes up to 8,000 characters here; this has 8,001"),
        ({"left_text": "a" * 20_001}, "left_text", "Keep the left text to 20,000 characters"),
    ],
)
def test_what_cannot_be_spoken_is_said_beside_its_own_text(
    studio: Studio, changes: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(BriefError) as refused:
        studio.submit(written(**changes), by="ana")
    assert set(refused.value.fields) == {field}
    assert says in refused.value.fields[field]


@pytest.mark.espeak
def test_a_text_and_a_recording_together_are_refused(studio: Studio) -> None:
    with pytest.raises(BriefError, match="Choose one: Draft dialog takes"):
        studio.submit(written(right_audio=corpus.wav(seconds=0.5)), by="ana")
