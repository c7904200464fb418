"""The recordings that `tests.bench.bench_mouth` judges the mouth by, none of which took part in training.

``VOICES`` names a folder for what the repository does not carry. Each of these that it holds is judged too:
``speechocean762``, ``festvox-ru`` and ``emuR`` (people; `lipsync_core.draft.training.people` tells how to get them),
and ``music`` (any recordings without a voice, such as those of ``git clone https://github.com/librosa/data``).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft.spectrum import SAMPLE_RATE
from lipsync_core.draft.synthesis import Speech, speak
from lipsync_core.draft.training import people
from lipsync_core.draft.training.flite import speak_recorded
from lipsync_core.draft.training.sound import resample
from lipsync_core.draft.training.voices import RECORDED_VOICES
from lipsync_core.draft.visemes import Phone, visemes_of
from tests.bench.languages import SENTENCES as LANGUAGES

Samples = NDArray[np.float32]

ESPEAK_VOICES = ("en-us+f5", "en-gb-x-rp+m6", "en-us+klatt3", "es+shelby", "es+m6", "de+f5", "de+norbert")
FLITE_VOICES = tuple(voice for voice in ("slt", "awb", "rms", "kal16") if voice not in RECORDED_VOICES)
RUSSIAN_SENTENCES = 60
LEARNERS_SENTENCES = 2
SENTENCES = {
    "en": (
        "Hello and welcome, this is the first part of a short tour.",
        "Please bring a map, a pen and plenty of warm clothes.",
        "The children jumped into the pool before the whistle blew.",
        "Every member of the team gave a brief report.",
        "Who moved my old umbrella from the hallway?",
        "Fresh coffee smells better than cheap perfume.",
        "Turn left at the church and follow the path up to the farm.",
        "Nobody believed that the small boat could cross the bay.",
        "We should choose a good book for your father.",
        "Her voice was calm, but her hands were shaking.",
        "Seven large ships arrived at the harbour this morning.",
        "Imagine a place where people pay only for what they use.",
    ),
    "es": (
        "Mi primo vive cerca del puerto y pesca los sábados.",
        "La película empieza a las nueve de la noche.",
        "Por favor, abra bien la boca y respire.",
        "Compramos fruta, queso y un poco de jamón.",
    ),
    "de": (
        "Am Sonntag besuchen wir meine Oma auf dem Land.",
        "Der Bäcker backt jeden Morgen frisches Brot.",
        "Hast du vielleicht einen Moment Zeit für mich?",
        "Unser Büro liegt gleich neben dem Bahnhof.",
    ),
}


@dataclass(frozen=True, slots=True)
class Clip:
    """16 kHz mono sound and the phones spoken in it."""

    samples: Samples
    phones: tuple[Phone, ...]

    @property
    def spoken(self) -> list[Phone]:
        """The phones that have a lip shape."""
        return [phone for phone in self.phones if visemes_of(phone.ipa)]


def heard(speech: Speech) -> Clip:
    """The clip of a recording."""
    return Clip(resample(speech.samples, speech.rate, SAMPLE_RATE), speech.phones)


def espeak_clips(voices: Sequence[str] = ESPEAK_VOICES) -> list[Clip]:
    """Every sentence of each voice's language."""
    return [heard(speak(sentence, voice)) for voice in voices for sentence in SENTENCES[voice[:2]]]


def clips_in(voice: str, variants: Sequence[str] = ("", "+f5")) -> list[Clip]:
    """Every sentence of one of the eleven languages, by its own voice and by one from another throat."""
    return [heard(speak(sentence, voice + variant)) for variant in variants for sentence in LANGUAGES[voice]]


def flite_clips(voice: str) -> list[Clip]:
    """Every English sentence, by a voice built from a person's recordings."""
    return [heard(speak_recorded(sentence, voice)) for sentence in SENTENCES["en"]]


def folder(name: str) -> Path | None:
    """The folder ``name`` in ``VOICES``, if there is one."""
    path = Path(os.environ.get("VOICES", "")) / name
    return path if "VOICES" in os.environ and path.is_dir() else None


def people_clips() -> dict[str, list[Clip]]:
    """The recordings of people that are at hand, with the number of speakers in their names."""
    sets: dict[str, list[Clip]] = {}
    if path := folder("speechocean762"):
        read = list(people.learners(path, "test", per_speaker=LEARNERS_SENTENCES))
        sets[f"learners (n={len({speaker for speaker, _ in read})})"] = [heard(speech) for _, speech in read]
    if path := folder("festvox-ru"):
        sets["Russian (n=1)"] = [heard(speech) for speech in people.russian(path, RUSSIAN_SENTENCES)]
    if path := folder("emuR"):
        sets["Australian (n=1)"] = [heard(speech) for speech in people.australian(path)]
    return sets


def music_pieces(seconds: float = 10.0) -> list[Samples]:
    """The start of every piece of recorded music at hand, from its fifth second."""
    path = folder("music")
    return [] if path is None else [_decoded(file, 5.0, seconds) for file in sorted(path.glob("*.ogg"))]


