"""What the mouth does when it hears speech, silence and everything else."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lipsync_core.draft.spectrum import SAMPLE_RATE
from lipsync_core.draft.speech import MouthCurve, MouthTrack, mouth_track, to_frames
from lipsync_core.draft.synthesis import Speech, speak
from lipsync_core.draft.training.flite import speak_recorded
from lipsync_core.draft.training.sound import resample
from lipsync_core.draft.visemes import Phone, mouth_truth

Samples = NDArray[np.float32]


def syllables(seconds: float = 2.0, level: float = 0.3) -> Samples:
    """A buzz of 120 Hz that swells four times a second: enough like a voice to open a mouth."""
    time_s = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    buzz = sum(np.sin(2 * np.pi * 120 * k * time_s) / k for k in range(1, 30))
    swell = np.clip(np.sin(2 * np.pi * 4 * time_s), 0.0, 1.0)
    return (level * buzz * swell / 2).astype(np.float32)


def spoken(text: str, voice: str = "en-us+f5") -> tuple[Samples, Speech]:
    speech = speak(text, voice)
    return resample(speech.samples, speech.rate, SAMPLE_RATE), speech


def frames_of(track: MouthTrack, phone: Phone) -> slice:
    first = min(round(phone.start_s * 25), track.openness.size - 1)
    return slice(first, max(first + 1, round(phone.end_s * 25)))


def assert_drawable(track: MouthTrack, n_frames: int) -> None:
    for curve, lowest in ((track.openness, 0.0), (track.width, -1.0)):
        assert curve.shape == (n_frames,)
        assert curve.dtype == np.float32
        assert np.isfinite(curve).all()
        assert curve.min() >= lowest
        assert curve.max() <= 1.0


@pytest.mark.parametrize(
    ("n_samples", "fps", "n_frames"),
    [(0, 25, 1), (1, 25, 1), (320, 25, 1), (16_000, 25, 25), (16_321, 25, 26), (16_000, 30, 30), (40_000, 60, 150)],
)
def test_a_clip_of_any_length_gives_one_value_per_frame(n_samples: int, fps: int, n_frames: int) -> None:
    assert_drawable(mouth_track([syllables(3.0)[:n_samples]], fps=fps), n_frames)


def test_no_sound_at_all_is_one_closed_frame() -> None:
    track = mouth_track([])
    assert track.openness.tolist() == [0.0]
    assert track.width.tolist() == [0.0]


@pytest.mark.parametrize("offset", [0.0, 0.25])
def test_silence_keeps_the_mouth_closed(offset: float) -> None:
    track = mouth_track([np.full(3 * SAMPLE_RATE, offset, np.float32)])
    assert not track.openness.any()
    assert not track.width.any()


def test_a_steady_hiss_keeps_the_mouth_closed() -> None:
    hiss = np.random.default_rng(1).standard_normal(3 * SAMPLE_RATE).astype(np.float32) * np.float32(0.02)
    assert mouth_track([hiss]).openness.mean() < 0.1


def test_the_size_of_the_blocks_changes_nothing() -> None:
    samples = syllables()
    whole = mouth_track([samples])
    for size in (1_000, 7, 16_001):
        pieces = mouth_track(samples[start : start + size] for start in range(0, samples.size, size))
        np.testing.assert_allclose(pieces.openness, whole.openness, atol=1e-4)
        np.testing.assert_allclose(pieces.width, whole.width, atol=1e-4)


def test_the_same_sound_gives_the_same_track() -> None:
    first, second = mouth_track([syllables()]), mouth_track([syllables()])
    assert first.openness.tobytes() == second.openness.tobytes()
    assert first.width.tobytes() == second.width.tobytes()


def test_a_broken_recording_still_gives_a_track_that_can_be_drawn() -> None:
    samples = syllables()
    samples[5_000:5_400] = np.nan
    samples[9_000] = np.inf
    assert_drawable(mouth_track([samples]), 50)


@pytest.mark.parametrize("gain", [0.01, 30.0])
def test_a_very_quiet_or_clipped_voice_still_moves_the_mouth(gain: float) -> None:
    track = mouth_track([np.clip(syllables() * np.float32(gain), -1.0, 1.0)])
    assert_drawable(track, 50)
    assert np.ptp(track.openness) > 0.2


def test_the_truth_shuts_the_lips_for_an_m_and_opens_them_for_an_ah() -> None:
    truth = mouth_truth([Phone("m", 0.0, 0.1), Phone("ɑː", 0.1, 0.3), Phone("p", 0.3, 0.4)], 60)
    assert not truth.openness[:10].any()
    assert truth.openness[18:24].min() > 0.9
    assert not truth.openness[30:37].any()
    assert truth.openness[38:40].min() > 0.0
    assert truth.openness[50:].max() < 0.01


def test_the_truth_of_a_diphthong_goes_from_its_first_vowel_to_its_second() -> None:
    truth = mouth_truth([Phone("aɪ", 0.0, 0.4)], 40)
    assert truth.openness[5] > truth.openness[34]
    assert truth.width[5] < truth.width[34]


def lips_that_close(openness: float, probability: float, points: slice) -> MouthTrack:
    """Two seconds of an equally open mouth, whose lips close at these points with this probability."""
    shut = np.zeros(200, np.float32)
    shut[points] = probability
    level = np.full(200, openness, np.float32)
    return to_frames(MouthCurve(level, np.zeros_like(level), shut, np.zeros_like(level)), 50, 25)


@pytest.mark.parametrize("first", [98, 99, 100, 101])
def test_lips_that_close_for_less_than_a_frame_are_shown_closed_in_one(first: int) -> None:
    openness = lips_that_close(0.4, 0.9, slice(first, first + 3)).openness
    assert (openness == 0.0).sum() == 1
    assert openness[24:26].min() == 0.0


def test_lips_that_close_for_three_frames_are_shown_closed_in_all_of_them() -> None:
    openness = lips_that_close(0.2, 0.9, slice(100, 112)).openness
    assert np.flatnonzero(openness == 0.0).tolist() == [25, 26, 27]


def test_a_doubtful_closing_closes_a_narrow_mouth_and_no_open_one() -> None:
    narrow, wide = (lips_that_close(openness, 0.5, slice(100, 104)).openness for openness in (0.2, 0.7))
    assert narrow[25] == 0.0
    assert wide.min() > 0.6


@pytest.mark.parametrize("point", [0, 199])
def test_lips_that_close_at_either_end_are_shown_closed_there(point: int) -> None:
    openness = lips_that_close(0.2, 0.9, slice(point, point + 1)).openness
    assert openness[0 if point == 0 else -1] == 0.0


@pytest.mark.espeak
@pytest.mark.parametrize("text", ["Mama may come home.", "Bob buys a big boat.", "Papa keeps a paper map."])
def test_lips_close_on_nearly_every_m_b_and_p(text: str) -> None:
    samples, speech = spoken(text)
    track = mouth_track([samples])
    closures: list[Phone] = []  # the two sounds of "Bob buys" are one closing of the lips
    for phone in speech.phones:
        if phone.ipa[:1] in {"m", "b", "p"}:
            follows = closures and closures[-1].end_s == phone.start_s
            start_s = closures.pop().start_s if follows else phone.start_s
            closures.append(Phone(phone.ipa, start_s, phone.end_s))
    closed = [track.openness[frames_of(track, closure)].min() < 0.1 for closure in closures]
    assert len(closed) >= 4
    assert sum(closed) >= len(closed) - 1


@pytest.mark.flite
def test_the_lips_of_a_recorded_person_close_on_most_m_b_and_p() -> None:
    lips = []
    for text in ("Mama may come home.", "Bob buys a big boat.", "Papa keeps a paper map."):
        speech = speak_recorded(text, "slt")
        track = mouth_track([resample(speech.samples, speech.rate, SAMPLE_RATE)])
        lips += [
            track.openness[frames_of(track, phone)].min() < 0.1
            for phone in speech.phones
            if phone.ipa in {"m", "b", "p"}
        ]
    assert len(lips) >= 10
    assert sum(lips) >= 0.75 * len(lips)


@pytest.mark.flite
def test_flite_times_every_sound_of_a_sentence_within_its_recording() -> None:
    speech = speak_recorded("Bob may keep the map.", "slt", stretch=1.2, pitch_hz=150)
    spelt = "".join(phone.ipa for phone in speech.phones)
    assert spelt.startswith("bɑb")
    assert spelt.endswith("mæp")
    assert all(phone.start_s <= phone.end_s for phone in speech.phones)
    assert abs(speech.phones[-1].end_s - speech.samples.size / speech.rate) < 0.2


@pytest.mark.espeak
def test_ah_opens_the_mouth_wider_than_ee_and_ee_spreads_it_more_than_oo() -> None:
    def middle(text: str, letter: str) -> tuple[float, float]:
        samples, speech = spoken(text)
        track = mouth_track([samples])
        here = [frames_of(track, phone) for phone in speech.phones if phone.ipa.startswith(letter)]
        openness = np.mean([track.openness[frames].mean() for frames in here])
        return float(openness), float(np.mean([track.width[frames].mean() for frames in here]))

    ah, ee, oo = (
        middle("Father, calm, palm.", "ɑ"),
        middle("See these, feed, tea.", "i"),
        middle("Who, food, two.", "u"),
    )
    assert ah[0] > 0.5
    assert ah[0] > ee[0] + 0.1
    assert ee[1] > 0.2
    assert oo[1] < -0.2


@pytest.mark.espeak
def test_a_pause_between_two_sentences_closes_the_mouth() -> None:
    samples, _ = spoken("We see it now.")
    pause = np.zeros(SAMPLE_RATE, np.float32)
    track = mouth_track([samples, pause, samples])
    middle = (samples.size + SAMPLE_RATE // 2) * 25 // SAMPLE_RATE
    assert track.openness[middle - 6 : middle + 6].max() < 0.05
    assert track.openness.max() > 0.3


@pytest.mark.espeak
def test_level_does_not_change_what_the_mouth_does() -> None:
    samples, _ = spoken("The level of a voice says nothing about its lips.")
    loud, quiet = mouth_track([samples]), mouth_track([samples * np.float32(0.03)])
    assert np.abs(loud.openness - quiet.openness).mean() < 0.02


@pytest.mark.espeak
def test_a_voice_that_espeak_does_not_have_is_named() -> None:
    with pytest.raises(ValueError, match="no voice xx-nowhere"):
        speak("Hello.", "xx-nowhere")
