"""A text that espeak-ng speaks: the exact timing of its sounds moves the mouth, in every language."""

from __future__ import annotations

import itertools
import wave
from pathlib import Path

import numpy as np
import pytest

from lipsync_core.draft.inside import Inside
from lipsync_core.draft.synthesis import Speech, rested, speak, spoken_track, write_wav
from lipsync_core.draft.visemes import VISEMES, VOWELS, Phone, visemes_of

SPOKEN = {
    "gmw/en": "Bob may keep the map, my mother may buy a boat.",
    "roa/fr": "Ma mère a acheté du pain, du beurre et des pommes.",
    "gmw/de": "Meine Mutter kaufte auf dem Markt zwei Pfund Pflaumen.",
    "roa/es": "Mi abuela compró un pan blanco y un poco de mermelada.",
    "sit/cmn-Latn-pinyin": "大家好，欢迎收看我们的节目，妈妈买苹果。",
    "jpx/ja": "みなさん、こんばんは。ばんぐみへようこそ。",
    "sem/ar": "مرحبا بكم في برنامجنا. أمي تشرب الماء.",
    "inc/hi": "नमस्ते, हमारे कार्यक्रम में आपका बहुत स्वागत है।",
    "zle/ru": "Мама купила хлеб, масло и помидоры на рынке.",
    "roa/pt": "Minha mãe comprou pão, banana e um pouco de peixe.",
    "trk/tr": "Annem pazardan ekmek, peynir ve biber aldı.",
}
"""A sentence with several closures of the lips, by espeak-ng's voice."""


def frames_of(phone: Phone) -> slice:
    return slice(int(phone.start_s * 25), max(int(phone.start_s * 25) + 1, int(np.ceil(phone.end_s * 25))))


@pytest.mark.espeak
@pytest.mark.parametrize("voice", SPOKEN)
def test_in_every_language_lips_close_on_m_b_and_p_open_on_vowels_and_rest_in_silence(voice: str) -> None:
    speech = rested(speak(SPOKEN[voice], voice))
    track = spoken_track(speech)
    assert len(track.openness) == round(speech.length_s * 25)
    lips = [phone for phone in speech.phones if visemes_of(phone.ipa)[:1] == (1,)]
    vowels = [phone for phone in speech.phones if VOWELS.issuperset(visemes_of(phone.ipa)[:1] or (0,))]
    assert len(lips) >= 3
    assert len(vowels) >= 6
    assert all(track.openness[frames_of(phone)].min() == 0.0 for phone in lips)
    widest = [track.openness[frames_of(phone)].max() for phone in vowels]
    assert np.mean(np.array(widest) > 0.2) >= 0.9
    assert track.openness[:4].max() == track.openness[-6:].max() == 0.0
    assert track.openness.max() <= 1.0
    assert np.abs(np.diff(track.openness)).max() < 0.5  # no jaw is faster


@pytest.mark.espeak
def test_teeth_lip_and_tongue_are_seen_with_the_sounds_that_they_make() -> None:
    speech = rested(speak("Five fish sit still on the shelf.", "en"))
    inside = spoken_track(speech).inside
    assert inside is not None
    for letters, seen in (("fv", Inside.BITE), ("sʃ", Inside.HISS), ("nð", Inside.TONGUE)):
        of_them = [phone for phone in speech.phones if phone.ipa and phone.ipa in letters]
        assert of_them
        assert any(seen in inside[frames_of(phone)] for phone in of_them)
    assert set(inside[:4]) == {Inside.PLAIN}


@pytest.mark.espeak
@pytest.mark.parametrize("voice", SPOKEN)
def test_every_sound_of_the_language_has_a_lip_shape(voice: str) -> None:
    letters = {letter for phone in speak(SPOKEN[voice], voice).phones for letter in phone.ipa if letter.isalpha()}
    marks = set("ːʲʰˤᵝ")
    assert [letter for letter in sorted(letters - marks) if not visemes_of(letter)] == []


@pytest.mark.parametrize(
    ("letter", "viseme"), [("ä", "ah"), ("ɽ", "tongue tip"), ("ʕ", "tongue back"), ("ʝ", "tongue back")]
)
def test_rarer_letters_are_known(letter: str, viseme: str) -> None:
    assert [VISEMES[index].name for index in visemes_of(letter)] == [viseme]


@pytest.mark.parametrize("letter", ["ɯ", "ɤ"])
def test_unrounded_back_vowels_do_not_round_the_lips(letter: str) -> None:
    (index,) = visemes_of(letter)
    assert VISEMES[index].width >= 0.0
    assert index in VOWELS


@pytest.mark.espeak
def test_a_change_of_language_within_a_text_is_no_sound() -> None:
    speech = speak("Привет, hello, мир.", "zle/ru")
    assert [phone.ipa for phone in speech.phones if "(" in phone.ipa] == []
    assert sum(phone.ipa.startswith("h") for phone in speech.phones) == 1


@pytest.mark.espeak
def test_words_are_told_where_they_stand_and_in_order() -> None:
    text = "Welcome to our weekly update. Yes, really!"
    words = speak(text, "gmw/en").words
    assert [text[word.at :].split()[0].strip(".,!") for word in words] == [
        *("Welcome", "to", "our", "weekly", "update"),
        *("Yes", "really"),
    ]
    assert all(one.start_s < one.end_s <= after.start_s for one, after in itertools.pairwise(words))


@pytest.mark.espeak
def test_no_more_is_spoken_than_is_wanted() -> None:
    speech = speak("This goes on and on. " * 500, "gmw/en", most_s=5.0)
    assert 5.0 < speech.length_s < 6.0
    assert not speech.complete


@pytest.mark.espeak
def test_pace_and_pitch_are_heard() -> None:
    def hertz(speech: Speech) -> float:
        crossings = np.count_nonzero(np.diff(np.signbit(speech.samples)))
        return crossings / 2 / speech.length_s

    text = "Aah, oh, aah, oh, aah."
    plain, fast, high = (
        speak(text, "gmw/en"),
        speak(text, "gmw/en", words_per_minute=300),
        speak(text, "gmw/en", pitch=99),
    )
    assert fast.length_s < 0.8 * plain.length_s
    assert hertz(high) > 1.1 * hertz(plain)


@pytest.mark.espeak
def test_a_text_without_a_sound_has_none() -> None:
    speech = speak("…", "gmw/en")
    assert not any(phone.ipa for phone in speech.phones)
    assert spoken_track(speech).openness.max() == 0.0


@pytest.mark.espeak
def test_the_sound_is_written_whole(tmp_path: Path) -> None:
    speech = speak("Hello there.", "gmw/en")
    write_wav(speech, tmp_path / "voice.wav")
    with wave.open(str(tmp_path / "voice.wav")) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (1, speech.rate, speech.samples.size)