def _decoded(path: Path, start_s: float, seconds: float) -> Samples:
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    pieces = []
    with av.open(str(path)) as file:
        for frame in file.decode(audio=0):
            if frame.time is not None and frame.time > start_s + seconds:
                break
            pieces += [part.to_ndarray()[0] for part in resampler.resample(frame)]
    whole = np.concatenate(pieces).astype(np.float32)
    return whole[round(start_s * SAMPLE_RATE) :][: round(seconds * SAMPLE_RATE)]


def hands_clapping(seed: int, seconds: float = 8.0) -> Samples:
    """Applause: claps at random instants, each a burst of noise that fades within 15 ms, in a hall."""
    rng = np.random.default_rng(seed)
    size = round(seconds * SAMPLE_RATE)
    clap = np.exp(-np.arange(800) / 120) * rng.standard_normal((40, 800))
    sound = np.zeros(size + 800)
    for start in rng.integers(0, size, round(seconds * rng.uniform(20, 120))):
        sound[start : start + 800] += clap[rng.integers(40)] * rng.uniform(0.2, 1.0)
    return in_a_room(_at_rms(sound[:size], 0.1), seed)


def machine_noise(seed: int, seconds: float = 8.0) -> Samples:
    """Noise that falls by 6 dB an octave, swells slowly and hums at the mains' frequency, as a fan or a street does."""
    rng = np.random.default_rng(seed)
    size = round(seconds * SAMPLE_RATE)
    spectrum = np.fft.rfft(rng.standard_normal(size)) / np.maximum(np.fft.rfftfreq(size, 1 / SAMPLE_RATE), 60.0)
    time_s = np.arange(size) / SAMPLE_RATE
    swell = 1 + 0.5 * np.sin(2 * np.pi * rng.uniform(0.1, 0.6) * time_s)
    hum = sum(np.sin(2 * np.pi * 50 * k * time_s) / k for k in range(1, 6))
    noise = np.fft.irfft(spectrum, size)
    return _at_rms((noise / noise.std() + rng.uniform(0, 0.5) * hum) * swell, 0.05)


def with_noise(clip: Clip, seed: int, db: float = 15.0) -> Clip:
    """The clip with white noise ``db`` below its speech."""
    noise = np.random.default_rng(seed).standard_normal(clip.samples.size).astype(np.float32)
    return _beside(clip, noise, db)


def with_babble(clip: Clip, others: Sequence[Clip], seed: int, db: float = 10.0) -> Clip:
    """The clip with six other voices at once, ``db`` below its speech."""
    rng = np.random.default_rng(seed)
    voices = [others[index].samples for index in rng.choice(len(others), 6, replace=False)]
    babble = sum(np.resize(voice, clip.samples.size) / voice.std() for voice in voices)
    return _beside(clip, np.asarray(babble, np.float32), db)


def in_room(clip: Clip, seed: int) -> Clip:
    """The clip in a room with a reverberation time of 0.4 s, as loud as the direct sound."""
    return Clip(in_a_room(clip.samples, seed), clip.phones)


def in_a_room(samples: Samples, seed: int) -> Samples:
    """Sound in a room with a reverberation time of 0.4 s, as loud as the direct sound."""
    size = SAMPLE_RATE // 2
    tail = np.random.default_rng(seed).standard_normal(size) * np.exp(-np.arange(size) / SAMPLE_RATE * 6.9 / 0.4)
    echo = tail / np.sqrt((tail**2).sum())
    echo[0] = 1.0
    padded = samples.size + size
    wet = np.fft.irfft(np.fft.rfft(samples, padded) * np.fft.rfft(echo, padded), padded)
    return np.asarray(wet[: samples.size], np.float32)


def over_telephone(clip: Clip) -> Clip:
    """The clip between 300 and 3,400 Hz."""
    spectrum = np.fft.rfft(clip.samples)
    hz = np.fft.rfftfreq(clip.samples.size, 1 / SAMPLE_RATE)
    spectrum[(hz < 300) | (hz > 3_400)] = 0
    return Clip(np.fft.irfft(spectrum, clip.samples.size).astype(np.float32), clip.phones)


def over_music(clip: Clip, piece: Samples, db: float = 12.0) -> Clip:
    """The clip with music ``db`` below its speech, which goes on for three seconds after the last sound."""
    end = round(clip.spoken[-1].end_s * SAMPLE_RATE)
    size = end + 3 * SAMPLE_RATE
    voice = np.zeros(size, np.float32)
    voice[: min(size, clip.samples.size)] = clip.samples[:size]
    rms = np.sqrt((voice[:end] ** 2).mean()) * 10 ** (-db / 20)
    behind = np.resize(piece, size)
    return Clip(voice + behind * np.float32(rms / behind.std()), clip.phones)


def _beside(clip: Clip, sound: Samples, db: float) -> Clip:
    rms = float(np.sqrt((clip.samples**2).mean())) * 10 ** (-db / 20)
    return Clip(clip.samples + sound * np.float32(rms / sound.std()), clip.phones)


def _at_rms(sound: NDArray[np.floating], rms: float) -> Samples:
    return np.asarray(sound / sound.std() * rms, np.float32)
