"""What a person would notice about the media of a clip is said before it is paid for, one sentence each."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from lipsync_core import (
    ENGINES,
    TWO_MOUTHS,
    Brief,
    MediumFacts,
    MouthBox,
    MouthGuess,
    Qualifier,
    Studio,
    media_doubts,
)
from lipsync_core.pricing.assess import assess
from lipsync_core.samples import PORTRAITS
from tests import corpus

FACE = MediumFacts("a" * 64, "image", "face.png", ".png", "image/png", 9_000, 800, 600)
VOICE = MediumFacts("b" * 64, "audio", "voice.wav", ".wav", "audio/wav", 9_000, duration_s=6.4)
UNTOLD = "JoyPix Motion-2 does not say which one speaks. Crop the picture to one."
VIDEO = MediumFacts("c" * 64, "video", "take.mp4", ".mp4", "video/mp4", 9_000, 1280, 720, 8.3)


def seen(faces: int | None) -> MediumFacts:
    return replace(FACE, mouth=MouthGuess(400.0, 300.0, 60.0, found=bool(faces), sure=True, faces=faces))


@pytest.mark.parametrize(
    ("engine", "faces", "says"),
    [
        ("joypix/motion-2-dialog", 1, "We see only one face in this picture; two people speak."),
        ("joypix/motion-2-dialog", 0, "We see no face in this picture; two people speak."),
        ("joypix/motion-2-dialog", 2, None),
        (
            "joypix/motion-2",
            2,
            f"We see 2 faces; {UNTOLD}",
        ),
        ("draft/portrait", 2, "We see 2 faces; the largest one speaks. Adjust the mouth to choose another."),
        ("joypix/motion-2", 1, None),
        ("joypix/motion-2", 0, None),  # the draft engine asks for the mouth; a vendor may see more than we do
        ("joypix/motion-2", None, None),  # looked at before faces were counted
    ],
)
def test_a_face_too_few_or_too_many_is_said(engine: str, faces: int | None, says: str | None) -> None:
    found = media_doubts(ENGINES[engine], Brief(), {"image": seen(faces)})
    assert found == ([] if says is None else [("image", says)])


def test_whoever_placed_the_mouth_has_chosen_the_face() -> None:
    placed = Brief(mouth_box=(370.0, 288.0, 60.0, 24.0))
    assert media_doubts(ENGINES["draft/portrait"], placed, {"image": seen(2)}) == []


def test_of_several_faces_in_a_videos_first_picture_the_largest_speaks_until_a_person_chooses() -> None:
    video = replace(VIDEO, mouth=seen(3).mouth)
    words = "We see 3 faces in its first picture; the largest one speaks. Adjust the mouth to choose another."
    asked = Brief(scene="redub")
    assert media_doubts(ENGINES["draft/redub"], asked, {"video": video}) == [("video", words)]
    placed = replace(asked, mouth_box=(370.0, 288.0, 60.0, 24.0))
    assert media_doubts(ENGINES["draft/redub"], placed, {"video": video}) == []
    assert media_doubts(ENGINES["aimlapi/pixverse-lip-sync"], asked, {"video": video}) == []


@pytest.mark.parametrize(("width", "height", "is_small"), [(249, 187, True), (399, 900, True), (400, 400, False)])
def test_a_picture_too_small_for_a_video_is_said(width: int, height: int, is_small: bool) -> None:
    found = media_doubts(ENGINES["joypix/motion-2"], Brief(), {"image": replace(FACE, width=width, height=height)})
    words = f"Only {width} × {height} pixels: the video will look blurred."
    assert found == ([("image", words)] if is_small else [])


@pytest.mark.parametrize(
    ("engine", "voice_s", "field", "says"),
    [
        (
            "lipsync-studio/lipsync-video",
            9.3,
            "audio",
            "1.0 s longer than the video; lipsync.studio video makes",
        ),
        (
            "lipsync-studio/lipsync-video",
            6.4,
            "video",
            "The last 1.9 s of the video are left out: lipsync.studio",
        ),
        ("aimlapi/pixverse-lip-sync", 9.3, "audio", "PixVerse lip-sync does not say what it does with the rest."),
        ("aimlapi/pixverse-lip-sync", 6.4, "video", "The video is 1.9 s longer than the voice; PixVerse lip-sync does"),
        ("aimlapi/pixverse-lip-sync", 8.5, "", ""),
        ("draft/redub", 9.3, "audio", "1.0 s longer than the video, which then goes on backwards and forwards."),
        ("draft/redub", 6.4, "video", "The last 1.9 s of the video are left out: Draft re-dub"),
    ],
)
def test_what_happens_to_the_rest_of_a_voice_or_a_video(engine: str, voice_s: float, field: str, says: str) -> None:
    media = {"audio": replace(VOICE, duration_s=voice_s), "video": VIDEO}
    found = media_doubts(ENGINES[engine], Brief(scene="redub"), media)
    assert [name for name, _words in found] == ([field] if field else [])
    assert all(says in words for _name, words in found)


@pytest.mark.parametrize(
    ("faces", "boxes", "stops"),
    [
        (2, (None, None), ""),
        (0, (None, None), "No face was found in the picture: mark the two mouths yourself."),
        (1, (None, None), "Only one face was found in the picture: mark the two mouths yourself."),
        (0, ((100.0, 300.0, 60.0, 24.0), (400.0, 300.0, 60.0, 24.0)), ""),
        (2, ((100.0, 300.0, 60.0, 24.0), None), "Mark the mouths of both people."),
        (
            2,
            ((400.0, 300.0, 60.0, 24.0), (100.0, 300.0, 60.0, 24.0)),
            "The two mouths have to be beside each other, the left person’s further left: move them apart.",
        ),
    ],
)
def test_a_draft_of_two_people_needs_two_mouths_beside_each_other(
    studio: Studio, faces: int, boxes: tuple[MouthBox | None, MouthBox | None], stops: str
) -> None:
    asked = Brief(scene="dialog", left_mouth_box=boxes[0], right_mouth_box=boxes[1])
    media = {"image": seen(faces), "left_audio": VOICE, "right_audio": VOICE}
    quote = assess(ENGINES["draft/dialog"], asked, media, rates=studio.rates(), today=date(2026, 11, 28))
    found = [issue.message for issue in quote.issues if issue.stops and issue.field in TWO_MOUTHS]
    assert found == ([stops] if stops else [])


@pytest.mark.usefixtures("stocked")
def test_faces_are_counted_when_a_picture_is_kept_and_a_doubt_stops_nothing(studio: Studio) -> None:
    image = studio.desk().media.keep(PORTRAITS[0].path, "image", "face.jpg")
    assert image.mouth is not None
    assert image.mouth.faces == 1
    left, right = (studio.desk().media.keep(corpus.wav(seconds=s), "audio", f"{s}.wav") for s in (1.2, 0.8))
    kept = {"image": image, "left_audio": left, "right_audio": right}
    studio.desk("ana").briefs.change("brief-faces", scene="dialog", engine="joypix/motion-2-dialog", **kept)
    opened = studio.desk().briefs.open("brief-faces")
    assert opened is not None
    (quote,) = studio.quotes(opened.brief)
    words = "We see only one face in this picture; two people speak."
    assert ("image", words, False) in [(issue.field, issue.text, issue.stops) for issue in quote.issues]
    assert quote.qualifier is not Qualifier.UNKNOWN


def test_a_draft_of_a_very_large_video_says_how_large_it_will_be() -> None:
    media = {"video": replace(VIDEO, width=3840, height=2160)}
    assert media_doubts(ENGINES["draft/redub"], Brief(scene="redub"), media) == [
        ("video", "3840 × 2160: the draft’s longer side is 1,920 pixels.")
    ]
    assert media_doubts(ENGINES["lipsync-studio/lipsync-video"], Brief(scene="redub"), media) == []
